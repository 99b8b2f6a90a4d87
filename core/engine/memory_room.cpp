#include "core/engine/memory_room.h"

#include <algorithm>
#include <limits>

#include "core/base/known_error.h"
#include "core/base/size_text.h"
#include "core/base/system_memory.h"
#include "core/engine/block_prefill.h"
#include "core/engine/episode_builder.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"

namespace epi {
namespace {

constexpr std::int64_t kBudgetStep = 256;

/// Rows that go through the model with a block at most.
std::int64_t blockRows(const BuiltMemory& memory) {
    const std::int64_t block = memory.resolved.options.block;
    const auto score = Score::bind(memory.resolved.score);
    if (!score || memory.resolved.isDense) return block;
    return block + BlockPrefill::probeRows(*score,
                                           block,
                                           memory.resolved.options.patchTokens,
                                           static_cast<std::int64_t>(memory.repeatRequest.size()));
}

/// What a layer holds at a time of the rows of a block: the residual stream and its norms, the projections,
/// the feed-forward block, attention in and out.
std::int64_t activationBytes(const Executor& executor, std::int64_t rows) {
    std::int64_t widest = 0;
    for (const LayerSpec& layer : executor.spec().layers) {
        const std::int64_t feedForward = executor.weights().matrix(layer.feedForward.gate.weight).rows;
        const std::int64_t width = std::int64_t{layer.attention.heads} * layer.attention.headDim;
        widest = std::max(widest, 8 * executor.spec().dimension + 3 * feedForward + 6 * width);
    }
    return rows * widest * static_cast<std::int64_t>(c10::elementSize(executor.placement().type));
}

}  // namespace

Error MemoryRoom::error(std::int32_t budget) const {
    KnownError known = isOnGpu ? KnownError::kNoBudgetFitsGpu : KnownError::kNoBudgetFits;
    if (largestBudget > 0) known = isOnGpu ? KnownError::kBudgetTooLargeForGpu : KnownError::kBudgetTooLarge;
    return makeError(ErrorCode::kOutOfMemory,
                     known,
                     {std::to_string(budget),
                      sizeText(neededBytes),
                      sizeText(availableBytes),
                      std::to_string(largestBudget > 0 ? largestBudget : kBudgetStep)});
}

MemoryRoom memoryRoom(const LanguageModel& model, const BuiltMemory& memory, std::int64_t caches) {
    const Executor& executor = model.executor();
    const Placement& placement = executor.placement();
    const std::int64_t cache = cacheBytes(model, memory);
    MemoryRoom room{.neededBytes = caches * cache, .isOnGpu = placement.device.is_cuda()};
    if (room.isOnGpu) {
        room.availableBytes = availableDeviceBytes();
    } else {
        const auto system = systemMemory();
        room.availableBytes = system ? system->availableBytes : std::numeric_limits<std::int64_t>::max();
    }
    std::int64_t entryBytes = 0;  // of what the budget decides about, and of one layer of it
    std::int64_t layerBytes = 0;
    for (std::size_t layer = 0; layer < memory.layerBudgets.size(); ++layer) {
        const AttentionSpec& attention = executor.spec().layers[layer].attention;
        if (attention.window) continue;
        const std::int64_t bytes = std::int64_t{2} * memory.layerBudgets[layer] * attention.kvHeads *
                                   attention.headDim *
                                   static_cast<std::int64_t>(c10::elementSize(placement.cacheType));
        entryBytes += bytes;
        layerBytes = std::max(layerBytes, bytes);
    }
    // In ordinary memory there are the copies of a build beside the cache: what episodes share, what a cancel
    // goes back to, what is being written; on a GPU a compaction copies one layer.
    const std::int64_t copies = std::max<std::int64_t>(caches, room.isOnGpu ? 1 : 4);
    const std::int64_t fixed = copies * (cache - entryBytes) + activationBytes(executor, blockRows(memory));
    const double perEntry = static_cast<double>(copies * entryBytes + layerBytes) /
                            std::max<double>(1.0, memory.resolved.options.budget);
    const double fitting = static_cast<double>(room.availableBytes - fixed) / std::max(1.0, perEntry);
    const double steps = std::clamp(fitting / kBudgetStep, 0.0, static_cast<double>(1 << 16));
    room.largestBudget = static_cast<std::int64_t>(steps) * kBudgetStep;
    return room;
}

Result<void> checkRoom(const LanguageModel& model, const BuiltMemory& memory, std::int64_t caches) {
    const MemoryRoom room = memoryRoom(model, memory, caches);
    if (room.isEnough()) return {};
    return room.error(memory.resolved.options.budget);
}

std::int64_t blockBytes(const LanguageModel& model, const BuiltMemory& memory) {
    return activationBytes(model.executor(), blockRows(memory));
}

Error roomInstead(Error error, const LanguageModel& model, const BuiltMemory& memory) {
    if (error.code != ErrorCode::kOutOfMemory) return error;
    return memoryRoom(model, memory).error(memory.resolved.options.budget);
}

Error withRoom(Error error, const LanguageModel& model, const BuiltMemory& memory) {
    if (error.code != ErrorCode::kOutOfMemory || memory.layerBudgets.empty()) return error;
    const std::string text = memoryRoom(model, memory).error(memory.resolved.options.budget).message;
    if (error.message.find(text.substr(0, text.find(" needs "))) == std::string::npos)
        error.message += "; " + text;
    return error;
}

}  // namespace epi
