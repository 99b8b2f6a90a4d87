#include "core/engine/block_prefill.h"

#include <algorithm>

#include "core/model/reindex.h"

namespace epi {
namespace {

std::int64_t promptPosition(const PrefillTask& task, std::int64_t nextPosition) {
    return task.promptAtLastPosition ? nextPosition - 1 : nextPosition;
}

}  // namespace

BlockPrefill::BlockPrefill(const Executor& executor, KvCache& cache, PrefillTask task)
    : executor_(executor), cache_(cache), task_(std::move(task)), next_(task_.readTokens) {}

std::int64_t BlockPrefill::nextRows() const {
    return std::min(task_.block, static_cast<std::int64_t>(task_.ids.size()) - next_);
}

void BlockPrefill::reindex() {
    if (!task_.reindexes) return;
    reindexForRoom(executor_, cache_, nextRows() + static_cast<std::int64_t>(task_.prompt.size()));
}

bool BlockPrefill::evictsNext() const {
    return !task_.prompt.empty() && exceedsBudget(cache_, executor_.spec(), task_.rule, nextRows());
}

Result<void> BlockPrefill::step(const CancelToken& cancel, const ProbeEviction::Observer& observe) {
    const auto ids = std::span<const TokenId>(task_.ids).subspan(static_cast<std::size_t>(next_),
                                                                 static_cast<std::size_t>(nextRows()));
    const std::int64_t rows = nextRows();
    reindex();
    const std::int64_t position = cache_.nextPosition();
    ForwardRequest request{
        .groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = position}},
        .logitRows = 0,
        .hook = nullptr,
        .cancel = cancel};
    ProbeEviction eviction(executor_.spec(), task_.rule, position + rows, observe);
    WindowEviction windows(executor_.spec());
    request.hook = &windows;
    if (evictsNext()) {
        request.groups.push_back({.kind = RowGroup::Kind::kProbe,
                                  .ids = task_.prompt,
                                  .firstPosition = promptPosition(task_, position + rows)});
        request.hook = &eviction;
    }
    EPI_TRY(executor_.forward(request, cache_));
    next_ += rows;
    return {};
}

Result<void> BlockPrefill::run(const CancelToken& cancel) {
    while (!isDone())
        EPI_TRY(step(cancel));
    return {};
}

std::vector<std::int64_t> BlockPrefill::rowsPerHead(const ModelSpec& spec,
                                                    std::span<const std::int32_t> layerBudgets,
                                                    std::int64_t block) {
    std::vector<std::int64_t> rows;
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        const auto& window = spec.layers[layer].attention.window;
        rows.push_back((window ? *window : layerBudgets[layer]) + block);
    }
    return rows;
}

Result<void> evictInPlace(const Executor& executor,
                          KvCache& cache,
                          const PrefillTask& task,
                          const CancelToken& cancel) {
    if (task.prompt.empty() || !exceedsBudget(cache, executor.spec(), task.rule, 0)) return {};
    ProbeEviction eviction(executor.spec(), task.rule, cache.nextPosition());
    const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kProbe,
                                             .ids = task.prompt,
                                             .firstPosition = promptPosition(task, cache.nextPosition())}},
                                 .logitRows = 0,
                                 .hook = &eviction,
                                 .cancel = cancel};
    EPI_TRY(executor.forward(request, cache));
    return {};
}

}  // namespace epi
