#include "core/transfer/chat_import.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/eval/importer.h"

namespace epi {
namespace {

constexpr std::size_t kHeadBytes = std::size_t{64} << 10;
constexpr std::uint64_t kMaxTextFileBytes = std::uint64_t{64} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view withoutByteOrderMark(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    return text;
}

Result<std::string> headOf(const File& file) {
    std::string head(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kHeadBytes)), '\0');
    EPI_TRY(file.readAt(0, std::as_writable_bytes(std::span(head))));
    return head;
}

bool looksLikeJson(std::string_view head) {
    head = withoutByteOrderMark(head);
    const std::size_t first = head.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && (head[first] == '{' || head[first] == '[');
}

/// A damaged file has its format by the part that can be read.
Result<const ChatFormat*> jsonFormatOf(const File& file, const CancelToken& cancel) {
    const ChatFormat* found = nullptr;
    const auto look = [&found](const JsonReader& first) -> Result<Reading> {
        for (const ChatFormat* format : allChatFormats()) {
            const auto* json = std::get_if<JsonChatFormat>(&format->kind);
            if (json != nullptr && json->recognises(first)) found = format;
        }
        return Reading::kEnough;
    };
    const auto read = forEachJsonValue(file, look, cancel);
    if (found == nullptr && !read && read.error().code != ErrorCode::kCorruptData) return read.error();
    return found;
}

const ChatFormat* textFormatOf(std::string_view head) {
    for (const ChatFormat* format : allChatFormats()) {
        const auto* text = std::get_if<TextChatFormat>(&format->kind);
        if (text != nullptr && text->recognises(head)) return format;
    }
    return nullptr;
}

/// Hands chats over and keeps account.
class Account {
public:
    Account(ImportSummary& summary, const ChatSink& sink, const CancelToken& cancel)
        : summary_(summary), sink_(sink), cancel_(cancel) {}

    Result<void> take(ReadChat read) {
        if (cancel_.isCancelled()) return Error{ErrorCode::kCancelled, "the import was cancelled"};
        for (const auto& [reason, count] : read.leftOut)
            summary_.leftOut[reason] += count;
        if (read.chat.title.empty()) read.chat.title = titleFromText(read.chat);
        if (!read.chat.current) {
            refuse(read.chat.title.empty() ? read.chat.uid : read.chat.title,
                   "it has no message that can be shown");
            return {};
        }
        ++summary_.chats;
        summary_.messages += static_cast<std::int64_t>(read.chat.messages.size());
        return sink_(std::move(read));
    }
    void refuse(std::string_view where, std::string_view reason) {
        summary_.problems.push_back({printable(where), std::string(reason)});
    }

private:
    ImportSummary& summary_;
    const ChatSink& sink_;
    const CancelToken& cancel_;
};

/// Sets `summary.damage` when the file ends before its time.
Result<void> readJson(const File& file,
                      const JsonChatFormat& format,
                      const ImportOptions& options,
                      Account& account,
                      ImportSummary& summary) {
    bool hasSinkFailed = false;
    const auto read = forEachJsonValue(
        file,
        [&](const JsonReader& value) -> Result<Reading> {
            auto chats = format.read(value);
            if (!chats) {
                account.refuse(value.path().empty() ? "top level" : value.path(), chats.error().message);
                return Reading::kGoOn;
            }
            for (ReadChat& chat : *chats) {
                if (auto taken = account.take(std::move(chat)); !taken) {
                    hasSinkFailed = true;
                    return std::move(taken).error();
                }
            }
            return Reading::kGoOn;
        },
        options.cancel,
        options.progress);
    if (read) return {};
    if (hasSinkFailed || read.error().code == ErrorCode::kCancelled) return read.error();
    summary.damage = read.error();
    return {};
}

Result<void> readText(const std::filesystem::path& path, const TextChatFormat& format, Account& account) {
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, kMaxTextFileBytes));
    EPI_TRY_ASSIGN(std::vector<ReadChat> chats, format.read(withoutByteOrderMark(text)));
    for (ReadChat& chat : chats)
        EPI_TRY(account.take(std::move(chat)));
    return {};
}

std::string knownFormats() {
    std::string known;
    const auto add = [&known](std::string_view title) {
        known += (known.empty() ? "" : ", ") + std::string(title);
    };
    for (const ChatFormat* format : allChatFormats())
        add(format->title);
    for (const Importer* importer : allImporters())
        add(importer->title);
    return known;
}

Error unknownFormat(std::string_view head) {
    const bool isArchive = head.starts_with("PK\x03\x04");
    return {ErrorCode::kUnsupported,
            isArchive ? "this is a ZIP archive: unpack it and import the file with the conversations in it"
                      : "chats in one of these formats expected: " + knownFormats()};
}

/// Files of conversations between named people, with questions.
Result<ImportSummary> importBenchmark(const std::filesystem::path& path,
                                      std::string_view head,
                                      const ChatSink& sink,
                                      const ImportOptions& options) {
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, JsonLimits().maxBytes));
    for (const Importer* importer : allImporters()) {
        if (!importer->recognises(text)) continue;
        EPI_TRY_ASSIGN(ImportReport report, importer->read(text));
        ImportSummary summary;
        summary.format = importer->title;
        summary.notices = std::move(report.notices);
        Account account(summary, sink, options.cancel);
        for (ImportedConversation& conversation : report.conversations)
            EPI_TRY(account.take({portableChatOf(std::move(conversation)), {}}));
        return summary;
    }
    return unknownFormat(head);
}

Result<ImportSummary> importFrom(const File& file, const ChatSink& sink, const ImportOptions& options) {
    EPI_TRY_ASSIGN(const std::string head, headOf(file));
    const ChatFormat* format = nullptr;
    if (looksLikeJson(head)) {
        EPI_TRY_ASSIGN(format, jsonFormatOf(file, options.cancel));
        if (format == nullptr) return importBenchmark(file.path(), head, sink, options);
    } else {
        format = textFormatOf(withoutByteOrderMark(head));
    }
    if (format == nullptr) return unknownFormat(head);
    ImportSummary summary;
    summary.format = format->title;
    Account account(summary, sink, options.cancel);
    if (const auto* json = std::get_if<JsonChatFormat>(&format->kind)) {
        EPI_TRY(readJson(file, *json, options, account, summary));
    } else {
        EPI_TRY(readText(file.path(), std::get<TextChatFormat>(format->kind), account));
    }
    return summary;
}

}  // namespace

Result<ImportSummary> importChats(const std::filesystem::path& path,
                                  const ChatSink& sink,
                                  const ImportOptions& options) {
    EPI_TRY_ASSIGN(const File file, File::openForReading(path));
    auto summary = importFrom(file, sink, options);
    if (!summary && summary.error().code != ErrorCode::kCancelled) {
        return std::move(summary).error().with(printable(path.native(), kMaxPrintablePath));
    }
    return summary;
}

}  // namespace epi
