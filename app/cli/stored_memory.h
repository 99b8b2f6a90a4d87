#pragma once

#include <cstdint>
#include <vector>

#include "app/cli/engine_runner.h"
#include "app/cli/output.h"
#include "core/wire/messages.h"
#include "storage/store.h"

namespace epi {

/// What a memory is built for.
struct StoredConversation {
    Store& store;
    const ConversationRecord& record;
};

/// Tells the engine the conversation and has its memory built or found on disk; the command need not name the
/// conversation. Progress and the warning about histories past the trained context go to standard error.
Result<MemoryBuilt> buildToldMemory(EngineRunner& engine,
                                    const StoredConversation& conversation,
                                    const BuildMemory& command,
                                    const Output& output);

/// The same, and stores its episodes and these options with the conversation.
Result<MemoryBuilt> buildStoredMemory(EngineRunner& engine,
                                      const StoredConversation& conversation,
                                      const BuildMemory& command,
                                      const Output& output);

/// Stores how a conversation's memory is built, and what is pinned in it.
Result<void> storeOptions(const StoredConversation& conversation,
                          MemoryOptions options,
                          const std::vector<std::int64_t>& pinnedTurns);

}  // namespace epi
