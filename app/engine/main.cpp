// epichat-engine: models and memories behind frames on standard input and output.
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "core/base/heap.h"
#include "core/base/paths.h"
#include "core/engine/local_engine.h"
#include "core/wire/serve.h"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace {

struct Streams {
    int commands = -1;
    int events = -1;
};

epi::Error systemError(const std::string& what) {
    return epi::Error{epi::ErrorCode::kIo, what + ": " + std::system_category().message(errno)};
}

/// Keeps the two streams for frames only: whatever a library prints goes to standard error, whatever it reads
/// is empty.
epi::Result<Streams> takeStandardStreams() {
    Streams streams;
    streams.commands = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    streams.events = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (streams.commands < 0 || streams.events < 0) return systemError("cannot keep the standard streams");

    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0) return systemError("cannot open /dev/null");
    const bool isDone = ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
    if (!isDone) return systemError("cannot redirect the standard streams");
    ::close(nothing);
    return streams;
}

epi::Result<void> serve(const epi::LocalEngineConfig& config) {
    EPI_TRY_ASSIGN(const Streams streams, takeStandardStreams());
    return epi::serveEngine(
        [&config](epi::EventSink sink) { return epi::makeLocalEngine(config, std::move(sink)); },
        streams.commands,
        streams.events);
}

}  // namespace

int main(int argc, char** argv) {
    epi::LocalEngineConfig config{epi::paths::models(), epi::paths::episodeCaches()};
    CLI::App app{
        "The engine of EpiChat. It is started by epichat and speaks frames on its standard input and "
        "output; nothing is to be typed."};
    app.set_version_flag("--version", "epichat-engine " EPI_VERSION);
    app.add_option("--models", config.modelFolder, "Folder of the models, one folder per model id")
        ->capture_default_str();
    app.add_option("--cache", config.cacheFolder, "Folder of the episode caches")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    epi::keepFreedBlocks();
    spdlog::set_default_logger(spdlog::stderr_color_mt("epichat-engine"));
    const auto served = serve(config);
    if (served) return 0;
    spdlog::error("{}", served.error().message);
    return epi::exitCode(served.error().code);
}
