#include "app/cli/stored_memory.h"

#include <utility>

#include "app/cli/history.h"
#include "app/cli/progress_line.h"
#include "core/base/printable.h"
#include "core/wire/options_json.h"

namespace epi {

Result<MemoryBuilt> buildToldMemory(EngineRunner& engine,
                                    const StoredConversation& conversation,
                                    const BuildMemory& command,
                                    const Output& output) {
    EPI_TRY_ASSIGN(const std::vector<MessageRecord> messages,
                   conversation.store.messages(conversation.record.id));
    EPI_TRY(engine.run<Synced>(syncOf(conversation.record, messages)));
    BuildMemory named = command;
    named.conversation = engineName(conversation.record);
    ProgressLine progressLine;
    EPI_TRY_ASSIGN(MemoryBuilt built,
                   engine.run<MemoryBuilt>(std::move(named), [&](const Event& event) -> Result<void> {
                       if (const auto* progress = std::get_if<Progress>(&event)) progressLine.show(*progress);
                       return {};
                   }));
    progressLine.clear();
    if (built.pastTrainedContext) {
        output.notice("the history has " + counted(built.historyTokens, "token") +
                      ", the model was trained on " + groupedSigned(engine.model().trainedContext));
    }
    if (!built.notices.empty()) output.notice(textOf(built.notices));
    return built;
}

Result<MemoryBuilt> buildStoredMemory(EngineRunner& engine,
                                      const StoredConversation& conversation,
                                      const BuildMemory& command,
                                      const Output& output) {
    EPI_TRY_ASSIGN(MemoryBuilt built, buildToldMemory(engine, conversation, command, output));
    EPI_TRY(conversation.store.saveEpisodes(conversation.record.id,
                                            episodeRecords(conversation.record.id, built),
                                            {.tokens = built.historyTokens, .lastMessage = built.lastTurn}));
    EPI_TRY(storeOptions(conversation, command.memory, built.memory.pinnedTurns));
    return built;
}

Result<void> storeOptions(const StoredConversation& conversation,
                          MemoryOptions options,
                          const std::vector<std::int64_t>& pinnedTurns) {
    options.pinnedTurns = pinnedTurns;
    return conversation.store.setMemory(conversation.record.id, toJsonText(options));
}

}  // namespace epi
