// Chats as Markdown: a first-level heading with the title, then one heading per message that says who speaks
// ("## You", "### ChatGPT"), as several programs write it. In files of the exporter, core/transfer/exporters/
// markdown.cpp, each chat begins with a comment that names its speakers, whose headings begin messages too.

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
std::optional<Role> roleIn(std::string_view line) {
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

ReadChat readOther(std::string_view text) {
    ReadChat read;
    std::optional<PortableMessage> open;
    bool isInCode = false;
    while (!text.empty()) {
        std::string_view line = takeLine(text);
        if (isCodeFence(line)) isInCode = !isInCode;
        const auto speaker = isInCode ? std::nullopt : roleIn(line);
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
    return read;
}

/// Reads the chats of the exporter's files, line by line.
class OwnReader {
public:
    void take(std::string_view line) {
        if (!isInCode_ && takeMark(line)) return;
        if (isCodeFence(line)) isInCode_ = !isInCode_;
        if (!open_) return takeBetween(line);
        const bool isGuarded = line.starts_with('\\') && needsBackslash(line, chats_.back().chat.speakers);
        if (!isInCode_ && isGuarded) line.remove_prefix(1);
        open_->text += line;
        open_->text += '\n';
    }
    std::vector<ReadChat> finish() {
        if (!chats_.empty()) close(open_, chats_.back());
        return std::move(chats_);
    }

private:
    /// Whether the line is not text.
    bool takeMark(std::string_view line) {
        if (auto mark = markIn(line)) {
            if (!chats_.empty()) close(open_, chats_.back());
            PortableChat& chat = chats_.emplace_back().chat;
            chat.layout = mark->layout;
            chat.speakers = std::move(mark->speakers);
            session_.reset();
            return true;
        }
        if (line == kSessionMark) {
            close(open_, chats_.back());
            session_ = "";
            return true;
        }
        auto speaker = speakerIn(line, chats_.back().chat.speakers);
        if (!speaker) return false;
        close(open_, chats_.back());
        open_.emplace();
        open_->role = speaker->role;
        open_->speaker = std::move(speaker->name);
        open_->session = session_.value_or("");
        return true;
    }
    /// What stands before messages: the title, or the name of a session.
    void takeBetween(std::string_view line) {
        if (!session_) {
            if (line.starts_with("# ")) chats_.back().chat.title = trimmed(line.substr(2));
        } else if (line.size() > 2 && line.starts_with('*') && line.ends_with('*')) {
            session_ = line.substr(1, line.size() - 2);
        }
    }

    std::vector<ReadChat> chats_;  // the first line begins one
    std::optional<PortableMessage> open_;
    std::optional<std::string> session_;  // none before the first
    bool isInCode_ = false;
};

bool isOwn(std::string_view text) {
    return markIn(takeLine(text)).has_value();
}

Result<std::vector<ReadChat>> read(std::string_view text) {
    std::vector<ReadChat> chats;
    if (isOwn(text)) {
        OwnReader reader;
        while (!text.empty())
            reader.take(takeLine(text));
        chats = reader.finish();
    } else {
        chats.push_back(readOther(text));
    }
    for (ReadChat& read : chats)
        read.chat.uid = "markdown:" + contentKey(read.chat);
    return chats;
}

bool recognises(std::string_view head) {
    if (isOwn(head)) return true;
    bool isInCode = false;
    while (!head.empty()) {
        const std::string_view line = takeLine(head);
        if (isCodeFence(line)) isInCode = !isInCode;
        if (!isInCode && roleIn(line)) return true;
    }
    return false;
}

}  // namespace

EPI_CHAT_FORMAT(markdown){
    .id = "markdown", .title = "Markdown", .kind = TextChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
