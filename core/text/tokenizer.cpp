#include "core/text/tokenizer.h"

#include "core/text/bpe_tokenizer.h"
#include "core/text/sentencepiece_tokenizer.h"
#include "core/text/unicode.h"
#include "core/text/vocabulary.h"

namespace epi {

Result<std::unique_ptr<Tokenizer>> makeTokenizer(const GgufFile& file) {
    EPI_TRY_ASSIGN(const Vocabulary vocabulary, readVocabulary(file));
    if (vocabulary.model == "gpt2") return makeBpeTokenizer(vocabulary);
    if (vocabulary.model == "llama") return makeSentencepieceTokenizer(vocabulary);
    return Error{ErrorCode::kUnsupported,
                 "unknown tokenizer model '" + quotable(vocabulary.model) + "', 'gpt2' or 'llama' expected"};
}

}  // namespace epi
