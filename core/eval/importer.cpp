#include "core/eval/importer.h"

#include <array>

#include "core/base/file.h"
#include "core/base/json_reader.h"
#include "core/base/printable.h"

namespace epi {

#define X(stem) extern const Importer kImporter_##stem;
#include "importers.inc"
#undef X

namespace {

constexpr std::array kImporters{
#define X(stem) &kImporter_##stem,
#include "importers.inc"
#undef X
};

}  // namespace

std::span<const Importer* const> allImporters() {
    return kImporters;
}

Result<ImportReport> importFile(const std::filesystem::path& path) {
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, JsonLimits().maxBytes));
    const std::string name = printable(path.string(), kMaxPrintablePath);
    std::string known;
    for (const Importer* importer : allImporters()) {
        if (importer->recognises(text)) {
            auto report = importer->read(text);
            if (!report) return std::move(report).error().with(name);
            return report;
        }
        known += (known.empty() ? "" : ", ") + std::string(importer->title);
    }
    return Error{ErrorCode::kUnsupported,
                 name + ": a conversation file in one of these formats expected: " + known};
}

}  // namespace epi
