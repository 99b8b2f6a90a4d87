// A ScriptedEngine behind serveEngine, for tests of RemoteEngine.
// echo_engine [--protocol N | --die-at-start]
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

#include "core/wire/serve.h"
#include "tests/wire/scripted_engine.h"

#include <unistd.h>

int main(int argc, char** argv) {
    std::int32_t protocol = epi::kProtocolVersion;
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    if (argc > 1 && std::string_view(arguments[1]) == "--die-at-start") return 9;
    if (argc > 2 && std::string_view(arguments[1]) == "--protocol") protocol = std::atoi(arguments[2]);

    const auto served = epi::serveEngine(
        [protocol](epi::EventSink sink) {
            return std::make_unique<epi::ScriptedEngine>(std::move(sink), protocol);
        },
        STDIN_FILENO,
        STDOUT_FILENO);
    if (served) return 0;
    std::fprintf(stderr, "%s\n", served.error().message.c_str());
    return epi::exitCode(served.error().code);
}
