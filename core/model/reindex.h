#pragma once

#include <cstdint>
#include <span>

#include "core/kv/kv_cache.h"
#include "core/model/executor.h"

namespace epi {

/// Counts the positions of a cache anew, so that they stay within what a model was trained on however long
/// the history is: every head's entries become consecutive and end where the next token begins, which is the
/// length of the longest head. The order of entries and the distances of the newest ones stay. Keys are
/// rotated by the difference, in fp32, by the angles' difference in double; values and origins do not change.
/// A cache without gaps that begins at 0 stays bitwise as it is.
void reindexPositions(const Executor& executor, KvCache& cache);

/// The same when `rows` further tokens would pass the model's trained context. Whether it was done; not when
/// it would win nothing.
bool reindexForRoom(const Executor& executor, KvCache& cache, std::int64_t rows);

/// The same for caches that stand at the same position, and do so afterwards: the next token is behind the
/// longest head of all.
bool reindexForRoom(const Executor& executor, std::span<KvCache> caches, std::int64_t rows);

/// Takes `rows` entries out of every head that lie before the newest `behind` ones. Those move down by as
/// many positions, as if the others had never been there; what attention gave them stays in their values.
/// Requires: nothing was compacted since all of them were appended. After an error the cache must be dropped.
Result<void> cutOut(const Executor& executor, KvCache& cache, std::int64_t rows, std::int64_t behind);

}  // namespace epi
