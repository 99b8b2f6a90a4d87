#include "core/transfer/portable_chat.h"

#include <algorithm>

#include "core/base/digest.h"
#include "core/text/unicode.h"

namespace epi {
namespace {

constexpr std::size_t kTitleCharacters = 60;

/// Fields with their lengths, so that moving a byte from one to the next changes the digest.
class FieldDigest {
public:
    FieldDigest& add(std::string_view text) {
        bytes_ += std::to_string(text.size());
        bytes_ += ':';
        bytes_ += text;
        return *this;
    }
    template <typename List>
    FieldDigest& addCount(const List& list) {
        return add(std::to_string(list.size()));
    }
    [[nodiscard]] std::string hexadecimal() const {
        const Digest256 digest = blake2b256(std::as_bytes(std::span(bytes_)));
        return hex(std::span(digest).first(16));
    }

private:
    std::string bytes_;
};

std::string contentOf(const ImportedConversation& conversation) {
    FieldDigest digest;
    digest.add(conversation.sourceId).add(conversation.title).addCount(conversation.speakers);
    for (const std::string& speaker : conversation.speakers)
        digest.add(speaker);
    digest.addCount(conversation.sessions);
    for (const ImportedSession& session : conversation.sessions) {
        digest.add(std::to_string(session.number)).add(session.date).addCount(session.turns);
        for (const ImportedTurn& turn : session.turns)
            digest.add(turn.sourceId).add(turn.speaker).add(turn.text).add(turn.caption);
    }
    for (const BenchmarkQuestion& question : conversation.questions) {
        digest.add(question.question).add(question.answer).add(std::to_string(question.category));
        digest.add(question.adversarialAnswer).addCount(question.evidence);
        for (const std::string& evidence : question.evidence)
            digest.add(evidence);
    }
    return digest.hexadecimal();
}

}  // namespace

std::vector<std::size_t> activeBranch(const PortableChat& chat) {
    std::vector<std::size_t> branch;
    for (auto place = chat.current; place; place = chat.messages[*place].parent)
        if (!chat.messages[*place].removedAtMs) branch.push_back(*place);
    std::ranges::reverse(branch);
    return branch;
}

std::string titleFromText(const PortableChat& chat) {
    const auto spoken = std::ranges::find_if(chat.messages, [](const PortableMessage& message) {
        return message.role == Role::kUser && !message.text.empty();
    });
    if (spoken == chat.messages.end()) return "";
    std::string line;
    bool isGap = false;
    for (std::size_t position = 0; position < spoken->text.size() && line.size() < 8 * kTitleCharacters;) {
        const CodePoint point = decodeCodePoint(spoken->text, position);
        const bool isBlank = isSpace(point.value);
        if (!isBlank && isGap && !line.empty()) line += ' ';
        if (!isBlank) line += spoken->text.substr(position, point.length);
        isGap = isBlank;
        position += point.length;
    }
    return quotable(line, kTitleCharacters);
}

std::string contentKey(const PortableChat& chat) {
    FieldDigest digest;
    digest.add(chat.title).add(chat.systemPrompt).addCount(chat.messages);
    for (const PortableMessage& message : chat.messages) {
        digest.add(message.parent ? std::to_string(*message.parent) : "");
        digest.add(name(message.role)).add(message.speaker).add(message.text);
    }
    return digest.hexadecimal();
}

PortableChat portableChatOf(ImportedConversation conversation) {
    PortableChat chat;
    chat.uid = "conversation:" + contentOf(conversation);
    chat.sourceId = std::move(conversation.sourceId);
    chat.title = std::move(conversation.title);
    chat.layout = HistoryLayout::kNarrated;
    chat.speakers = std::move(conversation.speakers);
    chat.questions = std::move(conversation.questions);
    for (ImportedSession& session : conversation.sessions) {
        for (ImportedTurn& turn : session.turns) {
            PortableMessage message;
            message.id = std::move(turn.sourceId);
            if (!chat.messages.empty()) message.parent = chat.messages.size() - 1;
            message.speaker = std::move(turn.speaker);
            message.text = std::move(turn.text);
            message.caption = std::move(turn.caption);
            message.session = session.date;
            chat.messages.push_back(std::move(message));
        }
    }
    if (!chat.messages.empty()) chat.current = chat.messages.size() - 1;
    return chat;
}

}  // namespace epi
