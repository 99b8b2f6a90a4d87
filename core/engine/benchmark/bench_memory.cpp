#include "core/engine/benchmark/bench_memory.h"

#include <string>
#include <system_error>

#include "core/model/language_model.h"
#include "core/model/text_embedder.h"

#include <stdlib.h>

namespace epi {

Result<BenchMemory> BenchMemory::create() {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    if (error) return Error{ErrorCode::kIo, "there is no folder for temporary files: " + error.message()};
    std::string path = (folder / "epichat-bench-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
        return Error{ErrorCode::kIo, "no temporary folder can be made in " + folder.string()};
    return BenchMemory(std::make_unique<State>(path));
}

BenchMemory::BenchMemory(std::unique_ptr<State> state) : state_(std::move(state)) {}
BenchMemory::BenchMemory(BenchMemory&&) noexcept = default;
BenchMemory::~BenchMemory() = default;

BenchMemory::State::~State() {
    std::error_code error;  // what stays is in the folder for temporary files
    std::filesystem::remove_all(folder, error);
}

BuildContext BenchMemory::State::context(const BenchRun& run) const {
    return {.model = *run.subject.model,
            .embedder = run.subject.embedder.get(),
            .chatTemplate = run.subject.chatTemplate,
            .profile = nullptr,
            .wording = wording,
            .cacheFolder = folder,
            .progress = {},
            .notice = {},
            .cancel = run.cancel};
}

}  // namespace epi
