#include "app/cli/json_input.h"

#include <limits>

#include "core/base/file.h"
#include "core/base/printable.h"

namespace epi {

Result<JsonDocument> readJsonFile(const std::string& path) {
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, JsonLimits{}.maxBytes));
    Result<JsonDocument> document = JsonDocument::parse(text);
    if (!document) return std::move(document).error().with(printable(path, kMaxPrintablePath));
    return document;
}

Result<std::vector<std::string>> readTexts(const std::string& path) {
    EPI_TRY_ASSIGN(const JsonDocument document, readJsonFile(path));
    return document.root().strings();
}

Result<std::vector<std::int32_t>> readIntegers(const std::string& path) {
    EPI_TRY_ASSIGN(const JsonDocument document, readJsonFile(path));
    EPI_TRY_ASSIGN(const std::vector<JsonReader> elements, document.root().elements());
    std::vector<std::int32_t> values;
    values.reserve(elements.size());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(const std::int64_t value,
                       element.integer(0, std::numeric_limits<std::int32_t>::max()));
        values.push_back(static_cast<std::int32_t>(value));
    }
    return values;
}

}  // namespace epi
