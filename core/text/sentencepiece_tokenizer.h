#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/text/tokenizer.h"
#include "core/text/vocabulary.h"

namespace epi {

/// The sentencepiece library's BPE ("llama") over the pieces of a GGUF file. Damaged bytes become byte
/// tokens. Text is handed over in sections of at most 64 KiB, cut in front of a space where there is one.
/// kCorruptData names a bad token, or says why the library refused the vocabulary.
Result<std::unique_ptr<Tokenizer>> makeSentencepieceTokenizer(const Vocabulary& vocabulary);

}  // namespace epi
