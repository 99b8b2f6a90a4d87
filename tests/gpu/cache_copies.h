#pragma once

#include "core/base/result.h"

namespace epi {

/// Copies a cache as large as an 8B model's at 4,096 entries per head from the GPU to page-locked memory and
/// back, and to memory that is not locked. False when a bit differs, when what is locked is not what is
/// counted, or when something stays locked. Prints what each step took.
Result<bool> checkCacheCopies();

}  // namespace epi
