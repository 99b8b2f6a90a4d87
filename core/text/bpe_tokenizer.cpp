#include "core/text/bpe_tokenizer.h"

#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <queue>

#include "core/text/byte_alphabet.h"
#include "core/text/pre_tokenizer.h"
#include "core/text/unicode.h"
#include "core/text/vocabulary_tokenizer.h"

namespace epi {
namespace {

constexpr TokenId kNoToken = -1;
constexpr std::size_t kNoSymbol = std::numeric_limits<std::size_t>::max();

struct Merge {
    std::uint32_t rank = 0;
    TokenId result = kNoToken;
};

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using IdByText = std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>>;

std::uint64_t pairKey(TokenId left, TokenId right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
           static_cast<std::uint32_t>(right);
}

struct BpeTables {
    std::array<TokenId, 256> idOfByte{};
    std::unordered_map<std::uint64_t, Merge> merges;  // by pairKey
    IdByText words;                                   // bytes -> id; only where whole words are taken
};

/// One word on its way from bytes to tokens: a linked list of symbols, and the pairs that could merge in a
/// queue by rank, then by place.
class WordMerger {
public:
    explicit WordMerger(const BpeTables& tables) : tables_(tables) {}

    void append(std::string_view word, std::vector<TokenId>& ids) {
        symbols_.clear();
        for (const char byte : word) {
            const TokenId id = tables_.idOfByte[static_cast<std::uint8_t>(byte)];
            if (id == kNoToken) continue;
            symbols_.push_back({id, symbols_.size() - 1, symbols_.size() + 1});
        }
        if (symbols_.empty()) return;
        symbols_.front().previous = kNoSymbol;
        symbols_.back().next = kNoSymbol;
        for (std::size_t i = 0; i + 1 < symbols_.size(); ++i)
            propose(i);
        while (!candidates_.empty()) {
            const Candidate best = candidates_.top();
            candidates_.pop();
            if (isCurrent(best)) merge(best);
        }
        for (std::size_t i = 0; i != kNoSymbol; i = symbols_[i].next)
            ids.push_back(symbols_[i].id);
    }

private:
    struct Symbol {
        TokenId id;
        std::size_t previous;
        std::size_t next;
    };
    struct Candidate {
        Merge merge;
        std::size_t left;
        TokenId leftId;
        TokenId rightId;
    };
    struct Later {
        bool operator()(const Candidate& a, const Candidate& b) const {
            return a.merge.rank != b.merge.rank ? a.merge.rank > b.merge.rank : a.left > b.left;
        }
    };

    void propose(std::size_t left) {
        const Symbol& symbol = symbols_[left];
        const TokenId rightId = symbols_[symbol.next].id;
        const auto merge = tables_.merges.find(pairKey(symbol.id, rightId));
        if (merge == tables_.merges.end()) return;
        candidates_.push({merge->second, left, symbol.id, rightId});
    }

    /// A neighbour may have merged since the pair was proposed.
    [[nodiscard]] bool isCurrent(const Candidate& candidate) const {
        const Symbol& left = symbols_[candidate.left];
        return left.id == candidate.leftId && left.next != kNoSymbol &&
               symbols_[left.next].id == candidate.rightId;
    }

    void merge(const Candidate& candidate) {
        Symbol& left = symbols_[candidate.left];
        Symbol& right = symbols_[left.next];
        left.id = candidate.merge.result;
        left.next = right.next;
        right.id = kNoToken;
        if (left.next != kNoSymbol) {
            symbols_[left.next].previous = candidate.left;
            propose(candidate.left);
        }
        if (left.previous != kNoSymbol) propose(left.previous);
    }

    const BpeTables& tables_;
    std::vector<Symbol> symbols_;
    std::priority_queue<Candidate, std::vector<Candidate>, Later> candidates_;
};

class BpeEncoder final : public TextEncoder {
public:
    BpeEncoder(BpeTables tables, PreTokenizer preTokenizer)
        : tables_(std::move(tables)), preTokenizer_(preTokenizer) {}

    void append(std::string_view text, std::vector<TokenId>& ids) const override {
        if (!preTokenizer_.normalisesToNfc()) return appendWords(text, ids);
        appendWords(normaliseNfc(text), ids);
    }

private:
    void appendWords(std::string_view text, std::vector<TokenId>& ids) const {
        WordMerger merger(tables_);
        for (const std::string_view word : preTokenizer_.split(text)) {
            const auto whole = tables_.words.find(word);
            if (whole != tables_.words.end()) {
                ids.push_back(whole->second);
            } else {
                merger.append(word, ids);
            }
        }
    }

    BpeTables tables_;
    PreTokenizer preTokenizer_;
};

/// Ids by spelling of the tokens that merging may use.
std::unordered_map<std::string_view, TokenId> mergeableTokens(const Vocabulary& vocabulary) {
    std::unordered_map<std::string_view, TokenId> ids;
    ids.reserve(vocabulary.tokens.size());
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        const TokenType type = vocabulary.types[i];
        if (type != TokenType::kNormal && type != TokenType::kUserDefined) continue;
        ids.emplace(vocabulary.tokens[i], static_cast<TokenId>(i));
    }
    return ids;
}

Result<void> readMerges(const Vocabulary& vocabulary,
                        const std::unordered_map<std::string_view, TokenId>& ids,
                        BpeTables& tables) {
    tables.merges.reserve(vocabulary.merges.size());
    std::string joined;
    for (std::size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
        const std::string_view text = vocabulary.merges[rank];
        const auto refuse = [&](std::string_view why) {
            return Error{ErrorCode::kCorruptData,
                         "merge " + std::to_string(rank) + " '" + quotable(text) + "' " + std::string(why)};
        };
        const std::size_t space = text.find(' ');
        if (space == 0 || space >= text.size() - 1 || text.find(' ', space + 1) != std::string_view::npos) {
            return refuse("is not two tokens with a space between them");
        }
        const std::string_view left = text.substr(0, space);
        const std::string_view right = text.substr(space + 1);
        joined.assign(left).append(right);
        const auto leftId = ids.find(left);
        const auto rightId = ids.find(right);
        const auto result = ids.find(joined);
        if (leftId == ids.end() || rightId == ids.end() || result == ids.end()) {
            return refuse("names a token that is not in the vocabulary");
        }
        tables.merges.try_emplace(pairKey(leftId->second, rightId->second),
                                  Merge{static_cast<std::uint32_t>(rank), result->second});
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> makeBpeTokenizer(const Vocabulary& vocabulary) {
    EPI_TRY(checkVocabulary(vocabulary));
    EPI_TRY_ASSIGN(const PreTokenizer preTokenizer, PreTokenizer::byName(vocabulary.preTokenizer));

    TokenizerParts parts;
    BpeTables tables;
    tables.idOfByte.fill(kNoToken);
    parts.pieces.reserve(vocabulary.tokens.size());
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        const std::string& token = vocabulary.tokens[i];
        const TokenType type = vocabulary.types[i];
        const auto id = static_cast<TokenId>(i);
        if (type == TokenType::kUserDefined) parts.userDefined.add(token, id);
        if (type == TokenType::kControl) parts.control.add(token, id);
        if (type != TokenType::kNormal) {
            parts.pieces.push_back(token);
            continue;
        }
        const std::optional<std::string> bytes = bytesOfSpelling(token);
        parts.pieces.push_back(bytes.value_or(token));
        if (!bytes) continue;
        if (bytes->size() == 1) tables.idOfByte[static_cast<std::uint8_t>(bytes->front())] = id;
        if (preTokenizer.takesWholeWords()) tables.words.emplace(*bytes, id);
    }
    EPI_TRY(readMerges(vocabulary, mergeableTokens(vocabulary), tables));
    parts.encoder = std::make_unique<BpeEncoder>(std::move(tables), preTokenizer);
    parts.addsBeginOfSequence = vocabulary.addsBeginOfSequence.value_or(preTokenizer.addsBeginOfSequence());
    return std::unique_ptr<Tokenizer>(std::make_unique<VocabularyTokenizer>(vocabulary, std::move(parts)));
}

}  // namespace epi
