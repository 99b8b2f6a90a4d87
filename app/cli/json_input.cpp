#include "app/cli/json_input.h"

#include "core/base/file.h"
#include "core/base/printable.h"

namespace epi {

Result<JsonDocument> readJsonFile(const std::string& path) {
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, JsonLimits{}.maxBytes));
    Result<JsonDocument> document = JsonDocument::parse(text);
    if (!document) return std::move(document).error().with(printable(path, kMaxPrintablePath));
    return document;
}

}  // namespace epi
