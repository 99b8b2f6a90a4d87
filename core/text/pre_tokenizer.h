#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace epi {

/// Cuts text into the words inside which byte-level BPE merges: a hand-written matcher per published
/// expression, so that no expression of a model file is ever run. Linear time. Immutable value: any thread.
class PreTokenizer {
public:
    /// By the name in `tokenizer.ggml.pre`; kUnsupported names an unknown one.
    static Result<PreTokenizer> byName(std::string_view name);

    /// The words in order; joined they are `text`. They point into it. A damaged byte counts as a symbol.
    [[nodiscard]] std::vector<std::string_view> split(std::string_view text) const;

    /// The published tokenizer brings text to normalisation form C first.
    [[nodiscard]] bool normalisesToNfc() const;
    /// A word that is a token of the vocabulary is that token, whatever the merges would give.
    [[nodiscard]] bool takesWholeWords() const;
    /// The models expect a begin-of-sequence token unless their file says otherwise.
    [[nodiscard]] bool addsBeginOfSequence() const;

private:
    enum class Pattern : std::uint8_t { kGpt2, kDigitsThenGpt2, kQwen2, kLlama3 };
    explicit PreTokenizer(Pattern pattern) : pattern_(pattern) {}

    Pattern pattern_;
};

}  // namespace epi
