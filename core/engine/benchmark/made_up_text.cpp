#include "core/engine/benchmark/made_up_text.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace epi {
namespace {

constexpr std::size_t kWordsPerTopic = 24;
constexpr std::int32_t kTurnsPerTopic = 16;
constexpr std::int32_t kWordsPerTurn = 40;
constexpr std::int32_t kBytes = 256;

constexpr std::array<std::array<std::string_view, kWordsPerTopic>, kMadeUpTopics> kTopics{
    {{"sea",  "boat",   "wind", "harbour", "fish",  "beach", "storm", "island",
      "sail", "wave",   "sand", "shore",   "water", "river", "port",  "captain",
      "crew", "summer", "swim", "cold",    "north", "coast", "light", "bridge"},
     {"bread", "kitchen", "soup", "salt",   "butter", "oven",   "table",  "dinner",
      "cook",  "sugar",   "cake", "milk",   "apple",  "garden", "fruit",  "plate",
      "lunch", "rice",    "meat", "coffee", "tea",    "wine",   "recipe", "spoon"},
     {"music",  "piano",  "song",  "concert", "guitar", "dance",  "stage", "voice",
      "record", "band",   "night", "theatre", "play",   "singer", "sound", "radio",
      "hall",   "ticket", "piece", "school",  "violin", "drum",   "tune",  "crowd"},
     {"code",    "file",    "server", "test",   "build",  "error",  "memory",  "screen",
      "program", "network", "disk",   "cache",  "window", "button", "version", "model",
      "data",    "machine", "user",   "system", "update", "log",    "text",    "page"}}};
constexpr std::array<std::string_view, 32> kCommon{
    "the",   "and",  "with", "that", "from",  "was",    "had",  "but",   "then",  "when",  "about",
    "there", "they", "said", "old",  "new",   "good",   "long", "small", "great", "first", "last",
    "day",   "week", "year", "time", "house", "friend", "went", "came",  "made",  "took"};

/// Every word once, and its number.
class Words {
public:
    Words() {
        for (const auto& topic : kTopics)
            for (const std::string_view word : topic)
                add(word);
        for (const std::string_view word : kCommon)
            add(word);
    }
    [[nodiscard]] const std::vector<std::string_view>& all() const { return words_; }
    /// -1 for another word.
    [[nodiscard]] std::int32_t find(std::string_view word) const {
        const auto found = numbers_.find(word);
        return found == numbers_.end() ? -1 : found->second;
    }

private:
    void add(std::string_view word) {
        if (numbers_.emplace(word, static_cast<std::int32_t>(words_.size())).second) words_.push_back(word);
    }

    std::vector<std::string_view> words_;
    std::unordered_map<std::string_view, std::int32_t> numbers_;
};

const Words& words() {
    static const Words words;
    return words;
}

bool isLetter(char byte) {
    return byte >= 'a' && byte <= 'z';
}

/// Bytes have the ids 0 to 255, words behind a space those that follow.
class MadeUpTokenizer final : public Tokenizer {
public:
    explicit MadeUpTokenizer(std::int32_t vocabulary) : vocabulary_(vocabulary) {}

    [[nodiscard]] std::vector<TokenId> encode(std::string_view text,
                                              ControlTokens /*control*/) const override {
        std::vector<TokenId> ids;
        while (!text.empty()) {
            std::size_t end = 1;
            while (end < text.size() && isLetter(text[end]))
                ++end;
            const std::int32_t word = text.front() == ' ' ? words().find(text.substr(1, end - 1)) : -1;
            if (word < 0) end = 1;
            ids.push_back(word < 0 ? static_cast<TokenId>(static_cast<unsigned char>(text.front()))
                                   : kBytes + word);
            text.remove_prefix(end);
        }
        return ids;
    }
    [[nodiscard]] std::vector<ControlTokenMatch> findControlTokens(std::string_view /*text*/) const override {
        return {};
    }
    [[nodiscard]] std::string piece(TokenId id) const override {
        if (id < 0 || id >= vocabulary_) return {};
        if (id < kBytes) return std::string(1, static_cast<char>(id));
        const auto word = static_cast<std::size_t>(id - kBytes);
        std::string text(" ");
        text.append(word < words().all().size() ? words().all()[word] : "?");
        return text;
    }
    [[nodiscard]] std::int32_t vocabularySize() const override { return vocabulary_; }
    [[nodiscard]] bool isControl(TokenId /*id*/) const override { return false; }
    [[nodiscard]] bool isEndOfGeneration(TokenId /*id*/) const override { return false; }
    [[nodiscard]] std::optional<TokenId> beginOfSequence() const override { return std::nullopt; }
    [[nodiscard]] bool addsBeginOfSequence() const override { return false; }

private:
    std::int32_t vocabulary_;
};

}  // namespace

std::string madeUpText(Rng& random, std::int32_t topic, std::int32_t count) {
    const auto& own = kTopics[static_cast<std::size_t>(topic)];
    std::string text;
    for (std::int32_t i = 0; i < count; ++i) {
        const bool isCommon = random.below(2) == 0;
        text += " ";
        text += isCommon ? kCommon[random.below(kCommon.size())] : own[random.below(own.size())];
    }
    return text;
}

std::vector<TokenId> madeUpTokens(Rng& random, std::int64_t count, std::int32_t vocabulary) {
    std::vector<TokenId> ids(static_cast<std::size_t>(count));
    for (TokenId& id : ids)
        id = static_cast<TokenId>(random.below(static_cast<std::uint64_t>(vocabulary)));
    return ids;
}

ConversationText madeUpChat(const Tokenizer& tokenizer, std::int64_t tokens) {
    ConversationText chat;
    Rng random(11);
    for (std::int64_t id = 1; tokens > 0; ++id) {
        const auto topic = static_cast<std::int32_t>((id - 1) / kTurnsPerTopic % kMadeUpTopics);
        Turn turn;
        turn.id = id;
        turn.role = id % 2 == 1 ? Role::kUser : Role::kAssistant;
        turn.text = madeUpText(random, topic, kWordsPerTurn);
        const std::vector<TokenId> ids = tokenizer.encode(turn.text, ControlTokens::kAsText);
        tokens -= static_cast<std::int64_t>(ids.size());
        chat.turns.push_back(std::move(turn));
    }
    return chat;
}

std::string madeUpWordPieces() {
    std::string text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (const std::string_view word : words().all())
        text.append(word).append("\n");
    for (char letter = 'a'; letter <= 'z'; ++letter)
        text.append(1, letter).append("\n##").append(1, letter).append("\n");
    return text + ":\n.\n";
}

Result<std::unique_ptr<Tokenizer>> makeUpTokenizer(std::int32_t vocabulary) {
    const std::int32_t needed = kBytes + static_cast<std::int32_t>(words().all().size());
    if (vocabulary < needed) {
        return Error{ErrorCode::kInvalidArgument,
                     "made-up texts need a vocabulary of " + std::to_string(needed) + " tokens, " +
                         std::to_string(vocabulary) + " are there"};
    }
    return std::unique_ptr<Tokenizer>(std::make_unique<MadeUpTokenizer>(vocabulary));
}

}  // namespace epi
