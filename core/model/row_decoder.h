#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/kv/kv_cache.h"
#include "core/text/tokenizer.h"

namespace epi {

class Sampler;

/// Where a reply begins that a decoder writes by itself.
struct ReplyStart {
    TokenId id;              // its first token, which is to be read
    const Sampler& sampler;  // that chose it, and whose options and random numbers hold for the rest
    std::span<const TokenId> history;  // what a penalty is for, `id` among it
};

/// A reply that a decoder writes by itself, with the tokens that the sampler would choose: while one token is
/// looked at, the step that reads it runs. The cache is the stream's until it is gone; then it ends behind
/// the last token that was accepted. One thread.
class ReplyStream {
public:
    virtual ~ReplyStream() = default;

    /// The token behind all that was read. kInternal when its logits are not finite.
    virtual Result<TokenId> next() = 0;
    /// Reads the token that `next` gave last. kOutOfMemory when the cache has no room.
    virtual Result<void> accept() = 0;
};

/// One row of a model that stays in the cache, the step that replies are written with: the same numbers as
/// the Executor's, within the rounding of its types, without LibTorch's cost per operation. One thread.
class RowDecoder {
public:
    virtual ~RowDecoder() = default;

    /// Reads `id` at `position`. Logits [1, vocabulary], fp32; undefined when none are wanted. kOutOfMemory
    /// when the cache has no room.
    virtual Result<at::Tensor> step(TokenId id, std::int64_t position, bool wantsLogits, KvCache& cache) = 0;

    /// Reads the first token behind the cache and goes on from there. Null where the decoder leaves the
    /// choice to others.
    virtual Result<std::unique_ptr<ReplyStream>> writeReply(const ReplyStart& start, KvCache& cache);
};

inline Result<std::unique_ptr<ReplyStream>> RowDecoder::writeReply(const ReplyStart& /*start*/,
                                                                   KvCache& /*cache*/) {
    return std::unique_ptr<ReplyStream>();
}

}  // namespace epi
