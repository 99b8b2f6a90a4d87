#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/engine/episode_builder.h"
#include "core/kv/kv_cache.h"

namespace epi {

/// Keeps what a build that is cancelled has read into a cache. What cannot be kept is read again; a log line
/// says so.
void keepPart(const BuildContext& context,
              const std::string& key,
              const KvSnapshot& snapshot,
              std::int64_t tokens);

/// Fills a cache with what was kept under this key. Tokens of it; nothing, with the cache as it was, when
/// there is none, it is damaged (a log line) or longer than the history.
Result<std::optional<std::int64_t>> restorePart(const BuildContext& context,
                                                const std::string& key,
                                                std::int64_t historyTokens,
                                                KvCache& cache);

/// Removes it, or leaves it for a later build to replace.
void removePart(const BuildContext& context, const std::string& key);

}  // namespace epi
