// Plain text in which every message begins with who says it and a colon. Names like "You" and "Assistant"
// make a chat; other names a conversation between people.

#include <algorithm>
#include <map>

#include "core/transfer/chat_builder.h"
#include "core/transfer/spoken_names.h"

namespace epi {
namespace {

constexpr std::size_t kMaxNameBytes = 40;
constexpr std::size_t kMaxNameWords = 3;
constexpr std::size_t kLeastLines = 4;

struct SpokenLine {
    std::string_view name;
    std::string_view text;
};

/// "Ada Lovelace: text". A name begins with a capital or a letter beyond ASCII.
std::optional<SpokenLine> spokenIn(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > kMaxNameBytes) return std::nullopt;
    const bool isFollowed = colon + 1 == line.size() || line[colon + 1] == ' ' || line[colon + 1] == '\t';
    const std::string_view name = line.substr(0, colon);
    const bool beginsLikeAName = (name[0] >= 'A' && name[0] <= 'Z') || (name[0] & 0x80) != 0;
    const bool hasRole = roleFromSpokenName(name).has_value();
    const auto words = static_cast<std::size_t>(std::ranges::count(name, ' ')) + 1;
    const bool isName = name.find_first_of("[](){}<>\"#*`/\\,;!?") == std::string_view::npos;
    if (!isFollowed || !isName || words > kMaxNameWords || (!beginsLikeAName && !hasRole))
        return std::nullopt;
    return SpokenLine{name, trimmed(line.substr(colon + 1))};
}

struct Census {
    std::size_t lines = 0;  // with something on them
    std::size_t spoken = 0;
    std::map<std::string_view, std::size_t> linesOf;
    bool hasUser = false;
    bool hasAssistant = false;

    [[nodiscard]] bool isChat() const { return hasUser && hasAssistant; }
    /// Two people or more who come back, and little else.
    [[nodiscard]] bool isConversation() const {
        const auto regulars = std::ranges::count_if(linesOf, [](const auto& of) { return of.second > 1; });
        return spoken >= kLeastLines && 2 * spoken >= lines && regulars >= 2 && 2 * linesOf.size() <= spoken;
    }
};

Census censusOf(std::string_view text) {
    Census census;
    while (!text.empty()) {
        const std::string_view line = takeLine(text);
        if (trimmed(line).empty()) continue;
        ++census.lines;
        const auto spoken = spokenIn(line);
        if (!spoken) continue;
        ++census.spoken;
        ++census.linesOf[spoken->name];
        const auto role = roleFromSpokenName(spoken->name);
        census.hasUser = census.hasUser || role == Role::kUser;
        census.hasAssistant = census.hasAssistant || role == Role::kAssistant;
    }
    return census;
}

void close(std::optional<PortableMessage>& open, ReadChat& read) {
    if (!open) return;
    open->text = trimmed(open->text);
    if (!open->text.empty()) {
        appendMessage(read, *std::move(open));
    } else {
        ++read.leftOut[LeftOut::kEmptyTurn];
    }
    open.reset();
}

void nameSpeakers(PortableChat& chat) {
    for (const PortableMessage& message : chat.messages) {
        if (std::ranges::find(chat.speakers, message.speaker) == chat.speakers.end())
            chat.speakers.push_back(message.speaker);
    }
    for (const std::string& speaker : chat.speakers)
        chat.title += (chat.title.empty() ? "" : " and ") + speaker;
}

Result<std::vector<ReadChat>> read(std::string_view text) {
    const bool isChat = censusOf(text).isChat();
    ReadChat read;
    read.chat.layout = isChat ? HistoryLayout::kChat : HistoryLayout::kNarrated;
    std::optional<PortableMessage> open;
    while (!text.empty()) {
        const std::string_view line = takeLine(text);
        const auto spoken = spokenIn(line);
        const auto role = spoken ? roleFromSpokenName(spoken->name) : std::nullopt;
        // In a chat only the two sides begin messages: an answer may well have lines like "Note: …".
        if (spoken && (role.has_value() || !isChat)) {
            close(open, read);
            open.emplace();
            open->role = isChat ? *role : Role::kUser;
            if (!isChat) open->speaker = spoken->name;
            open->text = spoken->text;
        } else if (open) {
            open->text += '\n';
            open->text += line;
        }
    }
    close(open, read);
    if (!isChat) nameSpeakers(read.chat);
    read.chat.uid = "text:" + contentKey(read.chat);
    return std::vector{std::move(read)};
}

bool recognises(std::string_view head) {
    if (head.find('\0') != std::string_view::npos) return false;
    const Census census = censusOf(head);
    return census.isChat() || census.isConversation();
}

}  // namespace

EPI_CHAT_FORMAT(plain_text){.id = "plain_text",
                            .title = "plain text with a speaker's name before each message",
                            .kind = TextChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
