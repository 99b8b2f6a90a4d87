#pragma once

#include <cstdint>

#include "core/kv/kv_cache.h"

namespace epi {

/// Entries that one of two caches holds and the other does not. Requires: as many layers and heads.
std::int64_t differingEntries(const KvSnapshot& a, const KvSnapshot& b);

}  // namespace epi
