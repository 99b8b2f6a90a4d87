#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/chat/history.h"
#include "core/text/tokenizer.h"

namespace epi {

/// Texts to measure with, of common English words: nearly every tokenizer has a token for each of them.
inline constexpr std::int32_t kMadeUpTopics = 4;

/// `words` words, half of them of a topic in [0, kMadeUpTopics).
std::string madeUpText(Rng& random, std::int32_t topic, std::int32_t words);

/// Any ids below `vocabulary`, in an order that no text has.
std::vector<TokenId> madeUpTokens(Rng& random, std::int64_t count, std::int32_t vocabulary);

/// A chat about one topic after the other, 16 turns of 40 words at a time, until its texts are `tokens`
/// tokens long.
ConversationText madeUpChat(const Tokenizer& tokenizer, std::int64_t tokens);

/// The words as the vocab.txt of a sentence embedder.
std::string madeUpWordPieces();

/// A tokenizer for a model without a file: one token per word with the space before it, and one per byte of
/// everything else. kInvalidArgument when the vocabulary is too small for that.
Result<std::unique_ptr<Tokenizer>> makeUpTokenizer(std::int32_t vocabulary);

}  // namespace epi
