#pragma once

#include <cstdint>
#include <span>

#include <c10/core/ScalarType.h>

#include "core/engine/conversation_memory.h"
#include "core/kv/kv_cache.h"

namespace epi {

class Executor;
class LanguageModel;
struct MemoryPeak;

/// Rows of a cache that a history is read into within these budgets: as long as every block is cut to them,
/// it needs no more. A walk that cuts a layer late has two of them over budget at a time.
ReadingRows readingRows(const Executor& executor,
                        std::span<const std::int32_t> layerBudgets,
                        std::int64_t block);

/// Keys and values at the peak of reading a history, in bytes, with those of the probes behind a block.
struct ReadingPeak {
    std::int64_t probes = 0;  // of one layer: part of all that follow
    /// As it is read: a layer is cut before the next ones run, so that blocks pass through working areas, and
    /// what is kept of one goes straight to the layer's own rows.
    std::int64_t fused = 0;
    /// The same in two passes: a block over all layers, probes over all layers, and then the cut, which
    /// copies one layer at a time. Every layer holds a block.
    std::int64_t twoPasses = 0;
    /// In two passes as EpiCache was released, whose caches hold the prompt of every layer besides.
    std::int64_t released = 0;
};
ReadingPeak readingPeak(const ModelSpec& spec,
                        const ReadingRows& rows,
                        std::int64_t probes,
                        c10::ScalarType cacheType);

/// What a copy of a cache takes that a history of so many tokens was read into, as far as it is known before.
std::int64_t finishedBytes(const Executor& executor,
                           std::span<const std::int32_t> layerBudgets,
                           std::int64_t history);

/// Rows of the probes that are run behind a block of this memory, at most.
std::int64_t probeRows(const BuiltMemory& memory);

/// A cache to read the history of this memory into. It has no room for turns and questions: what it holds in
/// the end goes to one of `makeCache`. A memory that nothing is cut from gets one of these at once. Errors as
/// there.
Result<KvCache> makeReadingCache(const LanguageModel& model, const BuiltMemory& memory, MemoryPeak& peak);

}  // namespace epi
