#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace epi {

/// How the layers share the memory. kPaper: in proportion to (1 - similarity)^power (EpiCache, equation 10).
/// kReleased: the released code's, which stretches the similarities to [0, 1] first, raises what falls below
/// a quarter of the mean, and so gives out more than the whole.
struct LayerSplit {
    enum class Rule { kUniform, kPaper, kReleased };
    Rule rule = Rule::kUniform;
    double power = 1.0;
    double floor = 0.0;  // kPaper: share of the mean that every layer gets at least

    bool operator==(const LayerSplit&) const = default;
};

/// Whole numbers in proportion to `weights` that add up to exactly `total`, each between `least` and `most`:
/// what is out of bounds is set to its bound (the side with the larger sum of violations first) and the rest
/// shared anew; then the largest remainders get the units left over, of equal ones the lower index.
/// Requires: weights >= 0, least * n <= total <= most * n. Equal shares where all weights left are 0.
std::vector<std::int64_t> splitExactly(std::span<const double> weights,
                                       std::int64_t total,
                                       std::int64_t least,
                                       std::int64_t most);

/// M_l for layers whose keys have these similarities between a full pass and one in blocks (1: not
/// sensitive), with a mean of `budget` entries per KV head. With kPaper every layer gets at least `least`
/// (what is pinned) and the sum is exactly budget * layers. Empty similarities: uniform.
std::vector<std::int32_t> layerBudgets(const LayerSplit& split,
                                       std::span<const double> similarities,
                                       std::int64_t layers,
                                       std::int32_t budget,
                                       std::int64_t least);

}  // namespace epi
