// Chats as Markdown: a first-level heading with the title, then one heading per message that says who speaks
// ("## You", "### ChatGPT"), as the exporter and several other programs write it.

#include <optional>

#include "core/transfer/chat_builder.h"
#include "core/transfer/chat_markdown.h"
#include "core/transfer/spoken_names.h"

namespace epi {

namespace {

/// The text of a heading of any level; nothing for another line.
std::optional<std::string_view> headingIn(std::string_view line) {
    const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
    if (level == 0 || level > 6 || level >= line.size() || line[level] != ' ') return std::nullopt;
    return trimmed(line.substr(level));
}

/// Who speaks from this line on: "## You", "### **ChatGPT:**".
std::optional<Role> speakerIn(std::string_view line) {
    auto heading = headingIn(line);
    if (!heading || line.starts_with("# ")) return std::nullopt;
    while (!heading->empty() && (heading->front() == '*' || heading->front() == '_'))
        heading->remove_prefix(1);
    while (!heading->empty() && (heading->back() == '*' || heading->back() == '_' || heading->back() == ':'))
        heading->remove_suffix(1);
    return roleFromSpokenName(*heading);
}

void close(std::optional<PortableMessage>& open, ReadChat& read) {
    if (!open) return;
    open->text = trimmed(open->text);
    if (open->text.empty()) {
        ++read.leftOut[LeftOut::kEmptyTurn];
    } else if (open->role == Role::kSystem) {
        if (read.chat.systemPrompt.empty()) {
            read.chat.systemPrompt = std::move(open->text);
        } else {
            ++read.leftOut[LeftOut::kSystemTurn];
        }
    } else {
        appendMessage(read, *std::move(open));
    }
    open.reset();
}

Result<ReadChat> read(std::string_view text) {
    ReadChat read;
    std::optional<PortableMessage> open;
    bool isInCode = false;
    while (!text.empty()) {
        std::string_view line = takeLine(text);
        if (isCodeFence(line)) isInCode = !isInCode;
        const auto speaker = isInCode ? std::nullopt : speakerIn(line);
        if (speaker) {
            close(open, read);
            open.emplace();
            open->role = *speaker;
            continue;
        }
        if (!open) {
            if (line.starts_with("# ") && read.chat.title.empty()) read.chat.title = trimmed(line.substr(2));
            continue;
        }
        if (line.starts_with('\\') && looksLikeMessageHeading(line)) line.remove_prefix(1);
        open->text += line;
        open->text += '\n';
    }
    close(open, read);
    read.chat.uid = "markdown:" + contentKey(read.chat);
    return read;
}

bool recognises(std::string_view head) {
    bool isInCode = false;
    while (!head.empty()) {
        const std::string_view line = takeLine(head);
        if (isCodeFence(line)) isInCode = !isInCode;
        if (!isInCode && speakerIn(line)) return true;
    }
    return false;
}

}  // namespace

EPI_CHAT_FORMAT(markdown){
    .id = "markdown", .title = "Markdown", .kind = TextChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
