#include "core/engine/model_tools.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>

#include "core/engine/block_prefill.h"
#include "core/engine/reading_cache.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/policy/preset.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::int64_t kTopLogits = 32;
constexpr std::int64_t kReplayTokens = 16;
// Rows whose logits are held at a time: 256 rows of a 150,000-token vocabulary are 154 MB.
constexpr std::int64_t kRowsPerForward = 256;

KvCache denseCache(const Executor& executor, std::int64_t tokens) {
    const std::vector<std::int64_t> rows(executor.spec().layers.size(), tokens);
    return KvCache(executor.spec(), rows, executor.placement());
}

LogitsRow summarise(const at::Tensor& row, std::span<const TokenId> probe) {
    const at::Tensor wide = row.to(at::kCPU, at::kDouble);
    LogitsRow summary;
    summary.logSumExp = at::logsumexp(wide, {0}).item<double>();
    summary.mean = wide.mean().item<double>();
    summary.standardDeviation = wide.std(0, false).item<double>();
    const auto [values, ids] = wide.topk(std::min(kTopLogits, wide.size(0)));
    for (std::int64_t i = 0; i < values.size(0); ++i) {
        summary.top.emplace_back(static_cast<TokenId>(ids[i].item<std::int64_t>()), values[i].item<float>());
    }
    for (const TokenId id : probe) {
        summary.probe.emplace_back(id, id >= 0 && id < wide.size(0) ? wide[id].item<float>() : NAN);
    }
    return summary;
}

/// Notes what every layer keeps after a block.
EvictionReplayBlock describe(const KvCache& cache) {
    EvictionReplayBlock block;
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        auto& heads = block.kept.emplace_back();
        for (std::int32_t head = 0; head < cache.layer(layer).shape().kvHeads; ++head) {
            const auto positions = cache.layer(layer).positions(head);
            heads.emplace_back(positions.begin(), positions.end());
        }
    }
    return block;
}

Result<PrefillTask> prefillTask(const EvictionReplay& replay, const ModelSpec& spec) {
    EPI_TRY_ASSIGN(const MemoryPreset preset, presetById(replay.preset));
    if (replay.block < 1 || replay.budget < 1) {
        return Error{ErrorCode::kInvalidArgument,
                     "budget is " + std::to_string(replay.budget) + " and block is " +
                         std::to_string(replay.block) + ", both must be at least 1"};
    }
    EPI_TRY_ASSIGN(Score score,
                   Score::bind(replay.score.empty() ? preset.score : std::string_view(replay.score)));
    const bool needsPrompt = score.usesPatchedPrompt() && replay.prompt.empty();
    if (needsPrompt) return Error{ErrorCode::kInvalidArgument, "this score needs a patched prompt"};
    PrefillTask task{.ids = replay.ids,
                     .firstPosition = 0,
                     .block = replay.block,
                     .rule = {.layerBudgets = replay.layerBudgets,
                              .level = replay.level.value_or(preset.level),
                              .pins = preset.pins,
                              .prefixTokens = replay.prefixTokens,
                              .score = std::move(score),
                              .headFloor = replay.headFloor.value_or(preset.headFloor)},
                     .prompt = replay.prompt,
                     .promptAtLastPosition = preset.promptAtLastPosition,
                     .repeatRequest = replay.prompt};
    if (task.rule.layerBudgets.empty()) {
        task.rule.layerBudgets.assign(spec.layers.size(), static_cast<std::int32_t>(replay.budget));
    }
    if (task.rule.layerBudgets.size() != spec.layers.size()) {
        return Error{ErrorCode::kInvalidArgument,
                     std::to_string(task.rule.layerBudgets.size()) +
                         " layer budgets are given, the model has " + std::to_string(spec.layers.size()) +
                         " layers"};
    }
    EPI_TRY(checkPins(spec, task.rule));
    return task;
}

/// What computes the history for a preset that reads in one pass.
struct Trunk {
    Trunk(const Executor& executor, const ReadingRows& rows, PrefillTask task)
        : cache(executor.spec(), rows, executor.placement()), prefill(executor, cache, std::move(task)) {}
    KvCache cache;
    BlockPrefill prefill;
};

/// Null for any other preset, and for a score without a prompt, which has one cache anyway.
Result<std::unique_ptr<Trunk>> makeTrunk(const EvictionReplay& replay,
                                         const Executor& executor,
                                         const ReadingRows& rows,
                                         const PrefillTask& task) {
    EPI_TRY_ASSIGN(const MemoryPreset preset, presetById(replay.preset));
    if (preset.trunk.empty() || !task.rule.score.usesPatchedPrompt()) return std::unique_ptr<Trunk>();
    EPI_TRY_ASSIGN(PrefillTask trunk, trunkOf(task, preset.trunk));
    return std::make_unique<Trunk>(executor, rows, std::move(trunk));
}

}  // namespace

Result<LogitsReport> reportLogits(const LanguageModel& model,
                                  std::span<const TokenId> ids,
                                  std::int64_t last,
                                  std::span<const TokenId> probe) {
    const c10::InferenceMode inference;
    return guarded("computing logits", [&]() -> Result<LogitsReport> {
        const Executor& executor = model.executor();
        const auto count = static_cast<std::int64_t>(ids.size());
        KvCache cache = denseCache(executor, count);
        LogitsReport report;
        for (std::int64_t first = 0; first < count; first += kRowsPerForward) {
            const std::int64_t rows = std::min(kRowsPerForward, count - first);
            ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                               .ids = ids.subspan(static_cast<std::size_t>(first),
                                                                  static_cast<std::size_t>(rows)),
                                               .firstPosition = first}},
                                   .logitRows = rows,
                                   .hook = nullptr,
                                   .cancel = {}};
            EPI_TRY_ASSIGN(const at::Tensor logits, executor.forward(request, cache));
            const at::Tensor logProbabilities = at::log_softmax(logits.to(at::kDouble), -1);
            for (std::int64_t row = 0; row < rows; ++row) {
                const std::int64_t position = first + row;
                if (position >= count - last) report.positions.push_back(summarise(logits[row], probe));
                if (position + 1 == count) continue;
                const TokenId next = ids[static_cast<std::size_t>(position + 1)];
                report.nextLogProbability.push_back(logProbabilities[row][next].item<double>());
            }
        }
        return report;
    });
}

Result<Generation> generateOnce(const LanguageModel& model, const GenerationRequest& request) {
    const c10::InferenceMode inference;
    return guarded("answering", [&]() -> Result<Generation> {
        KvCache cache =
            denseCache(model.executor(),
                       static_cast<std::int64_t>(request.prompt.size()) + request.sampling.maxTokens + 1);
        return generate(model, cache, request);
    });
}

Result<EvictionReplayReport> replayEviction(const LanguageModel& model, const EvictionReplay& replay) {
    const c10::InferenceMode inference;
    return guarded("replaying eviction", [&]() -> Result<EvictionReplayReport> {
        const Executor& executor = model.executor();
        EPI_TRY_ASSIGN(const PrefillTask task, prefillTask(replay, executor.spec()));
        const auto promptTokens = static_cast<std::int64_t>(replay.prompt.size());
        const std::int64_t promptRows =
            BlockPrefill::probeRows(task.rule.score, task.block, promptTokens, promptTokens);
        const ReadingRows rows = readingRows(executor, task.rule.layerBudgets, task.block);
        KvCache reading(executor.spec(), rows, executor.placement());

        EvictionReplayReport report;
        report.layerBudgets = task.rule.layerBudgets;
        for (std::int32_t layer = 0; layer < reading.layerCount(); ++layer) {
            report.peakEntriesPerHead =
                std::max(report.peakEntriesPerHead, reading.layer(layer).mostRowsPerHead() + promptRows);
        }
        report.peakEntriesBound =
            *std::max_element(rows.kept.begin(), rows.kept.end()) + task.block + promptRows;
        BlockPrefill prefill(executor, reading, task);
        EPI_TRY_ASSIGN(std::unique_ptr<Trunk> trunk, makeTrunk(replay, executor, rows, task));
        while (!prefill.isDone()) {
            ComputedRows computed;
            if (trunk) {
                EPI_TRY_ASSIGN(computed, trunk->prefill.computeNext({}));
                EPI_TRY(trunk->prefill.step({}, {}, &computed));
            }
            std::vector<std::vector<float>> kept(executor.spec().layers.size());
            std::vector<std::vector<float>> dropped(executor.spec().layers.size());
            const auto observe = [&](std::int32_t layer, const Selection& selection) {
                kept[static_cast<std::size_t>(layer)] = selection.thresholdKept;
                dropped[static_cast<std::size_t>(layer)] = selection.thresholdDropped;
            };
            EPI_TRY(prefill.step({}, observe, trunk ? &computed : nullptr));
            EvictionReplayBlock& block = report.blocks.emplace_back(describe(reading));
            block.thresholdKept = std::move(kept);
            block.thresholdDropped = std::move(dropped);
        }
        if (replay.question.empty()) return report;
        // The tail holds the question and its answer.
        const auto tail = static_cast<std::int64_t>(replay.question.size()) + kReplayTokens + 1;
        KvCache cache(executor.spec(),
                      BlockPrefill::rowsPerHead(executor.spec(), task.rule.layerBudgets, tail),
                      executor.placement());
        EPI_TRY(cache.restore(reading.snapshot()));
        const KvCache::Mark mark = cache.mark();
        const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                                 .ids = replay.question,
                                                 .firstPosition = cache.nextPosition()}},
                                     .logitRows = 1,
                                     .hook = nullptr,
                                     .cancel = {}};
        EPI_TRY_ASSIGN(const at::Tensor logits, executor.forward(request, cache));
        report.answer = summarise(logits[0], {});
        cache.truncate(mark);
        SamplingOptions sampling;
        sampling.maxTokens = static_cast<std::int32_t>(kReplayTokens);
        EPI_TRY_ASSIGN(report.greedy,
                       generate(model,
                                cache,
                                {.prompt = replay.question,
                                 .sampling = sampling,
                                 .stopAtEnd = false,
                                 .recordGaps = true,
                                 .onText = {},
                                 .cancel = {}}));
        return report;
    });
}

}  // namespace epi
