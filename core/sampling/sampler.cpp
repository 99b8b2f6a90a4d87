#include "core/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

namespace epi {
namespace {

Result<void> checkLogits(std::span<const float> logits, std::size_t atLeast) {
    if (logits.size() < atLeast) {
        return Error{
            ErrorCode::kInternal,
            std::to_string(logits.size()) + " logits, at least " + std::to_string(atLeast) + " expected"};
    }
    if (!std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); }))
        return Error{ErrorCode::kInternal, "logits are not finite"};
    return {};
}

TokenId idOf(std::size_t index) {
    return static_cast<TokenId>(index);
}

TokenId bestOf(std::span<const float> logits) {
    return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
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
    EPI_TRY(checkLogits(logits, 1));
    const std::span<const float> scores = penalised(logits, history);
    return options_.temperature > 0.0 ? draw(scores) : bestOf(scores);
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

/// Puts the best `count` candidates in front in order, given that the best `sorted` already are.
void Sampler::sortUpTo(std::size_t sorted, std::size_t count) {
    const auto isBetter = [](const Candidate& a, const Candidate& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    };
    const auto first = candidates_.begin() + static_cast<std::ptrdiff_t>(sorted);
    const auto last = candidates_.begin() + static_cast<std::ptrdiff_t>(count);
    if (last != candidates_.end()) std::nth_element(first, last, candidates_.end(), isBetter);
    std::sort(first, last, isBetter);
}

/// Drops all but the best candidates that together weigh `wanted`, and those below `leastLogit`; returns what
/// the kept ones weigh. The best `sorted` are in order already.
double Sampler::keepTopP(double wanted, double leastLogit, std::size_t sorted) {
    double mass = 0.0;
    std::size_t kept = 0;
    while (kept < candidates_.size() && mass < wanted) {
        if (kept == sorted) {
            // In growing steps: the wanted mass is mostly in the first few of many thousands.
            const std::size_t next = std::min(std::max<std::size_t>(64, sorted * 4), candidates_.size());
            sortUpTo(sorted, next);
            sorted = next;
        }
        if (candidates_[kept].logit < leastLogit) break;
        mass += candidates_[kept].weight;
        ++kept;
    }
    candidates_.resize(kept);
    return mass;
}

TokenId Sampler::draw(std::span<const float> logits) {
    const TokenId bestId = bestOf(logits);
    const auto best = static_cast<double>(logits[static_cast<std::size_t>(bestId)]);
    const double leastLogit = best + options_.temperature * std::log(options_.minP);  // min-p 0: -infinity
    const bool limitsMass = options_.topP < 1.0;

    // min-p looks only at the best token, so it may go first: it usually leaves few candidates. With top-p it
    // must not, because top-p counts the mass of those that min-p drops.
    candidates_.clear();
    for (std::size_t index = 0; index < logits.size(); ++index) {
        if (limitsMass || static_cast<double>(logits[index]) >= leastLogit)
            candidates_.push_back({idOf(index), logits[index], 0.0});
    }
    std::size_t sorted = 0;
    if (options_.topK > 0 && static_cast<std::size_t>(options_.topK) < candidates_.size()) {
        sorted = static_cast<std::size_t>(options_.topK);
        sortUpTo(0, sorted);
        candidates_.resize(sorted);
    }

    double total = 0.0;
    for (Candidate& candidate : candidates_) {
        candidate.weight = std::exp((static_cast<double>(candidate.logit) - best) / options_.temperature);
        total += candidate.weight;
    }
    if (limitsMass) total = keepTopP(options_.topP * total, leastLogit, sorted);

    double remaining = rng_.uniform() * total;
    for (const Candidate& candidate : candidates_) {
        remaining -= candidate.weight;
        if (remaining < 0.0) return candidate.id;
    }
    return bestId;  // only rounding leads here
}

Result<GreedyGap> greedyGap(std::span<const float> logits) {
    EPI_TRY(checkLogits(logits, 2));
    GreedyGap result;
    result.best = bestOf(logits);
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
