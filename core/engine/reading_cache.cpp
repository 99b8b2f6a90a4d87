#include "core/engine/reading_cache.h"

#include <algorithm>

#include "core/engine/block_prefill.h"
#include "core/engine/episode_builder.h"
#include "core/engine/memory_room.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/guard.h"
#include "core/tensor/host_block.h"

namespace epi {
namespace {

/// Whether every block of a memory of episodes is cut to the budgets, so that no layer holds more for longer
/// than it runs.
bool isCut(const BuiltMemory& memory, const Score& score) {
    return !score.usesPatchedPrompt() ||
           std::ranges::none_of(memory.episodes, [](const auto& episode) { return episode.prompt.empty(); });
}

}  // namespace

ReadingRows readingRows(const Executor& executor,
                        std::span<const std::int32_t> layerBudgets,
                        std::int64_t block) {
    return {.kept = BlockPrefill::rowsPerHead(executor.spec(), layerBudgets, 0),
            .block = block,
            .areas = executor.runsFused() ? 2 : 1};
}

ReadingPeak readingPeak(const ModelSpec& spec,
                        const ReadingRows& rows,
                        std::int64_t probes,
                        c10::ScalarType cacheType) {
    std::int64_t kept = 0;
    std::int64_t blocks = 0;
    std::int64_t prompts = 0;
    std::int64_t area = 0;
    std::int64_t oneCopy = 0;
    std::int64_t onePrompt = 0;
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        const AttentionSpec& attention = spec.layers[layer].attention;
        const std::int64_t rowBytes = std::int64_t{2} * attention.kvHeads * attention.headDim *
                                      static_cast<std::int64_t>(c10::elementSize(cacheType));
        kept += rowBytes * rows.kept[layer];
        blocks += rowBytes * rows.block;
        prompts += rowBytes * probes;
        area = std::max(area, rowBytes * (rows.kept[layer] + rows.block));
        oneCopy = std::max(oneCopy, rowBytes * rows.kept[layer]);
        onePrompt = std::max(onePrompt, rowBytes * probes);
    }
    return {.probes = onePrompt,
            .fused = kept + rows.areas * area + onePrompt,
            .twoPasses = kept + blocks + onePrompt + oneCopy,
            .released = kept + blocks + prompts + oneCopy};
}

std::int64_t finishedBytes(const Executor& executor,
                           std::span<const std::int32_t> layerBudgets,
                           std::int64_t history) {
    std::int64_t bytes = 0;
    for (std::size_t layer = 0; layer < layerBudgets.size(); ++layer) {
        const AttentionSpec& attention = executor.spec().layers[layer].attention;
        const std::int64_t rows =
            std::min<std::int64_t>(history, attention.window ? *attention.window : layerBudgets[layer]);
        bytes += 2 * HostPieces::bytesFor(
                         rows * attention.kvHeads * attention.headDim *
                         static_cast<std::int64_t>(c10::elementSize(executor.placement().cacheType)));
    }
    return bytes;
}

std::int64_t probeRows(const BuiltMemory& memory) {
    if (memory.resolved.isDense) return 0;
    std::int64_t prompt = 0;
    for (const EpisodeMemory& episode : memory.episodes)
        prompt = std::max(prompt, static_cast<std::int64_t>(episode.prompt.size()));
    return BlockPrefill::probeRows(*Score::bind(memory.resolved.score),
                                   memory.resolved.options.block,
                                   prompt,
                                   static_cast<std::int64_t>(memory.repeatRequest.size()));
}

Result<KvCache> makeReadingCache(const LanguageModel& model, const BuiltMemory& memory, MemoryPeak& peak) {
    if (memory.resolved.isDense) return makeCache(model, memory, peak);
    const Executor& executor = model.executor();
    const ReadingRows rows = readingRows(executor, memory.layerBudgets, memory.resolved.options.block);
    const std::int64_t probes = probeRows(memory);
    const ReadingPeak expected = readingPeak(executor.spec(), rows, probes, executor.placement().cacheType);
    // Of few layers two areas can be more than a block in each of them.
    if (!isCut(memory, *Score::bind(memory.resolved.score)) || expected.fused > expected.twoPasses)
        return makeCache(model, memory, memory.resolved.options.block, peak);
    auto made = guarded("making a cache", [&]() -> Result<KvCache> {
        return KvCache(executor.spec(), rows, executor.placement());
    });
    if (!made) return roomInstead(std::move(made).error(), model, memory);
    for (std::int32_t layer = 0; layer < made->layerCount(); ++layer) {
        const std::int64_t kept = rows.kept[static_cast<std::size_t>(layer)];
        peak.entriesPerHead = std::max(peak.entriesPerHead, made->layer(layer).mostRowsPerHead() + probes);
        peak.entriesBound = std::max(peak.entriesBound, kept + rows.block + probes);
    }
    peak.bytes = std::max(peak.bytes, made->allocatedBytes() + expected.probes);
    peak.twoPassBytes = std::max(peak.twoPassBytes, expected.twoPasses);
    return made;
}

}  // namespace epi
