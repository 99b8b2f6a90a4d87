#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/engine/options.h"

namespace epi {

/// A memory to be measured; its budget may be a share of a conversation's history.
struct EvalMemory {
    MemoryOptions options;
    double share = 0.0;  // 0: the budget is that of the options

    /// The options for a history of so many tokens; a share is rounded down, to at least 1.
    [[nodiscard]] MemoryOptions forHistory(std::int64_t tokens) const;
};

/// What a memory of a list has where the list does not say; `preset` is the one that it names.
using BaseOptions = std::function<Result<MemoryOptions>(const std::optional<std::string>& preset)>;

/// Reads a JSON list of memories: fields of memory options as they are stored with a conversation, put over
/// `base`, and `share` (above 0, up to 1) in place of `budget`. kCorruptData for a list without a memory, a
/// field that is not known (it would be measured as something else) or a value of the wrong type.
Result<std::vector<EvalMemory>> evalMemoriesFromJson(std::string_view text, const BaseOptions& base);

}  // namespace epi
