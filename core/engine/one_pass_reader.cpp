#include "core/engine/one_pass_reader.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "core/base/seconds_since.h"
#include "core/engine/reading_cache.h"
#include "core/engine/reading_part.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/reindex.h"
#include "core/tensor/device_memory.h"

namespace epi {

using Clock = std::chrono::steady_clock;

/// The trunk comes first, then the episodes in their order.
struct OnePassReader::Walk {
    std::vector<std::string> keys;  // of their parts
    std::vector<KvCache> caches;
    std::vector<BlockPrefill> prefills;
    std::vector<std::shared_ptr<HostBlock>> blocks;  // for copies of the episodes

    [[nodiscard]] BlockPrefill& trunk() { return prefills.front(); }
    [[nodiscard]] std::int64_t readTokens() const { return prefills.front().readTokens(); }
};

OnePassReader::OnePassReader(const BuildContext& context,
                             const Conversation& conversation,
                             const BuiltMemory& memory)
    : context_(context),
      conversation_(conversation),
      memory_(memory),
      history_(conversation.history.head(memory.builtTurns)),
      spares_(isOnCpu() ? PageLock{} : devicePageLock()),
      copyBytes_(finishedBytes(
          context.model.executor(), memory.layerBudgets, static_cast<std::int64_t>(history_.size()))) {}

bool OnePassReader::isOnCpu() const {
    return context_.model.executor().placement().device.is_cpu();
}

Result<void> OnePassReader::read(std::span<const std::int32_t> episodes,
                                 MemoryPeak& peak,
                                 const Finished& finished) {
    if (episodes.empty()) return {};
    const auto start = Clock::now();
    Walk walk;
    walk.keys.push_back(memory_.key);
    for (const std::int32_t episode : episodes)
        walk.keys.push_back(episodeKey(memory_.key, episode));
    EPI_TRY_ASSIGN(walk.caches, makeCaches(walk.keys.size(), peak));
    EPI_TRY_ASSIGN(const std::int64_t from, begin(walk));
    const Executor& executor = context_.model.executor();
    EPI_TRY_ASSIGN(PrefillTask trunk, trunkOf(taskOf(from), memory_.resolved.preset.trunk));
    walk.prefills.reserve(walk.caches.size());
    walk.prefills.emplace_back(executor, walk.caches.front(), std::move(trunk));
    for (std::size_t i = 0; i < episodes.size(); ++i) {
        PrefillTask task = taskOf(from);
        task.prompt = memory_.episodes[static_cast<std::size_t>(episodes[i])].prompt;
        task.promptAtLastPosition = memory_.resolved.preset.promptAtLastPosition;
        walk.prefills.emplace_back(executor, walk.caches[i + 1], std::move(task));
    }
    const std::int64_t copyBytes =
        isOnCpu() ? walk.caches.back().ownBytes() : HostBlock::roundedUp(copyBytes_);
    peak.hostBytes = std::max(peak.hostBytes, static_cast<std::int64_t>(episodes.size()) * copyBytes);
    const auto total = static_cast<std::int64_t>(history_.size());
    while (!walk.trunk().isDone()) {
        lockAhead(walk);
        EPI_TRY(step(walk));
        if (!context_.progress) continue;
        context_.progress({.phase = "reading",
                           .done = walk.readTokens(),
                           .total = total,
                           .unit = "tokens",
                           .perSecond = static_cast<double>(walk.readTokens() - from) /
                                        std::max(1e-9, secondsSince(start))});
    }
    const auto tell = [&](std::string_view stage, Clock::time_point since, std::int64_t tokens) {
        if (context_.timed) context_.timed({.name = stage, .seconds = secondsSince(since), .tokens = tokens});
    };
    if (context_.timed) synchronizeDevice();
    tell("reading", start, total - from);
    for (std::size_t i = 0; i < episodes.size(); ++i) {
        const auto copying = Clock::now();
        KvSnapshot snapshot = takeCopy(walk.caches[i + 1], walk);
        tell("transfer", copying, 0);
        EPI_TRY(finished(episodes[i], std::move(snapshot)));
    }
    for (const std::string& key : walk.keys)
        removePart(context_, key);
    return {};
}

Result<std::vector<KvCache>> OnePassReader::makeCaches(std::size_t count, MemoryPeak& peak) const {
    std::vector<KvCache> caches;
    caches.reserve(count);
    MemoryPeak own;
    std::int64_t bytes = 0;
    while (caches.size() < count) {
        auto cache = makeReadingCache(context_.model, memory_, own);
        if (!cache) {
            return std::move(cache).error().with("reading in one pass needs " + std::to_string(count) +
                                                 " caches at a time, " + std::to_string(caches.size()) +
                                                 " of which fit");
        }
        bytes += cache->allocatedBytes();
        caches.push_back(*std::move(cache));
    }
    const std::int64_t probes = own.bytes - caches.front().allocatedBytes();
    peak.entriesPerHead = std::max(peak.entriesPerHead, own.entriesPerHead);
    peak.entriesBound = std::max(peak.entriesBound, own.entriesBound);
    const BlockPrefill prefill(context_.model.executor(), caches.front(), taskOf(0));
    peak.bytes = std::max(peak.bytes, bytes + probes + prefill.nextBytes());
    peak.twoPassBytes =
        std::max(peak.twoPassBytes, static_cast<std::int64_t>(count) * (own.twoPassBytes - probes) + probes);
    return caches;
}

PrefillTask OnePassReader::taskOf(std::int64_t tokens) const {
    return {.ids = {history_.begin(), history_.end()},
            .firstPosition = 0,
            .block = memory_.resolved.options.block,
            .rule = evictionRule(memory_, conversation_.history),
            .repeatRequest = memory_.repeatRequest,
            .readTokens = tokens,
            .reindexes = false};  // all caches at a time
}

Result<std::int64_t> OnePassReader::begin(Walk& walk) const {
    std::optional<std::int64_t> common;
    for (std::size_t i = 0; i < walk.caches.size(); ++i) {
        EPI_TRY_ASSIGN(
            const auto tokens,
            restorePart(context_, walk.keys[i], static_cast<std::int64_t>(history_.size()), walk.caches[i]));
        if (i == 0) common = tokens;
        if (tokens && tokens == common) continue;
        for (KvCache& cache : walk.caches)
            cache.clear();
        return 0;
    }
    return *common;
}

Result<void> OnePassReader::step(Walk& walk) {
    if (memory_.resolved.options.positions == PositionMode::kAuto) {
        reindexForRoom(
            context_.model.executor(), walk.caches, memory_.resolved.options.block + probeRows(memory_));
    }
    const std::int64_t before = walk.readTokens();
    std::vector<KvSnapshot> copies;
    Result<void> read = Error{ErrorCode::kCancelled, "reading was cancelled"};
    if (!context_.cancel.isCancelled()) read = readBlock(walk, copies);
    if (read) {
        readTokens_ += walk.readTokens() - before;
        return {};
    }
    for (std::size_t i = 0; i < copies.size(); ++i)
        EPI_TRY(walk.caches[i + 1].restore(copies[i]));
    if (read.error().code == ErrorCode::kCancelled) keepParts(walk);
    return read;
}

Result<void> OnePassReader::readBlock(Walk& walk, std::vector<KvSnapshot>& before) {
    // A block that drops entries cannot be undone. On a CPU it takes seconds and copies are little beside it;
    // on a GPU it is over before anyone waits.
    const CancelToken cancel = isOnCpu() ? context_.cancel : CancelToken();
    EPI_TRY_ASSIGN(const ComputedRows computed, walk.trunk().computeNext(cancel));
    for (std::size_t i = 1; i < walk.prefills.size(); ++i) {
        if (isOnCpu()) before.push_back(walk.caches[i].snapshot());
        EPI_TRY(walk.prefills[i].step(cancel, {}, &computed));
    }
    // Nothing is run and nothing waited for: the trunk is complete whenever the last episode is.
    return walk.trunk().step({}, {}, &computed);
}

void OnePassReader::keepParts(const Walk& walk) const {
    if (walk.readTokens() == 0) return;
    for (std::size_t i = 0; i < walk.caches.size(); ++i)
        keepPart(context_, walk.keys[i], walk.caches[i].snapshot(), walk.readTokens());
}

void OnePassReader::lockAhead(Walk& walk) {
    if (isOnCpu()) return;
    if (auto block = spares_.take(copyBytes_, HostBlock::roundedUp(copyBytes_)))
        walk.blocks.push_back(std::move(block));
    if (walk.blocks.size() + 1 < walk.caches.size()) spares_.prepare(copyBytes_);
}

KvSnapshot OnePassReader::takeCopy(const KvCache& cache, Walk& walk) {
    if (isOnCpu()) return cache.snapshot();
    if (walk.blocks.empty() || walk.blocks.back()->bytes() < cache.snapshotBytes())
        return cache.snapshotIn(spares_.takeOrMake(cache.snapshotBytes()));
    std::shared_ptr<HostBlock> block = std::move(walk.blocks.back());
    walk.blocks.pop_back();
    return cache.snapshotIn(std::move(block));
}

}  // namespace epi
