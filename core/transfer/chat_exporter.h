#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/base/file.h"
#include "core/base/result.h"
#include "core/transfer/portable_chat.h"

namespace epi {

/// One way to write chats to a file. An exporter is one file in core/transfer/exporters/ whose name is its
/// id; the build finds it.
struct ChatExporter {
    std::string_view id;         // "markdown"
    std::string_view title;      // "Markdown"
    std::string_view extension;  // "md"
    /// The beginning of a file with this title.
    std::string (*begin)(std::string_view title);
    std::string (*write)(const PortableChat& chat);
    std::string (*end)();
};

std::span<const ChatExporter* const> allChatExporters();

/// kInvalidArgument lists what there is.
Result<const ChatExporter*> findChatExporter(std::string_view id);

/// A file of chats while it is written, chat by chat. The file is there, whole, after `finish` and not
/// before; without it a file of that name stays as it was. One thread.
class ChatExport {
public:
    static Result<ChatExport> open(const std::filesystem::path& file,
                                   const ChatExporter& exporter,
                                   std::string_view title);

    /// kIo when the disk is full.
    Result<void> add(const PortableChat& chat);
    Result<void> finish();

    [[nodiscard]] std::uint64_t writtenBytes() const { return file_.writtenBytes(); }

private:
    ChatExport(AtomicFile file, const ChatExporter& exporter)
        : file_(std::move(file)), exporter_(&exporter) {}

    AtomicFile file_;
    const ChatExporter* exporter_;
};

}  // namespace epi

/// Ends an exporter's file: `EPI_CHAT_EXPORTER(markdown){.id = "markdown", ...};`
#define EPI_CHAT_EXPORTER(stem)                            \
    extern const ::epi::ChatExporter kChatExporter_##stem; \
    const ::epi::ChatExporter kChatExporter_##stem
