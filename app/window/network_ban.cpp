#include "app/window/network_ban.h"

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include <seccomp.h>
#include <sys/socket.h>

namespace epi {

Result<void> forbidNetwork() {
    const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                   &seccomp_release);
    const auto failure = [](int error) {
        return Error{ErrorCode::kUnsupported,
                     "the system cannot take the right to open network connections from the window: " +
                         std::generic_category().message(error)};
    };
    if (!filter) return failure(ENOMEM);
    const std::uint32_t refuse = SCMP_ACT_ERRNO(EACCES);
    int result = seccomp_rule_add(
        filter.get(), refuse, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, static_cast<scmp_datum_t>(AF_UNIX)));
    // It could open sockets past the call above.
    if (result == 0) result = seccomp_rule_add(filter.get(), refuse, SCMP_SYS(io_uring_setup), 0);
    // Calls of another architecture, such as 32 bits, have other numbers: none of them is needed.
    if (result == 0) result = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, refuse);
    if (result == 0) result = seccomp_load(filter.get());  // sets no_new_privs first
    if (result != 0) return failure(-result);
    return {};
}

bool displayNeedsNetwork(std::string_view platform, std::string_view display) {
    const bool isX11 = platform.empty() || platform.find("xcb") != std::string_view::npos;
    const std::string_view host = display.substr(0, display.rfind(':'));
    // "unix:0" and "host/unix:0" name the local server, and so does the path of its socket.
    const bool isLocal = host.empty() || host == "unix" || host.ends_with("/unix") || host.front() == '/';
    return isX11 && display.find(':') != std::string_view::npos && !isLocal;
}

}  // namespace epi
