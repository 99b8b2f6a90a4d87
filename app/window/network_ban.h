#pragma once

#include <string_view>

#include "core/base/result.h"

namespace epi {

/// Takes this process's right to open network connections, for ever and for all programs it starts itself: a
/// seccomp filter by which the kernel refuses every socket that is not of this computer (AF_UNIX), with
/// EACCES. Connections to the desktop (Wayland, X11, D-Bus) are of that kind and stay. Open sockets stay too.
/// kUnsupported where the kernel has no such filters. Call before other threads exist.
Result<void> forbidNetwork();

/// Whether a window of this Qt platform ($QT_QPA_PLATFORM) can only be shown through a network connection: on
/// an X server ($DISPLAY) that is reached by a host's name, as with `ssh -X`.
bool displayNeedsNetwork(std::string_view platform, std::string_view display);

}  // namespace epi
