#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/options.h"
#include "core/sampling/sampler.h"
#include "core/text/tokenizer.h"

namespace epi {

class KvCache;
class LanguageModel;

/// A prompt to read behind what a cache holds, and a reply to write.
struct GenerationRequest {
    std::vector<TokenId> prompt;  // at positions from the cache's next on
    SamplingOptions sampling;
    bool stopAtEnd = true;    // an end-of-generation token ends the reply; off for goldens
    bool recordGaps = false;  // also keep best, second and gap of each step
    std::function<void(const std::string& text)> onText;  // whole characters, as they become certain
    CancelToken cancel;
};

struct Generation {
    std::string text;
    std::vector<TokenId> ids;  // without the end token and those of a stop text
    std::string reason;        // "end", "length", "room", "stop", "cancelled"
    std::vector<GreedyGap> gaps;
    std::vector<float> gapLogits;  // logit of the best token of each step
    double promptSeconds = 0.0;
    double decodeSeconds = 0.0;
};

/// Reads the prompt and writes a reply token by token. Both stay in the cache, the reply's last token
/// included unless it was the end token; without those that a stop text has a part in. The reply is as long
/// as sampling.maxTokens and the cache's room allow. kOutOfMemory when the prompt does not fit, kInternal
/// when logits are not finite. A cancel while the reply is written ends it with reason "cancelled"; one while
/// the prompt is read is kCancelled.
Result<Generation> generate(const LanguageModel& model, KvCache& cache, const GenerationRequest& request);

/// A prompt, and the reply that is expected.
struct GivenReply {
    std::vector<TokenId> prompt;
    std::vector<TokenId> reply;
    std::function<Result<void>()> makeRoom = {};  // in a cache that is full; empty: both are to fit
    CancelToken cancel;
};
/// Reads the prompt and a reply that is given; the mean ln p per token of the reply. Both stay in the cache,
/// as far as no room was made, but for the reply's last token. kInvalidArgument without a prompt or a reply,
/// kOutOfMemory when they do not fit, kInternal when logits are not finite.
Result<double> replyLikelihood(const LanguageModel& model, KvCache& cache, const GivenReply& given);

}  // namespace epi
