#include "core/engine/episode_reader.h"

#include <algorithm>
#include <chrono>

#include "core/engine/memory_room.h"
#include "core/engine/reading_cache.h"
#include "core/engine/reading_part.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {

struct EpisodeReader::Pass {
    std::int32_t episode = 0;
    bool isLast = false;
    KvCache& cache;
    BlockPrefill prefill;
    Start from;
    bool isCommon = false;  // nothing was evicted yet
    Clock::time_point start = Clock::now();
    // Where the stage began that is told next.
    Clock::time_point stageStart = start;
    std::int64_t stageTokens = from.tokens;
};

std::int64_t EpisodeReader::Shared::nextBytes() const {
    std::size_t bytes = 0;
    for (const LayerRows& layer : next.value_or(ComputedRows{}))
        bytes += layer.keys.nbytes() + layer.values.nbytes();
    return static_cast<std::int64_t>(bytes);
}

EpisodeReader::EpisodeReader(const BuildContext& context,
                             const Conversation& conversation,
                             const BuiltMemory& memory)
    : context_(context),
      conversation_(conversation),
      memory_(memory),
      history_(conversation.history.head(memory.builtTurns)),
      hasWindows_(
          std::ranges::any_of(context.model.executor().spec().layers,
                              [](const LayerSpec& layer) { return layer.attention.window.has_value(); })),
      spares_(context.model.executor().placement().device.is_cuda() ? devicePageLock() : PageLock{}),
      expectedBytes_(finishedBytes(context.model.executor(), memory.layerBudgets, historyTokens())) {}

Result<void> EpisodeReader::read(std::span<const std::int32_t> episodes,
                                 MemoryPeak& peak,
                                 const Finished& finished,
                                 const std::function<void()>& beforeLastBlock) {
    if (episodes.empty()) return {};
    EPI_TRY_ASSIGN(KvCache cache, makeReadingCache(context_.model, memory_, peak));
    const std::int64_t alone = peak.bytes;
    for (const std::int32_t episode : episodes) {
        const auto beginning = Clock::now();
        spares_.prepare(expectedBytes_);
        EPI_TRY_ASSIGN(const Start from, begin(episode, cache));
        if (shared_) tell("sharing", beginning, 0);
        Pass pass{
            .episode = episode,
            .isLast = episode == episodes.back(),
            .cache = cache,
            .prefill = BlockPrefill(context_.model.executor(),
                                    cache,
                                    {.ids = {history_.begin(), history_.end()},
                                     .firstPosition = 0,
                                     .block = memory_.resolved.options.block,
                                     .rule = evictionRule(memory_, conversation_.history),
                                     .prompt = memory_.episodes[static_cast<std::size_t>(episode)].prompt,
                                     .promptAtLastPosition = memory_.resolved.preset.promptAtLastPosition,
                                     .repeatRequest = memory_.repeatRequest,
                                     .readTokens = from.tokens,
                                     .reindexes = memory_.resolved.options.positions == PositionMode::kAuto}),
            .from = from,
            .isCommon = from.isCommon};
        if (pass.isCommon) EPI_TRY(readCommon(pass));
        count(cache, alone, peak);
        EPI_TRY(readRest(pass, beforeLastBlock));
        if (pass.isLast) shared_.reset();
        const auto copying = Clock::now();
        KvSnapshot snapshot = takeCopy(cache);
        tell("transfer", copying, 0);
        // A file's content lies ready as a whole before it is written.
        const bool isEncoded = memory_.resolved.options.codec != CacheCodec::kExact;
        writtenBytes_ = snapshot.allocatedBytes() + (isEncoded ? snapshot.bytes() : 0);
        peak.hostBytes = std::max(peak.hostBytes, writtenBytes_ + sharedHostBytes());
        EPI_TRY(finished(episode, std::move(snapshot)));
    }
    removePart(context_, memory_.key);
    return {};
}

Result<EpisodeReader::Start> EpisodeReader::begin(std::int32_t episode, KvCache& cache) {
    EPI_TRY_ASSIGN(const auto own,
                   restorePart(context_, episodeKey(memory_.key, episode), historyTokens(), cache));
    if (own) return Start{.tokens = *own, .isCommon = false};
    if (shared_) {
        EPI_TRY(cache.restore(shared_->cache));
        return Start{.tokens = shared_->tokens, .isCommon = true};
    }
    EPI_TRY_ASSIGN(const auto common, restorePart(context_, memory_.key, historyTokens(), cache));
    if (!common) cache.clear();
    return Start{.tokens = common.value_or(0), .isCommon = true};
}

void EpisodeReader::tell(std::string_view stage, Clock::time_point start, std::int64_t tokens) const {
    if (!context_.timed) return;
    context_.timed({.name = stage,
                    .seconds = std::chrono::duration<double>(Clock::now() - start).count(),
                    .tokens = tokens});
}

void EpisodeReader::tellRead(std::string_view stage, Pass& pass) const {
    if (!context_.timed) return;
    synchronizeDevice();  // as the copy that follows would
    tell(stage, pass.stageStart, pass.prefill.readTokens() - pass.stageTokens);
    pass.stageTokens = pass.prefill.readTokens();
}

Result<void> EpisodeReader::readCommon(Pass& pass) {
    while (!pass.prefill.isDone() && !pass.prefill.evictsNext())
        EPI_TRY(step(pass, false));
    if (!shared_ && !pass.isLast) EPI_TRY(share(pass));
    pass.isCommon = false;
    return {};
}

Result<void> EpisodeReader::share(Pass& pass) {
    tellRead("shared", pass);
    const auto copying = Clock::now();
    Shared shared{.cache = copyShared(pass.cache), .tokens = pass.prefill.readTokens(), .next = {}};
    tell("sharing", copying, 0);
    const auto computing = Clock::now();
    // Positions that are counted anew depend on the length of a pass's own prompt.
    if (!pass.prefill.isDone() && !pass.prefill.reindex() && fitsDevice(pass.prefill.nextBytes())) {
        auto computed = pass.prefill.computeNext(context_.cancel);
        if (!computed) {
            if (computed.error().code == ErrorCode::kCancelled) keepParts(pass);
            return std::move(computed).error();
        }
        shared.next = *std::move(computed);
        const std::int64_t rows = shared.next->front().keys.size(1);
        readTokens_ += rows;
        if (context_.timed) synchronizeDevice();
        tell("shared", computing, rows);
    }
    pass.stageStart = Clock::now();
    shared_ = std::move(shared);
    return {};
}

Result<void> EpisodeReader::readRest(Pass& pass, const std::function<void()>& beforeLastBlock) {
    const std::int64_t end = static_cast<std::int64_t>(history_.size()) - memory_.resolved.options.block;
    bool isTold = false;
    while (!pass.prefill.isDone()) {
        if (!isTold && pass.prefill.readTokens() >= end && beforeLastBlock) {
            isTold = true;
            const auto start = Clock::now();
            beforeLastBlock();
            pass.stageStart += Clock::now() - start;  // it is no reading
        }
        EPI_TRY(step(pass, pass.prefill.evictsNext()));
    }
    tellRead("reading", pass);
    return {};
}

Result<void> EpisodeReader::step(Pass& pass, bool evicts) {
    // A block that drops entries cannot be undone. On a CPU it takes seconds and a copy is little beside it;
    // on a GPU it is over before anyone waits.
    const bool isOnCpu = context_.model.executor().placement().device.is_cpu();
    const std::int64_t before = pass.prefill.readTokens();
    const bool isReindexed = pass.prefill.reindex();
    const bool isKnown = shared_ && shared_->next && before == shared_->tokens && !isReindexed;
    const KvCache::Mark mark = pass.cache.mark();
    const bool drops = evicts || hasWindows_;
    std::optional<KvSnapshot> copy;
    if (drops && isOnCpu) copy = pass.cache.snapshot();
    if (context_.cancel.isCancelled()) {
        keepParts(pass);
        return Error{ErrorCode::kCancelled, "reading was cancelled"};
    }
    auto stepped = pass.prefill.step(
        drops && !isOnCpu ? CancelToken() : context_.cancel, {}, isKnown ? &*shared_->next : nullptr);
    if (!stepped) {
        if (copy) {
            EPI_TRY(pass.cache.restore(*copy));
        } else if (!drops) {
            pass.cache.truncate(mark);
        }
        if (stepped.error().code == ErrorCode::kCancelled) keepParts(pass);
        return stepped;
    }
    // What was computed ahead was counted then.
    (isKnown ? pass.stageTokens : readTokens_) += pass.prefill.readTokens() - before;
    report(pass);
    return {};
}

void EpisodeReader::keepParts(const Pass& pass) const {
    const std::int64_t tokens = pass.prefill.readTokens();
    if (pass.isCommon) return keepPart(context_, memory_.key, pass.cache.snapshot(), tokens);
    if (tokens > pass.from.tokens)
        keepPart(context_, episodeKey(memory_.key, pass.episode), pass.cache.snapshot(), tokens);
    if (shared_) keepPart(context_, memory_.key, shared_->cache.onHost(), shared_->tokens);
}

KvSnapshot EpisodeReader::takeCopy(const KvCache& cache) {
    if (context_.model.executor().placement().device.is_cpu()) return cache.snapshot();
    return cache.snapshotIn(spares_.takeOrMake(cache.snapshotBytes()));
}

KvSnapshot EpisodeReader::copyShared(const KvCache& cache) const {
    // Another whole cache must still fit beside it.
    if (cache.layer(0).keys().is_cuda() && fitsDevice(cache.snapshotBytes() + cache.allocatedBytes())) {
        auto copy = guarded("copying what episodes share",
                            [&]() -> Result<KvSnapshot> { return cache.copyOnDevice(); });
        if (copy) return *std::move(copy);
    }
    return cache.snapshot();
}

bool EpisodeReader::fitsDevice(std::int64_t bytes) const {
    if (context_.model.executor().placement().device.is_cpu()) return true;
    return availableDeviceBytes() >= bytes + 2 * blockBytes(context_.model, memory_);
}

void EpisodeReader::count(const KvCache& cache, std::int64_t alone, MemoryPeak& peak) const {
    const bool isOnCpu = context_.model.executor().placement().device.is_cpu();
    peak.bytes = std::max(peak.bytes, alone + sharedDeviceBytes());
    // On a CPU the copy that a cancel goes back to, beside a GPU the block that waits for the finished cache.
    const std::int64_t own = isOnCpu ? cache.ownBytes() : HostBlock::roundedUp(expectedBytes_);
    peak.hostBytes = std::max(peak.hostBytes, own + writtenBytes_ + sharedHostBytes());
}

std::int64_t EpisodeReader::sharedHostBytes() const {
    if (!shared_) return 0;
    return (shared_->cache.layers.front().keys.is_cuda() ? 0 : shared_->cache.allocatedBytes()) +
           (context_.model.executor().placement().device.is_cpu() ? shared_->nextBytes() : 0);
}

std::int64_t EpisodeReader::sharedDeviceBytes() const {
    if (!shared_) return 0;
    return (shared_->cache.layers.front().keys.is_cuda() ? shared_->cache.bytes() : 0) +
           (context_.model.executor().placement().device.is_cpu() ? 0 : shared_->nextBytes());
}

void EpisodeReader::report(const Pass& pass) const {
    if (!context_.progress) return;
    const std::int64_t done = pass.prefill.readTokens();
    const double seconds = std::chrono::duration<double>(Clock::now() - pass.start).count();
    context_.progress({.phase = "reading",
                       .done = done,
                       .total = static_cast<std::int64_t>(history_.size()),
                       .unit = "tokens",
                       .episode = memory_.sharesCache ? -1 : pass.episode,
                       .episodes = static_cast<std::int32_t>(memory_.episodes.size()),
                       .perSecond = static_cast<double>(done - pass.from.tokens) / std::max(1e-9, seconds)});
}

}  // namespace epi
