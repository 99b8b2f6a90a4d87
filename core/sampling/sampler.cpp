#include "core/sampling/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>

#include "core/base/known_error.h"
#include "core/sampling/logits.h"

namespace epi {
namespace {

// How far below the best logit its rivals are looked for first: for top-k, and for top-p in temperatures.
constexpr double kFirstReachOfTopK = 4.0;
constexpr double kFirstReachOfTopP = 2.0;

TokenId idOf(std::size_t index) {
    return static_cast<TokenId>(index);
}

/// The mass that top-p keeps of `total`.
std::uint64_t leastMass(double topP, std::uint64_t total) {
    return std::min(static_cast<std::uint64_t>(std::ceil(topP * static_cast<double>(total))), total);
}

/// A random mass below `total`.
std::uint64_t drawnMass(Rng& random, std::uint64_t total) {
    return std::min(static_cast<std::uint64_t>(random.uniform() * static_cast<double>(total)), total - 1);
}

template <typename Candidates>
std::uint64_t massOf(const Candidates& candidates) {
    std::uint64_t mass = 0;
    for (const auto& candidate : candidates)
        mass += candidate.mass;
    return mass;
}

/// The first at which the masses, added one after the other, pass `drawn`.
template <typename Items, typename MassOf>
std::size_t indexAt(const Items& items, std::uint64_t drawn, MassOf massOfItem) {
    std::size_t index = 0;
    for (std::uint64_t passed = 0; index + 1 < items.size(); ++index) {
        passed += std::invoke(massOfItem, items[index]);
        if (passed > drawn) break;
    }
    return index;
}

Error outside(KnownError option, double value) {
    std::array<char, 32> found{};
    std::snprintf(found.data(), found.size(), "%g", value);
    return makeError(ErrorCode::kInvalidArgument, option, {found.data()});
}

}  // namespace

Result<void> checkSampling(const SamplingOptions& options) {
    // Written so that NaN fails every test.
    if (!(options.temperature >= 0.0 && options.temperature <= 100.0))
        return outside(KnownError::kTemperatureOutside, options.temperature);
    if (options.topK < 0) return outside(KnownError::kTopKOutside, options.topK);
    if (!(options.topP > 0.0 && options.topP <= 1.0)) return outside(KnownError::kTopPOutside, options.topP);
    if (!(options.minP >= 0.0 && options.minP <= 1.0)) return outside(KnownError::kMinPOutside, options.minP);
    if (!(options.repetitionPenalty > 0.0 && options.repetitionPenalty <= 100.0))
        return outside(KnownError::kRepetitionPenaltyOutside, options.repetitionPenalty);
    if (options.maxTokens < 1) return outside(KnownError::kMaxTokensOutside, options.maxTokens);
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

/// Makes the tokens from `least` on the candidates, in order of their ids.
void Sampler::takeFrom(std::span<const float> logits, double least, float best) {
    tokensFrom(logits, least, ids_);
    taken_.clear();
    for (const TokenId id : ids_)
        taken_.push_back(logits[static_cast<std::size_t>(id)]);
    masses_.resize(taken_.size());
    weigh(taken_, best, options_.temperature, masses_);
    candidates_.clear();
    for (std::size_t i = 0; i < ids_.size(); ++i)
        candidates_.push_back({ids_[i], taken_[i], masses_[i]});
}

/// Makes the tokens at most `reach` below the best the candidates, the best first, and drops those behind
/// top-k. False when tokens further below would have been kept, too: by top-k, or, `wanted` being the mass
/// that it keeps, by top-p.
bool Sampler::keepBestFrom(std::span<const float> logits, double reach, float best, std::uint64_t wanted) {
    takeFrom(logits, static_cast<double>(best) - reach, best);
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
    } else if (massOf(candidates_) < wanted && !areAll) {
        return false;
    }
    std::ranges::sort(candidates_, isBetter);
    return true;
}

/// Makes what top-k, top-p and min-p leave the candidates, in order of their ids.
void Sampler::keepBest(std::span<const float> logits, float best) {
    std::uint64_t wanted = 0;
    if (options_.topK == 0) {
        masses_.resize(logits.size());
        wanted = leastMass(options_.topP, weigh(logits, best, options_.temperature, masses_));
    }
    double reach = options_.topK > 0 ? kFirstReachOfTopK : kFirstReachOfTopP * options_.temperature;
    while (!keepBestFrom(logits, reach, best, wanted))
        reach *= 2.0;
    if (options_.topK > 0) wanted = leastMass(options_.topP, massOf(candidates_));
    const double least = leastLogit(best);
    std::uint64_t mass = 0;
    std::size_t kept = 0;
    while (kept < candidates_.size() && mass < wanted &&
           static_cast<double>(candidates_[kept].logit) >= least)
        mass += candidates_[kept++].mass;
    candidates_.resize(kept);
    std::ranges::sort(candidates_, std::ranges::less{}, &Candidate::id);
}

/// The least logit that min-p leaves.
double Sampler::leastLogit(float best) const {
    return static_cast<double>(best) + options_.temperature * std::log(options_.minP);
}

TokenId Sampler::draw(std::span<const float> logits, TokenId bestId) {
    const float best = logits[static_cast<std::size_t>(bestId)];
    const bool limitsCount = options_.topK > 0 && static_cast<std::size_t>(options_.topK) < logits.size();
    if (limitsCount || options_.topP < 1.0) {
        keepBest(logits, best);
    } else if (options_.minP > 0.0) {
        takeFrom(logits, leastLogit(best), best);
    } else {
        masses_.resize(logits.size());
        const std::uint64_t total = weigh(logits, best, options_.temperature, masses_);
        return idOf(indexAt(masses_, drawnMass(rng_, total), std::identity{}));
    }
    const std::uint64_t drawn = drawnMass(rng_, massOf(candidates_));
    return candidates_[indexAt(candidates_, drawn, &Candidate::mass)].id;
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
