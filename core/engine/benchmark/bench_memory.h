#pragma once

#include <filesystem>

#include "core/engine/benchmark/benchmarks.h"
#include "core/engine/conversation_memory.h"
#include "core/engine/episode_builder.h"

namespace epi {

struct BenchMemory::State {
    explicit State(std::filesystem::path path) : folder(std::move(path)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    [[nodiscard]] BuildContext context(const BenchRun& run) const;

    std::filesystem::path folder;
    Wording wording;
    Conversation conversation;  // its memory once it was built
    MemoryPeak peak;
};

}  // namespace epi
