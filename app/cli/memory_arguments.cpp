#include "app/cli/memory_arguments.h"

#include <charconv>
#include <utility>

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
    command.add_option(
        "--preset",
        arguments.preset,
        "How the memory is built, with this preset's own score, level, head floor and quotations: " +
            presetList());
    command.add_option(
        "--level", arguments.level, "Share of a layer's budget among heads: pair or pair-uniform");
    command.add_option("--budget", arguments.budget, "Mean entries per layer and head; 0: from the history");
    command.add_option("--block", arguments.block, "Tokens read at a time; 0: by device");
    command.add_option(
        "--episodes", arguments.episodes, "Number of episodes; auto or 0: by how topics separate");
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
    command.add_option("--positions",
                       arguments.positions,
                       "Of kept entries: keep, or auto (counted anew past the model's trained context)");
    command.add_option("--codec", arguments.codec, "How caches are held in files: exact, bf16, int8 or int4");
}

void addOnlineOptions(CLI::App& command, MemoryArguments& arguments) {
    command.add_option(
        "--union-margin",
        arguments.unionMargin,
        "Answer from the two best episodes together when their similarities differ by less; 0: never");
    command.add_option("--new-episode-below",
                       arguments.newEpisodeBelow,
                       "Begin a new episode with a question that is less similar to every episode; 0: never");
    addRecallOption(command, arguments);
}

void addRecallOption(CLI::App& command, MemoryArguments& arguments) {
    command.add_option("--recall",
                       arguments.recallTokens,
                       "Quote at most so many tokens of earlier turns before a question; 0: none; without it "
                       "as many as the chat's memory or its preset says");
}

MemoryArguments withoutOnline(MemoryArguments arguments) {
    arguments.unionMargin.reset();
    arguments.newEpisodeBelow.reset();
    arguments.recallTokens.reset();
    return arguments;
}

Result<MemoryOptions> memoryOptions(const MemoryArguments& arguments, const std::string& stored) {
    MemoryOptions options;
    if (!stored.empty()) {
        EPI_TRY_ASSIGN(options, memoryOptionsFromJsonText(stored));
    }
    if (arguments.preset) options = withPreset(std::move(options), *arguments.preset);
    EPI_TRY(presetById(options.preset));
    if (arguments.level) {
        EPI_TRY_ASSIGN(options.level, budgetLevelFromName(*arguments.level));
    }
    if (arguments.codec) {
        EPI_TRY_ASSIGN(options.codec, cacheCodecFromName(*arguments.codec));
    }
    if (arguments.positions) {
        EPI_TRY_ASSIGN(options.positions, positionModeFromName(*arguments.positions));
    }
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
    options.online.newEpisodeBelow = arguments.newEpisodeBelow.value_or(options.online.newEpisodeBelow);
    options.online.unionMargin = arguments.unionMargin.value_or(options.online.unionMargin);
    if (arguments.recallTokens) options.online.recallTokens = arguments.recallTokens;
    return options;
}

}  // namespace epi
