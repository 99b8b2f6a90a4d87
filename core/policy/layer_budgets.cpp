#include "core/policy/layer_budgets.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace epi {
namespace {

constexpr double kReleasedFloor = 0.25;  // of the mean

/// Sets to its bound what its share takes out of bounds, one side at a time, until nothing is.
std::vector<double> boundedShares(std::span<const double> weights, double total, double least, double most) {
    std::vector<double> shares(weights.size());
    std::vector<bool> isFixed(weights.size(), false);
    for (;;) {
        double weightLeft = 0.0;
        double totalLeft = total;
        double count = 0.0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            weightLeft += isFixed[i] ? 0.0 : weights[i];
            totalLeft -= isFixed[i] ? shares[i] : 0.0;
            count += isFixed[i] ? 0.0 : 1.0;
        }
        double below = 0.0;
        double above = 0.0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (isFixed[i]) continue;
            shares[i] = weightLeft > 0.0 ? totalLeft * weights[i] / weightLeft : totalLeft / count;
            below += std::max(0.0, least - shares[i]);
            above += std::max(0.0, shares[i] - most);
        }
        if (below <= 0.0 && above <= 0.0) return shares;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (isFixed[i]) continue;
            const bool isOut = below > above ? shares[i] < least : shares[i] > most;
            if (!isOut) continue;
            shares[i] = below > above ? least : most;
            isFixed[i] = true;
        }
    }
}

std::vector<std::int32_t> released(std::span<const double> similarities, double power, std::int32_t budget) {
    const auto [least, most] = std::ranges::minmax(similarities);
    std::vector<std::int32_t> budgets(similarities.size(), budget);
    if (most <= least) return budgets;
    std::vector<double> weights;
    for (const double similarity : similarities)
        weights.push_back(std::pow(1.0 - (similarity - least) / (most - least), power));
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    const double total = static_cast<double>(budget) * static_cast<double>(weights.size());
    const auto floor =
        std::max<std::int32_t>(1, static_cast<std::int32_t>(kReleasedFloor * static_cast<double>(budget)));
    for (std::size_t i = 0; i < weights.size(); ++i)
        budgets[i] = std::max(floor, static_cast<std::int32_t>(weights[i] * total / sum));
    return budgets;
}

}  // namespace

std::vector<std::int64_t> splitExactly(std::span<const double> weights,
                                       std::int64_t total,
                                       std::int64_t least,
                                       std::int64_t most) {
    assert(!weights.empty() && least * std::ssize(weights) <= total && total <= most * std::ssize(weights));
    const std::vector<double> shares = boundedShares(
        weights, static_cast<double>(total), static_cast<double>(least), static_cast<double>(most));
    std::vector<std::int64_t> whole;
    std::vector<double> remainders;
    for (const double share : shares) {
        whole.push_back(std::clamp(static_cast<std::int64_t>(std::floor(share)), least, most));
        remainders.push_back(share - static_cast<double>(whole.back()));
    }
    std::vector<std::size_t> order(shares.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return remainders[i]; });
    std::int64_t left = total - std::accumulate(whole.begin(), whole.end(), std::int64_t{0});
    while (left > 0) {
        for (const std::size_t i : order) {
            if (left == 0) break;
            if (whole[i] == most) continue;
            ++whole[i];
            --left;
        }
    }
    return whole;
}

std::vector<std::int32_t> layerBudgets(const LayerSplit& split,
                                       std::span<const double> similarities,
                                       std::int64_t layers,
                                       std::int32_t budget,
                                       std::int64_t least) {
    if (similarities.empty() || split.rule == LayerSplit::Rule::kUniform)
        return std::vector<std::int32_t>(static_cast<std::size_t>(layers), budget);
    assert(static_cast<std::int64_t>(similarities.size()) == layers);
    if (split.rule == LayerSplit::Rule::kReleased) return released(similarities, split.power, budget);
    std::vector<double> weights;
    for (const double similarity : similarities)
        weights.push_back(std::pow(std::max(0.0, 1.0 - similarity), split.power));
    const std::int64_t total = std::int64_t{budget} * layers;
    const auto floor = std::max(least, static_cast<std::int64_t>(split.floor * static_cast<double>(budget)));
    const std::vector<std::int64_t> exact =
        splitExactly(weights, total, std::min<std::int64_t>(floor, budget), total);
    return {exact.begin(), exact.end()};
}

}  // namespace epi
