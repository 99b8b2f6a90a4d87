// What cutting one layer of a cache takes on the host, keys and values apart: they have no elements here.
// Microseconds per layer, the median.
//   epichat-cut-bench [heads] [budget] [block]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "core/policy/probe_eviction.h"

namespace epi {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRepeats = 200;
constexpr int kLayers = 16;  // as a small model has, so that one layer's storage is not in the cache for all

struct Sizes {
    std::int32_t heads = 8;
    std::int64_t budget = 4096;
    std::int64_t block = 2048;
};

/// Microseconds since the last lap.
class Laps {
public:
    double lap() {
        const auto now = Clock::now();
        const double passed = std::chrono::duration<double, std::micro>(now - last_).count();
        last_ = now;
        return passed;
    }

private:
    Clock::time_point last_ = Clock::now();
};

void print(const char* what, std::vector<double>& laps) {
    std::ranges::sort(laps);
    std::printf("  %-34s %8.1f\n", what, laps[laps.size() / 2]);
}

/// As the attention of softmax rows is: most of it near zero, over many powers of two. Random layers of an
/// even spread are the other kind of what a scorer gives.
at::Tensor someScores(std::int64_t count, bool isEven, std::mt19937& random) {
    at::Tensor scores = at::empty({count}, at::kFloat);
    std::normal_distribution<float> exponent(-7.0F, 2.0F);
    std::uniform_real_distribution<float> even;
    float* values = scores.mutable_data_ptr<float>();
    std::generate(values, values + count, [&] { return isEven ? even(random) : std::exp(exponent(random)); });
    return scores;
}

int run(const Sizes& sizes, BudgetLevel level, bool isEven) {
    ModelSpec spec;
    spec.layers.resize(kLayers);
    for (LayerSpec& layer : spec.layers)
        layer.attention.kvHeads = sizes.heads;
    EvictionRule rule;
    rule.layerBudgets.assign(kLayers, static_cast<std::int32_t>(sizes.budget));
    rule.level = level;
    rule.pins.sinks = 4;
    rule.pins.recent = 64;
    const Placement placement{.cacheType = c10::kHalf};
    const std::int64_t rows = sizes.heads * (sizes.budget + sizes.block);
    const auto area = std::make_shared<WorkingArea>(0, placement);
    std::vector<LayerArena> arenas;
    std::vector<at::Tensor> scores;
    std::mt19937 random(1);
    for (int layer = 0; layer < kLayers; ++layer) {
        arenas.emplace_back(
            LayerArena::Shape{.kvHeads = sizes.heads, .headDim = 0, .rowsPerHead = sizes.budget},
            placement,
            LayerArena::Spare{.area = area, .rowsPerHead = sizes.budget + sizes.block});
        if (!arenas.back().extend(sizes.budget, 0)) return 1;
        scores.push_back(someScores(rows, isEven, random));
    }
    std::vector<double> extend;
    std::vector<double> plan;
    std::vector<double> apply;
    std::int64_t position = sizes.budget;
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
        Laps laps;
        for (LayerArena& arena : arenas)
            if (!arena.extend(sizes.block, position)) return 1;
        extend.push_back(laps.lap() / kLayers);
        position += sizes.block;
        double chosen = 0.0;
        double moved = 0.0;
        ProbeEviction eviction(spec,
                               rule,
                               {.nextPosition = position, .blockTokens = sizes.block},
                               [&](std::int32_t, const Selection&) { chosen += laps.lap(); });
        laps.lap();
        for (int layer = 0; layer < kLayers; ++layer) {
            const at::Tensor& own = scores[static_cast<std::size_t>(layer)];
            if (!eviction.afterLayer(layer, arenas[static_cast<std::size_t>(layer)], std::span(&own, 1)))
                return 1;
            moved += laps.lap();
        }
        plan.push_back(chosen / kLayers);
        apply.push_back(moved / kLayers);
    }
    std::printf("%s, scores %s\n",
                level == BudgetLevel::kPair ? "pair" : "pair-uniform",
                isEven ? "evenly spread" : "of attention");
    print("extend", extend);
    print("choose (scores, pins, selection)", plan);
    print("apply without keys and values", apply);
    return 0;
}

int run(int argc, char** argv) {
    const c10::InferenceMode inference;
    Sizes sizes;
    if (argc > 1) sizes.heads = std::atoi(argv[1]);
    if (argc > 2) sizes.budget = std::atoi(argv[2]);
    if (argc > 3) sizes.block = std::atoi(argv[3]);
    std::printf("%d heads, %lld to %lld entries: microseconds per layer\n",
                sizes.heads,
                static_cast<long long>(sizes.budget + sizes.block),
                static_cast<long long>(sizes.budget));
    for (const BudgetLevel level : {BudgetLevel::kPair, BudgetLevel::kPairUniform}) {
        for (const bool isEven : {false, true})
            if (run(sizes, level, isEven) != 0) return 1;
    }
    return 0;
}

}  // namespace
}  // namespace epi

int main(int argc, char** argv) {
    return epi::run(argc, argv);
}
