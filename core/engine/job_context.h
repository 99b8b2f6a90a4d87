#pragma once

#include <functional>

#include "core/base/cancel_token.h"
#include "core/wire/messages.h"

namespace epi {

/// What a running job may do besides returning its last event.
struct JobContext {
    std::function<void(Event)> emit;
    CancelToken cancel;
};

}  // namespace epi
