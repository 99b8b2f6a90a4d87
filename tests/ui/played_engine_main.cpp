// A FakeEngine behind serveEngine: an engine process for tests of the window.
// played_engine [--pid-file FILE] [--hold-ask N] [--no-model]
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string_view>

#include "core/wire/serve.h"
#include "tests/support/fake_engine.h"

#include <unistd.h>

int main(int argc, char** argv) {
    epi::test::FakeScript script;
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view name(arguments[i]);
        if (name == "--no-model") script.hasModel = false;
        if (i + 1 == arguments.size()) break;
        if (name == "--pid-file") std::ofstream(arguments[i + 1]) << ::getpid();
        if (name == "--hold-ask") script.holdAskAt = std::atoi(arguments[i + 1]);
    }
    const auto served = epi::serveEngine(
        [script](epi::EventSink sink) {
            return std::make_unique<epi::test::FakeEngine>(script, std::move(sink));
        },
        STDIN_FILENO,
        STDOUT_FILENO);
    if (served) return 0;
    std::fprintf(stderr, "%s\n", served.error().message.c_str());
    return epi::exitCode(served.error().code);
}
