#include "app/cli/interrupt.h"

#include <csignal>

namespace epi {
namespace {

// Outlives every handler: never deleted.
const CancelToken* interruptToken = nullptr;

void cancelToken(int /*signal*/) {
    interruptToken->cancel();  // a lock-free store, which a signal handler may do
}

}  // namespace

CancelToken cancelOnInterrupt() {
    static const CancelToken token;
    interruptToken = &token;
    struct sigaction action {};
    action.sa_handler = cancelToken;
    action.sa_flags = SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return token;
}

}  // namespace epi
