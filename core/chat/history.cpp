#include "core/chat/history.h"

#include <algorithm>
#include <array>

#include "core/format/cache_key.h"

namespace epi {
namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text));
}

PromptPart templatePart(std::string text) {
    return {.kind = PromptPart::Kind::kTemplate, .text = std::move(text)};
}
PromptPart contentPart(std::string text) {
    return {.kind = PromptPart::Kind::kContent, .text = std::move(text)};
}

std::string narrationLead(std::span<const std::string> speakers, const Wording& wording) {
    std::string names;
    for (std::size_t i = 0; i < speakers.size(); ++i) {
        names += (i == 0 ? "" : i + 1 == speakers.size() ? " and " : ", ") + speakers[i];
    }
    if (names.empty()) names = "some people";
    return fill(wording.narration, std::array{WordingValue{"speakers", names}});
}

/// What the template puts between the turns before and a turn of this role: nothing where a question has
/// opened its reply, or where the first question stands in the turn that narrates.
std::string headerOf(Role role, const QuestionContext& before, const ChatTemplate& chatTemplate) {
    const bool isNarrating = before.layout == HistoryLayout::kNarrated && !before.hasQuestions;
    if (role == Role::kUser ? isNarrating : role == Role::kAssistant && before.isUnanswered) return {};
    std::string header;
    if (before.isUnanswered) header = chatTemplate.closeTurn(Role::kAssistant);
    if (isNarrating) header = chatTemplate.closeTurn(Role::kUser);
    return header + chatTemplate.openTurn(role);
}

/// What stands before a question's own text.
std::vector<PromptPart> beforeQuestion(const QuestionContext& context,
                                       const ChatTemplate& chatTemplate,
                                       const Wording& wording) {
    std::vector<PromptPart> parts;
    std::string header = headerOf(Role::kUser, context, chatTemplate);
    if (!header.empty()) parts.push_back(templatePart(std::move(header)));
    if (context.layout == HistoryLayout::kNarrated)
        parts.push_back(contentPart(splitAt(wording.question, "question").first));
    return parts;
}

/// Appends tokens to a history and notes where the bytes of a turn's own text went.
class HistoryWriter {
public:
    HistoryWriter(const Tokenizer& tokenizer, HistoryTokens& history)
        : tokenizer_(tokenizer), history_(history) {}

    void append(std::span<const PromptPart> parts) {
        const std::vector<TokenId> ids = encodeParts(tokenizer_, parts);
        history_.ids.insert(history_.ids.end(), ids.begin(), ids.end());
    }

    /// `lead` text stands before the turn's text inside the same run of tokens.
    void appendTurn(const Turn& turn, std::span<const PromptPart> parts, std::size_t leadBytes) {
        TurnSpan span{
            .turnId = turn.id, .firstToken = size(), .endToken = 0, .firstTextToken = 0, .byteEnds = {}};
        const std::vector<TokenId> ids = encodeParts(tokenizer_, parts);
        std::size_t bytes = 0;
        bool isStarted = false;
        for (const TokenId id : ids) {
            bytes += tokenizer_.piece(id).size();
            if (bytes > leadBytes && span.byteEnds.size() < ids.size()) {
                if (!isStarted) span.firstTextToken = size();
                isStarted = true;
                const std::size_t end = std::min(bytes - leadBytes, turn.text.size());
                if (span.byteEnds.empty() ||
                    static_cast<std::size_t>(span.byteEnds.back()) < turn.text.size()) {
                    span.byteEnds.push_back(static_cast<std::int32_t>(end));
                }
            }
            history_.ids.push_back(id);
        }
        if (!isStarted) span.firstTextToken = span.firstToken;
        span.endToken = size();
        history_.turns.push_back(std::move(span));
    }

private:
    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(history_.ids.size()); }

    const Tokenizer& tokenizer_;
    HistoryTokens& history_;
};

/// Text that a template part leaves visible: control tokens have no piece.
std::size_t visibleBytes(const Tokenizer& tokenizer, const std::string& templateText) {
    return tokenizer.decode(tokenizer.encode(templateText, ControlTokens::kParse)).size();
}

}  // namespace

std::string historyDigest(std::span<const Turn> turns) {
    std::vector<CacheKeyField> fields;
    fields.reserve(turns.size() * 4);
    for (const Turn& turn : turns) {
        fields.push_back({"role", bytesOf(name(turn.role))});
        fields.push_back({"speaker", bytesOf(turn.speaker)});
        fields.push_back({"session", bytesOf(turn.session)});
        fields.push_back({"text", bytesOf(turn.text)});
    }
    return cacheKey(fields);
}

std::string historyDigest(const ConversationText& conversation) {
    const std::string turns = historyDigest(conversation.turns);
    std::vector<CacheKeyField> fields{{"layout", bytesOf(name(conversation.layout))},
                                      {"instructions", bytesOf(conversation.systemPrompt)},
                                      {"turns", bytesOf(turns)}};
    for (const std::string& speaker : conversation.speakers)
        fields.push_back({"speaker", bytesOf(speaker)});
    return cacheKey(fields);
}

std::span<const TokenId> HistoryTokens::head(std::int64_t turnCount) const {
    const std::int64_t count = std::min(turnCount, std::ssize(turns));
    const std::int64_t end = count <= 0 ? prefixTokens : turns[static_cast<std::size_t>(count - 1)].endToken;
    return std::span(ids).first(static_cast<std::size_t>(end));
}

bool isNarrated(HistoryLayout layout, const Turn& turn) {
    return layout == HistoryLayout::kNarrated && !turn.speaker.empty();
}

QuestionContext contextAfter(HistoryLayout layout, std::span<const Turn> turns) {
    QuestionContext context{.layout = layout};
    if (turns.empty() || isNarrated(layout, turns.back())) return context;
    context.hasQuestions = true;
    context.isUnanswered = turns.back().role == Role::kUser;
    return context;
}

std::vector<PromptPart> questionParts(const QuestionContext& context,
                                      const ChatTemplate& chatTemplate,
                                      const std::string& question,
                                      const Wording& wording) {
    std::vector<PromptPart> parts = beforeQuestion(context, chatTemplate, wording);
    parts.push_back(contentPart(question));
    if (context.layout == HistoryLayout::kNarrated)
        parts.push_back(contentPart(splitAt(wording.question, "question").second));
    parts.push_back(
        templatePart(chatTemplate.closeTurn(Role::kUser) + chatTemplate.openTurn(Role::kAssistant)));
    return parts;
}

HistoryTokens tokenizeHistory(const ConversationText& conversation,
                              const ChatTemplate& chatTemplate,
                              const Tokenizer& tokenizer,
                              const Wording& wording) {
    HistoryTokens history;
    HistoryWriter writer(tokenizer, history);
    const bool isNarration = conversation.layout == HistoryLayout::kNarrated;
    std::vector<PromptPart> prefix = chatTemplate.opening(conversation.systemPrompt);
    if (isNarration) {
        prefix.push_back(templatePart(chatTemplate.openTurn(Role::kUser)));
        prefix.push_back(contentPart(narrationLead(conversation.speakers, wording)));
    }
    if (const auto begin = tokenizer.beginOfSequence(); begin && tokenizer.addsBeginOfSequence()) {
        history.ids.push_back(*begin);
    }
    writer.append(prefix);
    // Some templates write the begin-of-sequence token themselves.
    if (history.ids.size() > 1 && history.ids[0] == history.ids[1] && tokenizer.addsBeginOfSequence()) {
        history.ids.erase(history.ids.begin());
    }
    history.prefixTokens = static_cast<std::int64_t>(history.ids.size());

    std::string session;
    const std::span<const Turn> turns(conversation.turns);
    for (std::size_t index = 0; index < turns.size(); ++index) {
        const Turn& turn = turns[index];
        if (isNarrated(conversation.layout, turn)) {
            std::string lead;
            if (turn.session != session)
                lead = fill(wording.session, std::array{WordingValue{"date", turn.session}});
            session = turn.session;
            const auto [before, behind] = splitAt(wording.turn, "text");
            const std::array speaker{WordingValue{"speaker", turn.speaker}};
            lead += fill(before, speaker);
            const PromptPart line = contentPart(lead + turn.text + fill(behind, speaker));
            writer.appendTurn(turn, std::span(&line, 1), lead.size());
            continue;
        }
        const QuestionContext before = contextAfter(conversation.layout, turns.first(index));
        if (turn.role == Role::kUser) {
            std::size_t lead = 0;
            for (const PromptPart& part : beforeQuestion(before, chatTemplate, wording)) {
                lead += part.kind == PromptPart::Kind::kTemplate ? visibleBytes(tokenizer, part.text)
                                                                 : part.text.size();
            }
            const std::vector<PromptPart> parts = questionParts(before, chatTemplate, turn.text, wording);
            writer.appendTurn(turn, parts, lead);
        } else {
            const std::string header = headerOf(turn.role, before, chatTemplate);
            const std::array parts{templatePart(header),
                                   contentPart(turn.text),
                                   templatePart(chatTemplate.closeTurn(turn.role))};
            writer.appendTurn(turn, parts, visibleBytes(tokenizer, header));
        }
    }
    return history;
}

}  // namespace epi
