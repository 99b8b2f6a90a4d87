#pragma once

#include <vector>

#include <QString>

class QCoreApplication;

namespace epi {

struct Language {
    QString code;  // "de"
    QString name;  // in the language itself
};

/// Those that the program has all texts of. English is the language of the source.
std::vector<Language> languages();

/// Installs the texts of a language, and how numbers and dates are written in it; an empty code is the
/// desktop's language. To be called once, before the first widget is made.
void installTranslations(QCoreApplication& application, const QString& code);

}  // namespace epi
