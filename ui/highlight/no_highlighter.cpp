// Stands in where no grammar could be fetched: no language is known, so nothing is ever asked.
#include "ui/highlight/code_rules.h"
#include "ui/highlight/highlighter.h"

namespace epi {

void Highlighter::Delete::operator()(TSTree*) const {}

void Highlighter::update(const QString&) {}

Result<CodeRules> CodeRules::read(const CodeLanguage& language) {
    return Error{ErrorCode::kNotFound, "there is no grammar for " + language.id.toStdString()};
}

}  // namespace epi
