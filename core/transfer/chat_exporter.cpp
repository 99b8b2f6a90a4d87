#include "core/transfer/chat_exporter.h"

#include <array>

#include "core/base/printable.h"

namespace epi {

#define X(stem) extern const ChatExporter kChatExporter_##stem;
#include "exporters.inc"
#undef X

namespace {

constexpr std::array kExporters{
#define X(stem) &kChatExporter_##stem,
#include "exporters.inc"
#undef X
};

}  // namespace

std::span<const ChatExporter* const> allChatExporters() {
    return kExporters;
}

Result<const ChatExporter*> findChatExporter(std::string_view id) {
    std::string known;
    for (const ChatExporter* exporter : allChatExporters()) {
        if (exporter->id == id) return exporter;
        known += (known.empty() ? "" : ", ") + std::string(exporter->id);
    }
    return Error{ErrorCode::kInvalidArgument, "format " + known + " expected, " + inQuotes(id) + " found"};
}

Result<ChatExport> ChatExport::open(const std::filesystem::path& file,
                                    const ChatExporter& exporter,
                                    std::string_view title) {
    EPI_TRY_ASSIGN(AtomicFile opened, AtomicFile::create(file));
    EPI_TRY(opened.write(exporter.begin(title)));
    return ChatExport(std::move(opened), exporter);
}

Result<void> ChatExport::add(const PortableChat& chat) {
    return file_.write(exporter_->write(chat));
}

Result<void> ChatExport::finish() {
    EPI_TRY(file_.write(exporter_->end()));
    return file_.commit();
}

}  // namespace epi
