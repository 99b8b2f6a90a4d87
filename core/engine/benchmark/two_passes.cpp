#include "core/engine/benchmark/two_passes.h"

#include <algorithm>
#include <vector>

namespace epi {
namespace {

/// Puts the scores of all layers away.
class KeepScores final : public LayerHook {
public:
    Result<void> afterLayer(std::int32_t /*layer*/,
                            LayerArena& /*arena*/,
                            std::span<const at::Tensor> probeScores) override {
        scores_.emplace_back(probeScores.begin(), probeScores.end());
        return {};
    }
    [[nodiscard]] const std::vector<at::Tensor>& of(std::int32_t layer) const {
        return scores_[static_cast<std::size_t>(layer)];
    }

private:
    std::vector<std::vector<at::Tensor>> scores_;  // [layer][probe]
};

}  // namespace

Result<void> readInTwoPasses(const Executor& executor,
                             KvCache& cache,
                             const PrefillTask& task,
                             const CancelToken& cancel) {
    const std::span<const TokenId> ids(task.ids);
    for (std::size_t first = 0; first < ids.size(); first += static_cast<std::size_t>(task.block)) {
        const auto block =
            ids.subspan(first, std::min(static_cast<std::size_t>(task.block), ids.size() - first));
        const auto rows = static_cast<std::int64_t>(block.size());
        const std::int64_t position = cache.nextPosition();
        const bool evicts = exceedsBudget(cache, executor.spec(), task.rule, rows);
        WindowEviction windows(executor.spec());
        const ForwardRequest reading{
            .groups = {{.kind = RowGroup::Kind::kAppend, .ids = block, .firstPosition = position}},
            .logitRows = 0,
            .hook = evicts ? nullptr : &windows,
            .cancel = cancel};
        EPI_TRY(executor.forward(reading, cache));
        if (!evicts) continue;
        KeepScores scores;
        const ForwardRequest scoring{
            .groups = {{.kind = RowGroup::Kind::kProbe,
                        .ids = task.prompt,
                        .firstPosition = position + rows - (task.promptAtLastPosition ? 1 : 0)}},
            .logitRows = 0,
            .hook = &scores,
            .cancel = cancel};
        EPI_TRY(executor.forward(scoring, cache));
        ProbeEviction eviction(
            executor.spec(), task.rule, {.nextPosition = position + rows, .blockTokens = rows});
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
            EPI_TRY(eviction.afterLayer(layer, cache.layer(layer), scores.of(layer)));
    }
    return {};
}

}  // namespace epi
