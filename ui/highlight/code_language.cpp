#include "ui/highlight/code_language.h"

#define EPI_GRAMMAR(id, labels, rules) extern "C" const TSLanguage* tree_sitter_##id();
#include "grammars.inc"
#undef EPI_GRAMMAR

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLongestLabel = 32;

}  // namespace

const std::vector<CodeLanguage>& codeLanguages() {
#define EPI_GRAMMAR(id, labels, rules) \
    {u"" #id##_s, u"" labels##_s.split(u' '), u"" rules##_s.split(u' '), tree_sitter_##id()},
    static const std::vector<CodeLanguage> kLanguages = {
#include "grammars.inc"
    };
#undef EPI_GRAMMAR
    return kLanguages;
}

const CodeLanguage* codeLanguageOf(QStringView label) {
    if (label.isEmpty() || label.size() > kLongestLabel) return nullptr;
    const QString known = label.toString().toLower();
    for (const CodeLanguage& language : codeLanguages()) {
        if (language.labels.contains(known)) return &language;
    }
    return nullptr;
}

}  // namespace epi
