#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "core/base/cancel_token.h"
#include "core/base/file.h"
#include "core/base/json_reader.h"
#include "core/base/result.h"

namespace epi {

/// What one value of a foreign JSON file may cost. The file itself may have any size.
struct JsonValueLimits {
    std::size_t maxDepth = 128;
    std::size_t maxStringBytes = std::size_t{64} << 20;
    std::size_t maxValueBytes = std::size_t{256} << 20;  // of the strings in one value
    std::size_t maxValues = 2'000'000;                   // in one value
};

/// How the reading of a file goes on; called at most once per 256 KiB on the caller's thread.
using ReadProgress = std::function<void(std::uint64_t doneBytes, std::uint64_t totalBytes)>;

/// What to do after a value.
enum class Reading { kGoOn, kEnough };

/// Reads the elements of a top-level array one after the other, or the one value that the file is, and hands
/// each over as soon as it is complete: memory holds one of them. kCorruptData says at which byte the file
/// stops being JSON, kUnsupported which limit a value exceeds; values before that were handed over.
/// kCancelled soon after `cancel` is set. An error that `onValue` returns ends the reading.
Result<void> forEachJsonValue(const File& file,
                              const std::function<Result<Reading>(const JsonReader& value)>& onValue,
                              const CancelToken& cancel = {},
                              const ReadProgress& progress = {},
                              const JsonValueLimits& limits = {});

}  // namespace epi
