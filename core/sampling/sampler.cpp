#include "core/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "core/sampling/logits.h"

namespace epi {
namespace {

// How far below the best logit its rivals are looked for first: for top-k, and for top-p in temperatures.
constexpr double kFirstReachOfTopK = 4.0;
constexpr double kFirstReachOfTopP = 2.0;

TokenId idOf(std::size_t index) {
    return static_cast<TokenId>(index);
}

Error outside(const char* option, const char* range, double value) {
    return {ErrorCode::kInvalidArgument,
            std::string(option) + " must be " + range + ", found " + std::to_string(value)};
}

}  // namespace

Result<void> checkSampling(const SamplingOptions& options) {
    // Written so that NaN fails every test.
    if (!(options.temperature >= 0.0 && options.temperature <= 100.0))
        return outside("temperature", "from 0 to 100", options.temperature);
    if (options.topK < 0) return outside("top-k", "0 or more", options.topK);
    if (!(options.topP > 0.0 && options.topP <= 1.0))
        return outside("top-p", "above 0 and at most 1", options.topP);
    if (!(options.minP >= 0.0 && options.minP <= 1.0)) return outside("min-p", "from 0 to 1", options.minP);
    if (!(options.repetitionPenalty > 0.0 && options.repetitionPenalty <= 100.0))
        return outside("repetition penalty", "above 0 and at most 100", options.repetitionPenalty);
    if (options.maxTokens < 1) return outside("the number of tokens", "1 or more", options.maxTokens);
    return {};
}

Sampler::Sampler(const SamplingOptions& options) : options_(options), rng_(options.seed) {}

Result<TokenId> Sampler::sample(std::span<const float> logits, std::span<const TokenId> history) {
    if (logits.empty()) return Error{ErrorCode::kInternal, "there are no logits to choose from"};
    const std::span<const float> scores = penalised(logits, history);
    // A penalty makes no infinite logit finite.
    const std::optional<TokenId> best = bestToken(scores);
    if (!best) return Error{ErrorCode::kInternal, "logits are not finite"};
    return options_.temperature > 0.0 ? draw(scores, *best) : *best;
}

std::span<const float> Sampler::penalised(std::span<const float> logits, std::span<const TokenId> history) {
    if (options_.repetitionPenalty == 1.0 || history.empty()) return logits;
    const auto penalty = static_cast<float>(options_.repetitionPenalty);
    scores_.assign(logits.begin(), logits.end());
    for (const TokenId id : history) {
        if (id < 0 || static_cast<std::size_t>(id) >= logits.size()) continue;
        const auto index = static_cast<std::size_t>(id);
        // From the unpenalised logit, so that a repeated token is penalised once.
        scores_[index] = logits[index] > 0.0F ? logits[index] / penalty : logits[index] * penalty;
    }
    return scores_;
}

/// Makes the tokens from `least` on the candidates, the best first, and drops those behind top-k and,
/// `wanted` being the weight that top-p keeps, behind top-p. False when tokens below `least` would have been
/// kept, too.
bool Sampler::keepBestFrom(std::span<const float> logits, double least, double wanted) {
    tokensFrom(logits, least, ids_);
    candidates_.clear();
    for (const TokenId id : ids_)
        candidates_.push_back({id, logits[static_cast<std::size_t>(id)], 0.0});
    const auto isBetter = [](const Candidate& a, const Candidate& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    };
    const bool areAll = candidates_.size() == logits.size();
    if (options_.topK > 0) {
        const auto kept = static_cast<std::size_t>(options_.topK);
        if (candidates_.size() < kept && !areAll) return false;
        if (candidates_.size() > kept) {
            std::ranges::nth_element(candidates_, candidates_.begin() + options_.topK - 1, isBetter);
            candidates_.resize(kept);
        }
        std::ranges::sort(candidates_, isBetter);
        return true;
    }
    double mass = 0.0;
    for (Candidate& candidate : candidates_) {
        candidate.weight = static_cast<double>(weights_[static_cast<std::size_t>(candidate.id)]);
        mass += candidate.weight;
    }
    if (mass < wanted && !areAll) return false;
    std::ranges::sort(candidates_, isBetter);
    return true;
}

/// Applies top-k, top-p and min-p; the candidates that are left have weights.
void Sampler::keepBest(std::span<const float> logits, float best) {
    const auto bestLogit = static_cast<double>(best);
    double total = 0.0;
    if (options_.topK == 0) {
        weights_.resize(logits.size());
        total = weigh(logits, best, options_.temperature, weights_);
    }
    double reach = options_.topK > 0 ? kFirstReachOfTopK : kFirstReachOfTopP * options_.temperature;
    while (!keepBestFrom(logits, bestLogit - reach, options_.topP * total))
        reach *= 2.0;
    if (options_.topK > 0) {
        for (Candidate& candidate : candidates_) {
            candidate.weight =
                std::exp((static_cast<double>(candidate.logit) - bestLogit) / options_.temperature);
            total += candidate.weight;
        }
    }
    const double leastLogit = bestLogit + options_.temperature * std::log(options_.minP);
    const double wanted =
        options_.topP < 1.0 ? options_.topP * total : std::numeric_limits<double>::infinity();
    double mass = 0.0;
    std::size_t kept = 0;
    while (kept < candidates_.size() && mass < wanted &&
           static_cast<double>(candidates_[kept].logit) >= leastLogit)
        mass += candidates_[kept++].weight;
    candidates_.resize(kept);
}

TokenId Sampler::drawFromAll(std::span<const float> logits, float best) {
    weights_.resize(logits.size());
    double remaining = rng_.uniform() * weigh(logits, best, options_.temperature, weights_);
    for (std::size_t index = 0; index < weights_.size(); ++index) {
        remaining -= static_cast<double>(weights_[index]);
        if (remaining < 0.0) return idOf(index);
    }
    return *bestToken(logits);  // only rounding leads here
}

TokenId Sampler::draw(std::span<const float> logits, TokenId bestId) {
    const float best = logits[static_cast<std::size_t>(bestId)];
    const bool limitsCount = options_.topK > 0 && static_cast<std::size_t>(options_.topK) < logits.size();
    if (limitsCount || options_.topP < 1.0) {
        keepBest(logits, best);
    } else if (options_.minP > 0.0) {
        tokensFrom(logits, static_cast<double>(best) + options_.temperature * std::log(options_.minP), ids_);
        candidates_.clear();
        for (const TokenId id : ids_) {
            const float logit = logits[static_cast<std::size_t>(id)];
            const double below = static_cast<double>(logit) - static_cast<double>(best);
            candidates_.push_back({id, logit, std::exp(below / options_.temperature)});
        }
    } else {
        return drawFromAll(logits, best);
    }
    double total = 0.0;
    for (const Candidate& candidate : candidates_)
        total += candidate.weight;
    double remaining = rng_.uniform() * total;
    for (const Candidate& candidate : candidates_) {
        remaining -= candidate.weight;
        if (remaining < 0.0) return candidate.id;
    }
    return bestId;  // only rounding leads here
}

Result<GreedyGap> greedyGap(std::span<const float> logits) {
    const std::optional<TokenId> best = bestToken(logits);
    if (!best || logits.size() < 2) {
        return Error{ErrorCode::kInternal,
                     best ? "one logit, at least 2 expected" : "logits are not finite, or there are none"};
    }
    GreedyGap result;
    result.best = *best;
    float second = -std::numeric_limits<float>::infinity();
    for (std::size_t index = 0; index < logits.size(); ++index) {
        if (idOf(index) == result.best || logits[index] <= second) continue;
        second = logits[index];
        result.second = idOf(index);
    }
    result.gap = logits[static_cast<std::size_t>(result.best)] - second;
    return result;
}

}  // namespace epi
