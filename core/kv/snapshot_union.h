#pragma once

#include "core/kv/kv_cache.h"

namespace epi {

/// The entries of two caches of the same model and history together, each (layer, head, position) once: of an
/// entry that both hold, the first one's key and value stay, which may differ a little from the second one's,
/// since each was computed beside other entries. Entries are ordered by their origin; where one of the two
/// has a shift, positions must be counted anew. Requires: both have read as far.
KvSnapshot unite(const KvSnapshot& first, const KvSnapshot& second);

}  // namespace epi
