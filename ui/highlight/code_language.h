#pragma once

#include <vector>

#include <QString>
#include <QStringList>

struct TSLanguage;

namespace epi {

/// A language whose code is coloured. The list comes from packaging/grammars.json.
struct CodeLanguage {
    QString id;
    QStringList labels;  // what is written after a fence, in lower case
    QStringList rules;   // files of resources/highlight, without ".scm", one behind the other
    const TSLanguage* grammar = nullptr;
};

/// Those whose grammar was there when the program was built. Any thread.
const std::vector<CodeLanguage>& codeLanguages();

/// The language of a fence's label, in any case; null for one that is not known. Any thread.
const CodeLanguage* codeLanguageOf(QStringView label);

}  // namespace epi
