#include "core/engine/block_prefill.h"

#include <algorithm>
#include <string>

#include <ATen/ops/empty.h>

#include "core/model/reindex.h"

namespace epi {
namespace {

/// The probes of a score over one block. Owns the tokens its groups point to.
class Probes {
public:
    Probes(const PrefillTask& task, std::span<const TokenId> block, std::int64_t nextPosition) {
        const auto requests = task.rule.score.probes();
        ids_.reserve(requests.size());
        for (std::size_t index = 0; index < requests.size(); ++index) {
            std::vector<TokenId> ids = rowsOf(requests[index], task, block);
            if (ids.empty()) continue;
            groups_.push_back({.kind = RowGroup::Kind::kProbe,
                               .ids = ids_.emplace_back(std::move(ids)),
                               .firstPosition = nextPosition - (task.promptAtLastPosition ? 1 : 0),
                               .reduction = requests[index].reduction});
            ran_.push_back(index);
        }
    }
    Probes(const Probes&) = delete;
    Probes& operator=(const Probes&) = delete;

    [[nodiscard]] const std::vector<RowGroup>& groups() const { return groups_; }
    [[nodiscard]] const std::vector<std::size_t>& ran() const { return ran_; }

private:
    static std::vector<TokenId> rowsOf(const ProbeRequest& request,
                                       const PrefillTask& task,
                                       std::span<const TokenId> block) {
        switch (request.kind) {
            case ProbeKind::kNone:
                return {};
            case ProbeKind::kPatchedPrompt:
                return task.prompt;
            case ProbeKind::kRepeatedBlock: {
                if (block.empty()) return {};
                std::vector<TokenId> ids = task.repeatRequest;
                ids.insert(ids.end(), block.begin(), block.end());
                return ids;
            }
            case ProbeKind::kRecentWindow: {
                const auto wanted = static_cast<std::size_t>(request.windowRows);
                if (block.empty()) {
                    const auto next = std::span(task.ids).first(std::min(wanted, task.ids.size()));
                    return {next.begin(), next.end()};
                }
                const auto last = block.last(std::min(wanted, block.size()));
                return {last.begin(), last.end()};
            }
        }
        return {};
    }

    std::vector<std::vector<TokenId>> ids_;
    std::vector<RowGroup> groups_;
    std::vector<std::size_t> ran_;
};

/// Copies the newest rows of each layer and drops them.
class TakeNewest final : public LayerHook {
public:
    explicit TakeNewest(std::int64_t rows) : rows_(rows) {}

    Result<void> afterLayer(std::int32_t /*layer*/,
                            LayerArena& arena,
                            std::span<const at::Tensor> /*probeScores*/) override {
        const LayerArena::Shape& shape = arena.shape();
        const auto make = [&] {
            return at::empty({shape.kvHeads, rows_, shape.headDim}, arena.keys().options());
        };
        LayerRows& taken = taken_.emplace_back(LayerRows{.keys = make(), .values = make()});
        std::vector<std::int64_t> lengths;
        for (const HeadRun& run : arena.runs()) {
            const auto take = [&](const at::Tensor& entries, const at::Tensor& to) {
                to.narrow(0, run.firstHead, run.count).copy_(entries.narrow(1, run.length - rows_, rows_));
            };
            take(run.keys, taken.keys);
            take(run.values, taken.values);
            lengths.insert(lengths.end(), static_cast<std::size_t>(run.count), run.length - rows_);
        }
        arena.truncate(lengths);
        return {};
    }

    [[nodiscard]] ComputedRows taken() && { return std::move(taken_); }

private:
    std::int64_t rows_;
    ComputedRows taken_;
};

/// Whether a layer may be cut at all: an episode without a prompt has nothing to do it by.
bool canEvict(const PrefillTask& task) {
    return !task.prompt.empty() || !task.rule.score.usesPatchedPrompt();
}

}  // namespace

BlockPrefill::BlockPrefill(const Executor& executor, KvCache& cache, PrefillTask task)
    : executor_(executor), cache_(cache), task_(std::move(task)), next_(task_.readTokens) {}

std::int64_t BlockPrefill::nextRows() const {
    return std::min(task_.block, static_cast<std::int64_t>(task_.ids.size()) - next_);
}

bool BlockPrefill::reindex() {
    if (!task_.reindexes) return false;
    const auto size = [](const std::vector<TokenId>& ids) {
        return static_cast<std::int64_t>(ids.size());
    };
    const std::int64_t probes =
        probeRows(task_.rule.score, nextRows(), size(task_.prompt), size(task_.repeatRequest));
    return reindexForRoom(executor_, cache_, nextRows() + probes);
}

bool BlockPrefill::evictsNext() const {
    return canEvict(task_) && (task_.rule.score.keepsScores() ||
                               exceedsBudget(cache_, executor_.spec(), task_.rule, nextRows()));
}

std::span<const TokenId> BlockPrefill::nextBlock() const {
    return std::span(task_.ids).subspan(static_cast<std::size_t>(next_),
                                        static_cast<std::size_t>(nextRows()));
}

std::int64_t BlockPrefill::nextBytes() const {
    std::int64_t rowBytes = 0;
    for (const LayerSpec& layer : executor_.spec().layers)
        rowBytes += std::int64_t{2} * layer.attention.kvHeads * layer.attention.headDim;
    return nextRows() * rowBytes *
           static_cast<std::int64_t>(c10::elementSize(executor_.placement().cacheType));
}

Result<ComputedRows> BlockPrefill::computeNext(const CancelToken& cancel) {
    const KvCache::Mark before = cache_.mark();
    TakeNewest taking(nextRows());
    const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                             .ids = nextBlock(),
                                             .firstPosition = cache_.nextPosition()}},
                                 .logitRows = 0,
                                 .hook = &taking,
                                 .cancel = cancel};
    const auto computed = executor_.forward(request, cache_);
    cache_.truncate(before);
    if (!computed) return computed.error();
    return std::move(taking).taken();
}

Result<void> BlockPrefill::step(const CancelToken& cancel,
                                const ProbeEviction::Observer& observe,
                                const ComputedRows* computed) {
    const std::span<const TokenId> ids = nextBlock();
    const std::int64_t rows = nextRows();
    reindex();
    const std::int64_t position = cache_.nextPosition();
    ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                       .ids = ids,
                                       .firstPosition = position,
                                       .computed = computed}},
                           .logitRows = 0,
                           .hook = nullptr,
                           .cancel = cancel};
    const Probes probes(task_, ids, position + rows);
    ProbeEviction eviction(executor_.spec(),
                           task_.rule,
                           {.nextPosition = position + rows, .blockTokens = rows, .probes = probes.ran()},
                           observe);
    WindowEviction windows(executor_.spec());
    request.hook = &windows;
    if (evictsNext()) {
        request.groups.insert(request.groups.end(), probes.groups().begin(), probes.groups().end());
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

std::int64_t BlockPrefill::probeRows(const Score& score,
                                     std::int64_t block,
                                     std::int64_t promptTokens,
                                     std::int64_t repeatRequestTokens) {
    std::int64_t rows = 0;
    for (const ProbeRequest& request : score.probes()) {
        if (request.kind == ProbeKind::kPatchedPrompt) rows += promptTokens;
        if (request.kind == ProbeKind::kRepeatedBlock) rows += block + repeatRequestTokens;
        if (request.kind == ProbeKind::kRecentWindow) rows += request.windowRows;
    }
    return rows;
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

Result<PrefillTask> trunkOf(PrefillTask task, std::string_view score) {
    EPI_TRY_ASSIGN(task.rule.score, Score::bind(score));
    if (task.rule.score.usesPatchedPrompt())
        return Error{ErrorCode::kInvalidArgument,
                     "a trunk has no prompt to be cut by: " + std::string(score)};
    task.rule.level = BudgetLevel::kPairUniform;
    task.prompt.clear();
    return task;
}

Result<void> evictInPlace(const Executor& executor,
                          KvCache& cache,
                          const PrefillTask& task,
                          const CancelToken& cancel) {
    const auto cut = [&](LayerHook& hook) -> Result<void> {
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
            EPI_TRY(hook.afterLayer(layer, cache.layer(layer), {}));
        return {};
    };
    // A window can be full long before the budget of the other layers is.
    WindowEviction windows(executor.spec());
    if (!canEvict(task) || !exceedsBudget(cache, executor.spec(), task.rule, 0)) return cut(windows);
    const Probes probes(task, {}, cache.nextPosition());
    ProbeEviction eviction(
        executor.spec(), task.rule, {.nextPosition = cache.nextPosition(), .probes = probes.ran()});
    if (probes.groups().empty()) return cut(eviction);
    const ForwardRequest request{
        .groups = probes.groups(), .logitRows = 0, .hook = &eviction, .cancel = cancel};
    EPI_TRY(executor.forward(request, cache));
    return {};
}

}  // namespace epi
