#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/engine/conversation_memory.h"

namespace epi {

class LanguageModel;

/// How much room the caches of a memory take where they are made, and which budget would fit.
struct MemoryRoom {
    std::int64_t neededBytes = 0;     // of the caches that are asked for
    std::int64_t availableBytes = 0;  // now
    std::int64_t largestBudget = 0;   // whose cache, block and copies fit; a multiple of 256, or 0
    bool isOnGpu = false;

    [[nodiscard]] bool isEnough() const { return neededBytes <= availableBytes; }
    /// kOutOfMemory: "a budget of 65536 entries needs 12.4 GB, 3.1 GB are free; a budget of 8192 fits".
    [[nodiscard]] Error error(std::int32_t budget) const;
};

/// For so many caches, copies of one among them.
MemoryRoom memoryRoom(const LanguageModel& model, const BuiltMemory& memory, std::int64_t caches = 1);

/// kOutOfMemory when they do not fit. To be asked before any of them is made, and for all that will be there
/// at a time: ordinary memory is given out until the system ends somebody for it, and counts as free until it
/// is written to.
Result<void> checkRoom(const LanguageModel& model, const BuiltMemory& memory, std::int64_t caches);

/// What a block of a build takes on its way through the model, in bytes, beside the cache.
std::int64_t blockBytes(const LanguageModel& model, const BuiltMemory& memory);

/// The same error; instead of one of memory, what the cache needs that could not be made, and what would fit.
Error roomInstead(Error error, const LanguageModel& model, const BuiltMemory& memory);

/// The same error; one of memory says besides what is needed, what is free and what would fit.
Error withRoom(Error error, const LanguageModel& model, const BuiltMemory& memory);

}  // namespace epi
