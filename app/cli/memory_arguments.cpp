#include "app/cli/memory_arguments.h"

#include <charconv>

#include "core/policy/preset.h"
#include "core/wire/options_json.h"

namespace epi {
namespace {

std::string presetList() {
    std::string list;
    for (const MemoryPreset& preset : allPresets())
        list += (list.empty() ? "" : ", ") + std::string(preset.id);
    return list;
}

/// "auto" or a number.
Result<std::int32_t> episodesOf(const std::string& text) {
    if (text == "auto") return 0;
    std::int32_t episodes = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), episodes);
    if (failure == std::errc{} && end == text.data() + text.size() && episodes >= 0) return episodes;
    return Error{ErrorCode::kInvalidArgument, "--episodes: '" + text + "' is neither a number nor auto"};
}

}  // namespace

void addMemoryOptions(CLI::App& command, MemoryArguments& arguments, const char* seedName) {
    command.add_option("--preset", arguments.preset, "How the memory is built: " + presetList());
    command.add_option(
        "--level", arguments.level, "Share of a layer's budget among heads: pair or pair-uniform");
    command.add_option("--budget", arguments.budget, "Mean entries per layer and head; 0: from the history");
    command.add_option("--block", arguments.block, "Tokens read at a time; 0: by device");
    command.add_option("--episodes", arguments.episodes, "Number of episodes; auto: by how topics separate");
    command.add_option("--segment-utterances", arguments.segmentUtterances, "Utterances per segment");
    command.add_option("--representatives", arguments.representatives, "Segments in a patched prompt");
    command.add_option("--patch-tokens", arguments.patchTokens, "Patched prompts are cut to this length");
    command.add_option(seedName, arguments.seed, "Seed of the clustering");
    command.add_option(
        "--score",
        arguments.score,
        "What an entry is worth instead of the preset's, a scorer or several combined by rank, "
        "as \"keydiff + attention * 0.5\"");
    command.add_option("--head-floor",
                       arguments.headFloor,
                       "Share of a layer's budget that each head keeps at least, with level pair");
}

Result<MemoryOptions> memoryOptions(const MemoryArguments& arguments, const std::string& stored) {
    MemoryOptions options;
    if (!stored.empty()) {
        EPI_TRY_ASSIGN(options, memoryOptionsFromJsonText(stored));
    }
    if (arguments.level) {
        EPI_TRY_ASSIGN(options.level, budgetLevelFromName(*arguments.level));
    }
    options.preset = arguments.preset.value_or(options.preset);
    EPI_TRY(presetById(options.preset));
    options.budget = arguments.budget.value_or(options.budget);
    options.block = arguments.block.value_or(options.block);
    if (arguments.episodes) {
        EPI_TRY_ASSIGN(options.episodes, episodesOf(*arguments.episodes));
    }
    options.score = arguments.score.value_or(options.score);
    if (arguments.headFloor) options.headFloor = arguments.headFloor;
    options.segmentUtterances = arguments.segmentUtterances.value_or(options.segmentUtterances);
    options.representatives = arguments.representatives.value_or(options.representatives);
    options.patchTokens = arguments.patchTokens.value_or(options.patchTokens);
    options.seed = arguments.seed.value_or(options.seed);
    return options;
}

}  // namespace epi
