#include "ui/theme/translations.h"

#include <algorithm>

#include <QCoreApplication>
#include <QLibraryInfo>
#include <QLocale>
#include <QTranslator>

#include "ui/theme/source_plurals.h"

/// A static library's resources must be asked for, from outside of any namespace.
static void initialiseTranslations() {
    Q_INIT_RESOURCE(epichat_translations);
}

namespace epi {

using namespace Qt::StringLiterals;

namespace {

void install(QCoreApplication& application, const QString& file) {
    auto* translator = new QTranslator(&application);
    if (translator->load(file)) {
        QCoreApplication::installTranslator(translator);
    } else {
        delete translator;
    }
}

}  // namespace

std::vector<Language> languages() {
    return {{u"en"_s, u"English"_s}, {u"de"_s, u"Deutsch"_s}};
}

void installTranslations(QCoreApplication& application, const QString& code) {
    initialiseTranslations();
    QCoreApplication::installTranslator(new SourcePlurals(&application));
    QLocale locale = QLocale::system();
    if (!code.isEmpty() && !locale.name().startsWith(code)) locale = QLocale(code);
    QLocale::setDefault(locale);
    const QString language = code.isEmpty() ? locale.name().section(u'_', 0, 0) : code;
    if (language == "en"_L1) return;
    // The texts of Qt's own dialogs, where they are installed.
    install(application,
            QLibraryInfo::path(QLibraryInfo::TranslationsPath) + u"/qtbase_"_s + language + u".qm"_s);
    install(application, u":/i18n/epichat_"_s + language + u".qm"_s);
}

}  // namespace epi
