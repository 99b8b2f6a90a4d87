#pragma once

namespace epi {

/// What the system lets the window do in the network. It uses none either way.
enum class NetworkAccess {
    kForbidden,        // the kernel refuses every connection
    kNeededByDisplay,  // not forbidden, because the window is shown on another machine
    kNotForbidden,     // the kernel has no means to
};

}  // namespace epi
