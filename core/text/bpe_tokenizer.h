#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/text/tokenizer.h"
#include "core/text/vocabulary.h"

namespace epi {

/// Byte-level BPE ("gpt2"): text is cut into words, the bytes of a word are merged by rank. Bytes that the
/// vocabulary lacks are left out. n log n in the length of a word. kUnsupported names an unknown
/// pre-tokenizer, kCorruptData a bad token or merge.
Result<std::unique_ptr<Tokenizer>> makeBpeTokenizer(const Vocabulary& vocabulary);

}  // namespace epi
