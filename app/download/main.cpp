// epichat-download: fetches one model file. The only program of EpiChat that opens network connections.
#include <csignal>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "app/cli/interrupt.h"
#include "app/cli/progress_line.h"
#include "app/download/downloader.h"
#include "core/base/error.h"
#include "core/base/printable.h"

#include <CLI/CLI.hpp>
#include <curl/curl.h>

namespace {

/// One line each: {"progress": {"phase", "done", "total", "unit", "per_second"}}, {"notice": "..."}, and at
/// the end {"done": {"file", "bytes", "sha256", "resumed_from"}} or {"error": {"code", "message"}}.
void printLine(const nlohmann::json& value) {
    std::cout << value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n' << std::flush;
}

epi::DownloadListener jsonListener() {
    return {.progress =
                [](const epi::Progress& progress) {
                    printLine({{"progress",
                                {{"phase", progress.phase},
                                 {"done", progress.done},
                                 {"total", progress.total},
                                 {"unit", progress.unit},
                                 {"per_second", progress.perSecond}}}});
                },
            .notice =
                [](const std::string& notice) {
                    printLine({{"notice", notice}});
                }};
}

epi::DownloadListener textListener(epi::ProgressLine& line) {
    return {.progress = [&line](const epi::Progress& progress) { line.show(progress); },
            .notice =
                [&line](const std::string& notice) {
                    line.clear();
                    std::cerr << "epichat-download: " << notice << '\n';
                }};
}

int run(const epi::DownloadRequest& request, bool isJson) {
    const epi::CancelToken cancel = epi::cancelOnInterrupt();
    epi::ProgressLine line;
    const auto done = epi::download(request, isJson ? jsonListener() : textListener(line), cancel);
    line.clear();
    if (!done) {
        const epi::Error& error = done.error();
        if (isJson) printLine({{"error", {{"code", epi::name(error.code)}, {"message", error.message}}}});
        if (!isJson) std::cerr << "epichat-download: " << error.message << '\n';
        return epi::exitCode(error.code);
    }
    if (isJson) {
        printLine({{"done",
                    {{"file", done->file.string()},
                     {"bytes", done->bytes},
                     {"sha256", done->sha256},
                     {"resumed_from", done->resumedFrom}}}});
    } else {
        std::cout << done->file.string() << "\nSHA-256: " << done->sha256
                  << (request.sha256.empty() ? "" : ", as expected") << '\n';
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    epi::DownloadRequest request;
    bool isJson = false;
    CLI::App app{
        "Fetches a model file (GGUF) over https. What is interrupted goes on from there when it is started "
        "again with the same address."};
    app.set_version_flag("--version", "epichat-download " EPI_VERSION);
    app.add_option("url", request.url, "Address of the file, or - to read it from standard input")
        ->required();
    app.add_option("--to", request.folder, "Folder to store it in")->required();
    app.add_option("--name", request.name, "Name of the file (default: as in the address)");
    app.add_option("--sha256", request.sha256, "Checksum that the file must have");
    app.add_option("--ca-file", request.caFile, "Certificates to trust instead of the system's (PEM)")
        ->check(CLI::ExistingFile);
    app.add_option("--stall-seconds", request.stallSeconds, "Give up when nothing has come for so long")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    app.add_flag("--json-progress", isJson, "Print progress and result as lines of JSON");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : epi::exitCode(epi::ErrorCode::kInvalidArgument);
    }
    // A program's arguments can be read by everybody on the computer, and an address may hold a secret.
    if (request.url == "-") std::getline(std::cin, request.url);
    // Of a connection that was cut, and of a limit on the size of files: both are errors that are told.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        std::cerr << "epichat-download: the library for transfers (libcurl) cannot be used\n";
        return epi::exitCode(epi::ErrorCode::kInternal);
    }
    const int code = run(request, isJson);
    curl_global_cleanup();
    return code;
}
