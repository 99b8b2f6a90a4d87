#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "app/cli/engine_runner.h"
#include "app/cli/history.h"
#include "app/cli/memory_arguments.h"
#include "app/cli/residency_json.h"
#include "app/cli/stored_memory.h"
#include "core/base/paths.h"
#include "core/base/printable.h"
#include "core/engine/memory_folder.h"
#include "core/episode/episode_names.h"
#include "core/wire/options_json.h"

namespace epi {
namespace {

using nlohmann::json;

struct MemoryCommandOptions {
    ConversationArguments conversation;
    ModelArguments model;
    MemoryArguments memory;
    std::optional<std::int32_t> episode;
    bool rebuild = false;
};

/// Named by what is said in its turns, as the engine names it.
std::vector<std::string> namesOf(const std::vector<EpisodeRecord>& episodes,
                                 const std::vector<MessageRecord>& messages) {
    std::map<std::int64_t, const std::string*> textOf;
    for (const MessageRecord& message : messages)
        textOf[message.id] = &message.text;
    std::vector<std::string> texts;
    for (const EpisodeRecord& episode : episodes) {
        std::string& text = texts.emplace_back();
        for (const std::int64_t id : episode.turnIds) {
            if (const auto found = textOf.find(id); found != textOf.end()) text += *found->second + "\n";
        }
    }
    return distinctiveWords(texts);
}

json describe(const EpisodeRecord& episode, const std::string& name) {
    return {{"index", episode.index},
            {"name", name},
            {"segments", episode.segments},
            {"turns", episode.turnIds.size()},
            {"kept", episode.keptEntries},
            {"representatives", episode.representatives},
            {"cache_key", episode.cacheKey}};
}

std::string lineOf(const EpisodeRecord& episode, const std::string& name) {
    return "--episode " + std::to_string(episode.index) + "\t" + printable(name, kMaxPrintablePath) + "\t" +
           groupedSigned(episode.segments) + " segments\t" + groupedSigned(episode.keptEntries) +
           " entries kept\n";
}

json describe(const MemoryBuilt& built, const std::vector<EpisodeRecord>& episodes) {
    json described{{"memory", toJson(built.memory)},
                   {"history_tokens", built.historyTokens},
                   {"episodes", json::array()},
                   {"layer_budgets", built.layerBudgets},
                   {"peak_entries", built.peakEntriesPerHead},
                   {"peak_entries_bound", built.peakEntriesBound},
                   {"peak_bytes", built.peakBytes},
                   {"read_tokens", built.readTokens},
                   {"pinned_tokens", built.pinnedTokens},
                   {"past_trained_context", built.pastTrainedContext},
                   {"notice", built.notice},
                   {"positions", built.positions},
                   {"seconds", built.seconds}};
    for (std::size_t i = 0; i < episodes.size(); ++i)
        described["episodes"].push_back(describe(episodes[i], built.episodes[i].name));
    return described;
}

std::string textOf(const MemoryBuilt& built, const std::vector<EpisodeRecord>& episodes) {
    std::string text;
    for (std::size_t i = 0; i < episodes.size(); ++i)
        text += lineOf(episodes[i], built.episodes[i].name);
    if (built.pinnedTokens > 0)
        text += groupedSigned(built.pinnedTokens) + " of them of pinned messages, in each layer and head\n";
    if (built.readTokens == 0) return text + "found on disk, nothing had to be read";
    return text + "at most " + groupedSigned(built.peakEntriesPerHead) +
           " entries allocated per layer and head, " + groupedSigned(built.peakEntriesBound) + " allowed; " +
           groupedSigned(built.peakBytes) + " bytes\n" + groupedSigned(built.readTokens) +
           " tokens read in " + std::to_string(built.seconds) + " s";
}

Result<void> build(const MemoryCommandOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openWritableDatabase(options.conversation.database));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    EPI_TRY_ASSIGN(MemoryOptions memory, memoryOptions(options.memory, record.memory));
    EPI_TRY_ASSIGN(memory.pinnedTurns, store.pinnedMessages(record.id));
    EngineRunner engine(context.cancel);
    EPI_TRY(engine.load(options.model, context.output));
    EPI_TRY_ASSIGN(
        const MemoryBuilt built,
        buildStoredMemory(
            engine, {store, record}, {.memory = memory, .rebuild = options.rebuild}, context.output));
    const std::vector<EpisodeRecord> episodes = episodeRecords(record.id, built);
    context.output.print(describe(built, episodes), textOf(built, episodes));
    return {};
}

Result<void> listEpisodes(Store& store, const ConversationRecord& record, const Output& output) {
    EPI_TRY_ASSIGN(const std::vector<EpisodeRecord> episodes, store.episodes(record.id));
    if (episodes.empty()) {
        return Error{ErrorCode::kNotFound,
                     "conversation " + std::to_string(record.id) + " has no memory yet"};
    }
    EPI_TRY_ASSIGN(const std::vector<MessageRecord> messages, store.messages(record.id));
    const std::vector<std::string> names = namesOf(episodes, messages);
    json described = json::array();
    std::string lines;
    for (std::size_t i = 0; i < episodes.size(); ++i) {
        const std::int64_t bytes = memoryFileBytes(paths::episodeCaches(), episodes[i].cacheKey);
        json entry = describe(episodes[i], names[i]);
        entry["tier"] = bytes > 0 ? "disk" : "none";
        entry["bytes"] = bytes;
        described.push_back(std::move(entry));
        lines += lineOf(episodes[i], names[i]);
    }
    output.print({{"episodes", std::move(described)},
                  {"cache_folder",
                   {{"bytes", memoryFileBytes(paths::episodeCaches(), "")},
                    {"limit", defaultMemoryFolderLimit(paths::episodeCaches())}}}},
                 lines);
    return {};
}

std::string textOf(const Trace& trace) {
    std::string text;
    for (std::size_t layer = 0; layer < trace.keptPerHead.size(); ++layer) {
        text += "layer " + std::to_string(layer) + ":";
        for (const std::int32_t kept : trace.keptPerHead[layer])
            text += " " + groupedSigned(kept);
        text += "\n";
    }
    return text;
}

Result<void> inspect(const MemoryCommandOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openDatabase(options.conversation.database, DatabaseAccess::kExisting));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    if (!options.episode) return listEpisodes(store, record, context.output);
    EPI_TRY_ASSIGN(const MemoryOptions memory, memoryOptions(options.memory, record.memory));
    EPI_TRY_ASSIGN(const std::vector<MessageRecord> messages, store.messages(record.id));
    EngineRunner engine(context.cancel);
    EPI_TRY(engine.load(options.model, context.output));
    EPI_TRY(engine.run<Synced>(syncOf(record, messages)));
    EPI_TRY_ASSIGN(const Trace trace,
                   engine.run<Trace>(Inspect{
                       .conversation = engineName(record), .memory = memory, .episode = *options.episode}));
    context.output.print({{"episode", trace.episode},
                          {"history_tokens", trace.historyTokens},
                          {"layer_budgets", trace.layerBudgets},
                          {"kept", trace.keptPerHead},
                          {"tiers", trace.tiers},
                          {"expected", trace.expected},
                          {"residency", describe(trace.residency)}},
                         textOf(trace));
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(memory) {
    using epi::CommandContext;
    const auto options = std::make_shared<epi::MemoryCommandOptions>();
    CLI::App& group = commandLine.addGroup({"memory", "Build and look at the memories of conversations"});
    CLI::App& buildCommand = commandLine.add(
        {"build", "Build the episodes of a conversation, or find them on disk"},
        [options](const CommandContext& context) { return epi::build(*options, context); },
        &group);
    CLI::App& inspectCommand = commandLine.add(
        {"inspect", "Print a conversation's episodes, or what one of them keeps"},
        [options](const CommandContext& context) { return epi::inspect(*options, context); },
        &group);
    for (CLI::App* const command : {&buildCommand, &inspectCommand}) {
        epi::addConversationOptions(*command, options->conversation);
        epi::addMemoryModelOptions(*command, options->model);
        epi::addMemoryOptions(*command, options->memory);
    }
    buildCommand.add_flag(
        "--rebuild",
        options->rebuild,
        "Build anew over messages that came after the memory was built, which are otherwise "
        "added when an episode is asked");
    inspectCommand.add_option(
        "--episode", options->episode, "Entries kept per layer and head of this one, from 0");
}
