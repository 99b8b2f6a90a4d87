#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/kv/layer_arena.h"
#include "core/tensor/score_reduction.h"

namespace epi {

/// Rows that are run behind a block to see what they attend to. kPatchedPrompt: the episode's prompt, so that
/// the caches of episodes differ. kRepeatedBlock: a request to repeat, and the block itself. kRecentWindow:
/// the block's last rows once more.
enum class ProbeKind { kNone, kPatchedPrompt, kRepeatedBlock, kRecentWindow };

struct ProbeRequest {
    ProbeKind kind = ProbeKind::kNone;
    std::int64_t windowRows = 0;  // kRecentWindow
    ScoreReduction reduction{};

    bool operator==(const ProbeRequest&) const = default;
};

struct ScorerParameter {
    std::string_view name;
    double value = 0.0;  // by default
    double least = 0.0;
    double most = 1.0;
    std::string_view summary;
};

/// Values of all parameters of a scorer.
class ScorerParameters {
public:
    void set(std::string_view name, double value);
    /// Requires: the scorer has this parameter.
    [[nodiscard]] double at(std::string_view name) const;
    [[nodiscard]] bool isOn(std::string_view name) const { return at(name) != 0.0; }

private:
    std::vector<std::pair<std::string, double>> values_;
};

/// One layer behind a block, before it is cut.
struct LayerView {
    const LayerArena& arena;
    std::int64_t nextPosition = 0;  // after the newest entry
    std::int64_t blockTokens = 0;   // entries of every head that are new since the last cut
    const at::Tensor& probeScores;  // [totalLength] of its probe; undefined without one
    const ScorerParameters& parameters;
};

/// What an entry is worth: larger is kept. A scorer never sees the budget and never drops anything. It is one
/// file in core/policy/scorers/ whose name is its id, found by the build.
struct Scorer {
    std::string_view id;
    std::string_view title;
    std::string_view summary;
    std::span<const ScorerParameter> parameters{};
    /// The rows it wants run; null: none.
    ProbeRequest (*probe)(const ScorerParameters& parameters) = nullptr;
    /// Whether an entry keeps the score of the block it came with; null: every entry is scored anew.
    bool (*keepsScores)(const ScorerParameters& parameters) = nullptr;
    /// Scores [totalLength], head-major, fp32, finite, on the arena's device or the CPU.
    at::Tensor (*score)(const LayerView& layer) = nullptr;
};

std::span<const Scorer* const> allScorers();

/// kInvalidArgument lists the known ones.
Result<const Scorer*> scorerById(std::string_view id);

}  // namespace epi

/// Ends a scorer's file: `EPI_SCORER(keydiff){.id = "keydiff", ...};`
#define EPI_SCORER(stem)                       \
    extern const ::epi::Scorer kScorer_##stem; \
    const ::epi::Scorer kScorer_##stem
