#pragma once

#include <cstdint>

#include "core/engine/conversation_memory.h"
#include "core/engine/episode_builder.h"
#include "core/kv/kv_cache.h"
#include "core/model/model_spec.h"
#include "core/wire/messages.h"

namespace epi {

/// What is told of a conversation's memory. `peak`: of the build. Requires a memory.
MemoryBuilt describeMemory(const Conversation& conversation,
                           const MemoryPeak& peak,
                           std::int32_t trainedContext);

/// Empty of a dense memory, and without one.
Grouping groupingOf(const Conversation& conversation);

/// What an episode's cache keeps of a history.
Trace traceOf(const Conversation& conversation,
              const ModelSpec& spec,
              const KvCache& cache,
              std::int32_t episode);

}  // namespace epi
