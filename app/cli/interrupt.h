#pragma once

#include "core/base/cancel_token.h"

namespace epi {

/// A token that the first interrupt (Ctrl-C) or termination request cancels, so that a command can end in
/// order; the second ends the program at once. Call once, before other threads exist.
CancelToken cancelOnInterrupt();

}  // namespace epi
