// How EngineSession comes by the memory of a conversation: as it is, from disk, or built.
#include <algorithm>
#include <system_error>

#include "core/base/heap.h"
#include "core/base/log.h"
#include "core/engine/engine_session.h"
#include "core/engine/episode_files.h"
#include "core/engine/memory_description.h"
#include "core/engine/memory_folder.h"
#include "core/format/cache_folder.h"

namespace epi {

BuildContext EngineSession::buildContext(const JobContext& context) {
    return {.model = *loaded_->model,
            .embedder = loaded_->embedder.get(),
            .chatTemplate = loaded_->chatTemplate,
            .profile = loaded_->profile ? &*loaded_->profile : nullptr,
            .wording = loaded_->wording,
            .cacheFolder = config_.cacheFolder,
            .progress =
                [emit = context.emit](const Progress& progress) {
                    if (emit) emit(progress);
                },
            .notice =
                [this](const std::string& reason) { tell(makeNotice(NoticeCode::kMemoryUnsaved, {reason})); },
            .cancel = context.cancel,
            .built =
                [this](const std::string& key, const KvSnapshot& snapshot, bool isSaved) {
                    store_.keep(key, snapshot, isSaved);
                }};
}

void EngineSession::trimFolder(const std::string& memoryInUse) const {
    const std::int64_t limit = config_.limits.diskBytes;
    const auto trimmed = trimCacheFolder(
        config_.cacheFolder, limit > 0 ? limit : defaultMemoryFolderLimit(config_.cacheFolder), memoryInUse);
    if (!trimmed) logWarning(trimmed.error().message);
}

void EngineSession::forgetMemory(Conversation& conversation) {
    if (conversation.memory) store_.forget(conversation.memory->key);
    conversation.memory.reset();
}

void EngineSession::forgetAddedEpisodes(BuiltMemory& memory, std::int64_t turns) {
    const auto first = std::ranges::find_if(memory.episodes, [&](const EpisodeMemory& episode) {
        return episode.isAdded && episode.builtTurns > turns;
    });
    // Their places are for those that are added next.
    for (auto each = first; each != memory.episodes.end(); ++each)
        store_.forget(episodeKey(memory.key, static_cast<std::int32_t>(each - memory.episodes.begin())));
    memory.episodes.erase(first, memory.episodes.end());
}

Result<BuiltMemory*> EngineSession::ensureMemory(Conversation& conversation,
                                                 const WantedMemory& wanted,
                                                 const JobContext& context) {
    const MemoryOptions& options = wanted.options;
    const auto covers = [&](const BuiltMemory& memory) {
        return wanted.coverage == Coverage::kBeginning ||
               memory.builtTurns == static_cast<std::int64_t>(conversation.text.turns.size());
    };
    const auto isAskedFor = [&](const BuiltMemory& memory) {
        const auto isMet = [&](MemoryOptions had) {
            if (wanted.pins) had.pinnedTurns = options.pinnedTurns;
            return withoutOnline(std::move(had)) == withoutOnline(options);
        };
        // What was built is what its own resolved options ask for, too.
        return isMet(memory.requested) || isMet(memory.resolved.options);
    };
    if (conversation.memory && isAskedFor(*conversation.memory) && covers(*conversation.memory)) {
        const std::int64_t rows = quotedRows(*conversation.memory);
        conversation.memory->resolved.options.online = options.online;
        if (quotedRows(*conversation.memory) > rows) {
            // Caches were made without room for so much.
            save();
            store_.forget(conversation.memory->key);
        }
        return &*conversation.memory;
    }
    // A folder that cannot be made is told when the first file is to be written.
    std::error_code error;
    std::filesystem::create_directories(config_.cacheFolder, error);
    forgetMemory(conversation);
    const BuildContext build = buildContext(context);
    std::vector<MemoryOptions> lookedFor{options};
    if (wanted.pins && *wanted.pins != options.pinnedTurns)
        lookedFor.emplace_back(options).pinnedTurns = *wanted.pins;
    for (const MemoryOptions& each : lookedFor) {
        auto found = findMemory(build, conversation, each);
        if (!found || !covers(*found)) continue;
        conversation.memory = std::move(found);
        touchMemory(config_.cacheFolder, conversation.memory->key);
        return &*conversation.memory;
    }
    peak_ = {};
    auto built = buildMemory(build, conversation, lookedFor.back(), peak_);
    trimFolder(built ? built->key : "");  // one that was cancelled has written, too
    if (!built) return std::move(built).error();
    conversation.memory = *std::move(built);
    if (peak_.entriesPerHead > peak_.entriesBound) {
        return Error{ErrorCode::kInternal,
                     "a head was given " + std::to_string(peak_.entriesPerHead) + " entries, the bound is " +
                         std::to_string(peak_.entriesBound)};
    }
    return &*conversation.memory;
}

Result<Event> EngineSession::handle(const BuildMemory& command, const JobContext& context) {
    EPI_TRY_ASSIGN(Conversation* const conversation, findConversation(command.conversation));
    const Coverage coverage = command.rebuild ? Coverage::kWholeHistory : Coverage::kBeginning;
    EPI_TRY_ASSIGN(BuiltMemory* const memory,
                   ensureMemory(*conversation, {command.memory, command.pins, coverage}, context));
    // The first question need not wait for it then. What fails here fails there again, with a reply to tell
    // it.
    if (loaded_->embedder && quotedRows(*memory) > 0) {
        if (const auto indexed = indexHistory(*conversation, context); !indexed)
            logWarning(indexed.error().message + "; passages are compared at the first question");
    }
    MemoryBuilt built = describeMemory(*conversation, peak_, loaded_->model->info().trainedContext);
    built.notices = takeNotices();
    memory->readTokens = 0;  // told once: what follows did not read it
    conversation->told = groupingOf(*conversation);
    returnFreedBlocks();
    last_ = {.conversation = conversation->name};
    return Event(std::move(built));
}

}  // namespace epi
