#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/engine/options.h"

#include <CLI/CLI.hpp>

namespace epi {

/// How a memory is built, as far as the user says so.
struct MemoryArguments {
    std::optional<std::string> preset;
    std::optional<std::string> level;
    std::optional<std::int32_t> budget;
    std::optional<std::int32_t> block;
    std::optional<std::string> episodes;
    std::optional<std::int32_t> segmentUtterances;
    std::optional<std::int32_t> representatives;
    std::optional<std::int32_t> patchTokens;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> score;
    std::optional<double> headFloor;
    std::optional<std::string> codec;
    std::optional<std::string> positions;
    std::optional<double> unionMargin;
    std::optional<double> newEpisodeBelow;
    std::optional<std::int32_t> recallTokens;
};

/// Adds --preset, --level, --budget, --block and so on. `seedName` names the seed of the clustering.
void addMemoryOptions(CLI::App& command, MemoryArguments& arguments, const char* seedName = "--seed");

/// Adds --union-margin, --new-episode-below and --recall: what concerns asking alone.
void addOnlineOptions(CLI::App& command, MemoryArguments& arguments);

/// Adds --recall alone.
void addRecallOption(CLI::App& command, MemoryArguments& arguments);

/// The same without what concerns asking alone.
MemoryArguments withoutOnline(MemoryArguments arguments);

/// The options stored with a conversation (their JSON; empty: the defaults) with what the user said put over
/// them. kInvalidArgument for an unknown preset or level.
Result<MemoryOptions> memoryOptions(const MemoryArguments& arguments, const std::string& stored);

}  // namespace epi
