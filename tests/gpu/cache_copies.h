#pragma once

#include "core/base/result.h"

namespace epi {

/// Copies a cache of so many layers as an 8B model's, of which it has 32, at 4,096 entries per head from the
/// GPU to page-locked memory and back, and to memory that is not locked. False when a bit differs, when what
/// is locked is not what is counted, or when something stays locked. Prints what each step took.
Result<bool> checkCacheCopies(std::size_t layers);

}  // namespace epi
