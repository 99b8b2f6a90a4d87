// Fast mode's decoder: its steps beside exact mode's, and the replies that it writes by itself beside those
// whose tokens are chosen on the host.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/generation.h"
#include "core/engine/model_tools.h"
#include "core/kv/kv_cache.h"
#include "core/model/executor.h"
#include "tests/gpu/parity.h"

namespace epi {
namespace {

/// A text of ordinary sentences, as long as asked for.
Result<std::vector<TokenId>> textTokens(const LanguageModel& model, std::size_t count) {
    const std::string paragraph =
        "The harbour was quiet that morning. Two fishermen mended their nets on the pier while the ferry "
        "waited "
        "for the last of its passengers, an old woman with a basket of apples and her grandson, who counted "
        "the "
        "gulls on the roof of the customs house. When the bell rang, he had reached forty-one. The crossing "
        "took "
        "an hour in good weather. On the other side there was a market, a school with a green door, and the "
        "office where his mother wrote letters for people who had nobody else to write for them. ";
    std::vector<TokenId> ids;
    while (ids.size() < count) {
        const std::vector<TokenId> more = model.tokenizer().encode(paragraph, ControlTokens::kAsText);
        if (more.empty()) return Error{ErrorCode::kInternal, "the tokenizer gave nothing"};
        ids.insert(ids.end(), more.begin(), more.end());
    }
    ids.resize(count);
    return ids;
}

/// Reads `id` behind a cache, and returns its logits.
Result<std::vector<float>> readOne(const Executor& executor, KvCache& cache, TokenId id) {
    const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                             .ids = std::span(&id, 1),
                                             .firstPosition = cache.nextPosition()}},
                                 .logitRows = 1,
                                 .hook = nullptr,
                                 .cancel = {}};
    EPI_TRY_ASSIGN(const at::Tensor logits, executor.forward(request, cache));
    const at::Tensor onCpu = logits.cpu().contiguous();
    const float* const values = onCpu.const_data_ptr<float>();
    return std::vector<float>(values, values + onCpu.numel());
}

double logSumExp(const std::vector<float>& logits) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const float logit : logits)
        sum += std::exp(static_cast<double>(logit) - largest);
    return largest + std::log(sum);
}

/// Decodes `steps` tokens behind `length` others.
Result<bool> compareSteps(const LanguageModel& fast,
                          const LanguageModel& exact,
                          std::size_t length,
                          std::size_t steps) {
    const c10::InferenceMode inference;
    EPI_TRY_ASSIGN(const std::vector<TokenId> ids, textTokens(fast, length + steps));
    const auto cacheOf = [&](const Executor& executor) {
        const std::vector<std::int64_t> rows(executor.spec().layers.size(),
                                             static_cast<std::int64_t>(ids.size()) + 1);
        return KvCache(executor.spec(), rows, executor.placement());
    };
    KvCache own = cacheOf(fast.executor());
    KvCache general = cacheOf(exact.executor());
    const ForwardRequest prompt{.groups = {{.kind = RowGroup::Kind::kAppend,
                                            .ids = std::span(ids).first(length),
                                            .firstPosition = 0}},
                                .logitRows = 0,
                                .hook = nullptr,
                                .cancel = {}};
    if (length > 0) {
        EPI_TRY(fast.executor().forward(prompt, own));
        EPI_TRY(exact.executor().forward(prompt, general));
    }
    double difference = 0.0;
    double relative = 0.0;
    std::size_t clearDisagreements = 0;
    for (std::size_t i = length; i + 1 < ids.size(); ++i) {
        EPI_TRY_ASSIGN(const std::vector<float> a, readOne(fast.executor(), own, ids[i]));
        EPI_TRY_ASSIGN(const std::vector<float> b, readOne(exact.executor(), general, ids[i]));
        const auto next = static_cast<std::size_t>(ids[i + 1]);
        difference +=
            (static_cast<double>(a[next]) - logSumExp(a)) - (static_cast<double>(b[next]) - logSumExp(b));
        double error = 0.0;
        double norm = 0.0;
        for (std::size_t v = 0; v < a.size(); ++v) {
            error += std::pow(static_cast<double>(a[v]) - static_cast<double>(b[v]), 2);
            norm += std::pow(static_cast<double>(b[v]), 2);
        }
        relative = std::max(relative, std::sqrt(error / norm));
        EPI_TRY_ASSIGN(const GreedyGap ownBest, greedyGap(a));
        EPI_TRY_ASSIGN(const GreedyGap best, greedyGap(b));
        if (best.gap > 2.0F && best.best != ownBest.best) ++clearDisagreements;
    }
    difference = std::abs(difference) / static_cast<double>(ids.size() - length - 1);
    std::printf(
        "decoder behind %zu tokens: mean log-probability differs by %.4f, logits by %.3f at most, "
        "%zu clear disagreements\n",
        length,
        difference,
        relative,
        clearDisagreements);
    return difference < 0.03 && clearDisagreements == 0;
}

/// Ways to draw, by a name.
struct Drawn {
    std::string name;
    SamplingOptions sampling;
};

std::vector<Drawn> waysToDraw() {
    std::vector<Drawn> ways{{.name = "greedy", .sampling = {}}};
    const auto add = [&](const char* name, auto change) {
        ways.push_back({.name = name, .sampling = {}});
        ways.back().sampling.temperature = 0.7;
        ways.back().sampling.seed = 11;
        change(ways.back().sampling);
    };
    add("temperature 0.7", [](SamplingOptions&) {});
    add("temperature 0.7, top-k 40", [](SamplingOptions& options) { options.topK = 40; });
    add("temperature 0.7, top-p 0.9", [](SamplingOptions& options) { options.topP = 0.9; });
    add("temperature 0.7, min-p 0.05", [](SamplingOptions& options) { options.minP = 0.05; });
    add("greedy with a penalty of 1.1", [](SamplingOptions& options) {
        options.temperature = 0.0;
        options.repetitionPenalty = 1.1;
    });
    add("temperature 0.7 and everything else", [](SamplingOptions& options) {
        options.topK = 40;
        options.topP = 0.9;
        options.minP = 0.05;
        options.repetitionPenalty = 1.1;
    });
    return ways;
}

/// A reply into a cache with room for so many tokens, and a second one behind it.
Result<bool> compareReply(const LanguageModel& model,
                          const Drawn& drawn,
                          std::int64_t room,
                          std::int32_t maxTokens) {
    GenerationRequest request{.prompt = tokens(model, 24, 5),
                              .sampling = drawn.sampling,
                              .stopAtEnd = false,
                              .recordGaps = true,  // chooses token by token
                              .onText = {},
                              .cancel = {}};
    request.sampling.maxTokens = maxTokens;
    const auto write = [&](std::int64_t& end) -> Result<std::vector<TokenId>> {
        const std::vector<std::int64_t> rows(model.executor().spec().layers.size(), room);
        KvCache cache(model.executor().spec(), rows, model.executor().placement());
        EPI_TRY_ASSIGN(const Generation first, generate(model, cache, request));
        // A second reply behind it reads what the first left in the cache.
        GenerationRequest again = request;
        again.prompt = tokens(model, 5, 6);
        std::vector<TokenId> ids = first.ids;
        if (cache.room() > 6) {
            EPI_TRY_ASSIGN(const Generation second, generate(model, cache, again));
            ids.insert(ids.end(), second.ids.begin(), second.ids.end());
        }
        end = cache.nextPosition();
        return ids;
    };
    std::int64_t end = 0;
    std::int64_t streamedEnd = 0;
    EPI_TRY_ASSIGN(const std::vector<TokenId> ids, write(end));
    request.recordGaps = false;
    EPI_TRY_ASSIGN(const std::vector<TokenId> streamed, write(streamedEnd));
    const bool isSame = ids == streamed && end == streamedEnd;
    std::printf("written by itself, %s, room for %lld: %zu tokens, %s\n",
                drawn.name.c_str(),
                static_cast<long long>(room),
                streamed.size(),
                isSame ? "equal" : "DIFFERENT");
    return isSame;
}

Result<bool> compareSpeed(const LanguageModel& model, const Drawn& drawn) {
    constexpr int kRuns = 3;
    GenerationRequest request{.prompt = tokens(model, 200, 9),
                              .sampling = drawn.sampling,
                              .stopAtEnd = false,
                              .recordGaps = true,
                              .onText = {},
                              .cancel = {}};
    request.sampling.maxTokens = 256;
    EPI_TRY_ASSIGN(const Generation onHost, generateOnce(model, request));
    request.recordGaps = false;
    const auto speed = [](const Generation& reply) {
        return static_cast<double>(reply.ids.size()) / reply.decodeSeconds;
    };
    bool isSame = true;
    std::printf("fast mode, %s:", drawn.name.c_str());
    for (int run = 0; run < kRuns; ++run) {
        EPI_TRY_ASSIGN(const Generation reply, generateOnce(model, request));
        isSame = isSame && reply.ids == onHost.ids;
        std::printf(" %.1f", speed(reply));
    }
    std::printf(" tokens/s, %.1f by the host: %s\n", speed(onHost), isSame ? "equal" : "DIFFERENT");
    return isSame;
}

}  // namespace

Result<bool> compareDecoder(const LanguageModel& fast, const LanguageModel& exact, const Extent& extent) {
    bool isGood = true;
    for (const std::size_t length : extent.decoderLengths) {
        EPI_TRY_ASSIGN(const bool isOne, compareSteps(fast, exact, length, extent.decoderSteps));
        isGood = isGood && isOne;
    }
    return isGood;
}

Result<bool> compareReplies(const LanguageModel& fast, const Extent& extent) {
    bool isGood = true;
    for (const Drawn& drawn : waysToDraw()) {
        for (const std::int64_t room : extent.replyRooms) {
            EPI_TRY_ASSIGN(const bool isOne, compareReply(fast, drawn, room, extent.replyTokens));
            isGood = isGood && isOne;
        }
    }
    return isGood;
}

Result<bool> compareSpeed(const LanguageModel& fast) {
    bool isGood = true;
    for (const Drawn& drawn : waysToDraw()) {
        EPI_TRY_ASSIGN(const bool isOne, compareSpeed(fast, drawn));
        isGood = isGood && isOne;
    }
    return isGood;
}

}  // namespace epi
