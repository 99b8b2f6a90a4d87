#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/chat/conversation.h"

namespace epi {

/// What an importer read, and what it left out and why (one sentence each).
struct ImportReport {
    std::vector<ImportedConversation> conversations;
    std::vector<std::string> notices;
};

/// One file format. An importer is one file in core/eval/importers/ whose name is its id; it is found by the
/// build.
struct Importer {
    std::string_view id;     // "locomo"
    std::string_view title;  // "LoCoMo"
    /// Whether `text` (the whole file) looks like this format.
    bool (*recognises)(std::string_view text);
    /// kCorruptData names the path inside the JSON, e.g. "[3].conversation.session_2[4].text: string
    /// expected".
    Result<ImportReport> (*read)(std::string_view text);
};

std::span<const Importer* const> allImporters();

/// Reads a file with the importer that recognises it. kUnsupported lists the known formats.
Result<ImportReport> importFile(const std::filesystem::path& path);

}  // namespace epi

/// Ends an importer's file: `EPI_IMPORTER(locomo){.id = "locomo", ...};`
#define EPI_IMPORTER(stem)                         \
    extern const ::epi::Importer kImporter_##stem; \
    const ::epi::Importer kImporter_##stem
