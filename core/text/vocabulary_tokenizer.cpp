#include "core/text/vocabulary_tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace epi {
namespace {

/// Control tokens after which a reply is over in the model families in use; files often name only one of
/// them.
constexpr std::array<std::string_view, 11> kEndTexts{"<|im_end|>",
                                                     "<|eot_id|>",
                                                     "<|eom_id|>",
                                                     "<end_of_turn>",
                                                     "<|endoftext|>",
                                                     "<|end_of_text|>",
                                                     "<|end|>",
                                                     "<|eot|>",
                                                     "<|return|>",
                                                     "<eos>",
                                                     "</s>"};

std::vector<TokenId> collectEndOfGeneration(const Vocabulary& vocabulary) {
    std::vector<TokenId> ids = vocabulary.endOfGeneration;
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        if (vocabulary.types[i] != TokenType::kControl) continue;
        if (std::ranges::find(kEndTexts, vocabulary.tokens[i]) != kEndTexts.end()) {
            ids.push_back(static_cast<TokenId>(i));
        }
    }
    std::ranges::sort(ids);
    return ids;
}

}  // namespace

VocabularyTokenizer::VocabularyTokenizer(const Vocabulary& vocabulary, TokenizerParts parts)
    : parts_(std::move(parts)),
      types_(vocabulary.types),
      endOfGeneration_(collectEndOfGeneration(vocabulary)),
      beginOfSequence_(vocabulary.beginOfSequence) {
    parts_.addsBeginOfSequence = beginOfSequence_.has_value() && parts_.addsBeginOfSequence;
}

std::vector<TokenId> VocabularyTokenizer::encode(std::string_view text, ControlTokens control) const {
    std::vector<TokenId> ids;
    std::size_t begin = 0;
    if (control == ControlTokens::kParse) {
        for (const ControlTokenMatch& match : findControlTokens(text)) {
            appendSection(text.substr(begin, match.offset - begin), ids);
            ids.push_back(match.id);
            begin = match.offset + match.length;
        }
    }
    appendSection(text.substr(begin), ids);
    return ids;
}

std::vector<ControlTokenMatch> VocabularyTokenizer::findControlTokens(std::string_view text) const {
    std::vector<ControlTokenMatch> matches;
    std::size_t begin = 0;
    while (const auto match = parts_.control.find(text, begin)) {
        matches.push_back({match->offset, match->length, match->value});
        begin = match->offset + match->length;
    }
    return matches;
}

void VocabularyTokenizer::appendSection(std::string_view section, std::vector<TokenId>& ids) const {
    if (section.empty()) return;
    const std::string prepared = parts_.encoder->prepare(section);
    const std::string_view text = prepared;
    std::size_t begin = 0;
    while (const auto match = parts_.userDefined.find(text, begin)) {
        parts_.encoder->append(text.substr(begin, match->offset - begin), ids);
        ids.push_back(match->value);
        begin = match->offset + match->length;
    }
    parts_.encoder->append(text.substr(begin), ids);
}

std::string VocabularyTokenizer::piece(TokenId id) const {
    if (!contains(id) || isControl(id)) return {};
    return parts_.pieces[static_cast<std::size_t>(id)];
}

std::int32_t VocabularyTokenizer::vocabularySize() const {
    return static_cast<std::int32_t>(types_.size());
}

bool VocabularyTokenizer::isControl(TokenId id) const {
    return contains(id) && types_[static_cast<std::size_t>(id)] == TokenType::kControl;
}

bool VocabularyTokenizer::isEndOfGeneration(TokenId id) const {
    return std::ranges::binary_search(endOfGeneration_, id);
}

std::optional<TokenId> VocabularyTokenizer::beginOfSequence() const {
    return beginOfSequence_;
}

bool VocabularyTokenizer::addsBeginOfSequence() const {
    return parts_.addsBeginOfSequence;
}

bool VocabularyTokenizer::contains(TokenId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < types_.size();
}

}  // namespace epi
