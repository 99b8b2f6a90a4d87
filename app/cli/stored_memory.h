#pragma once

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

/// Tells the engine the conversation and builds its memory or finds it on disk. With `rebuild` a memory that
/// does not cover the newest messages is built anew. Progress and the warning about histories past the
/// trained context go to standard error.
Result<MemoryBuilt> buildToldMemory(EngineRunner& engine,
                                    const StoredConversation& conversation,
                                    const MemoryOptions& options,
                                    const Output& output,
                                    bool rebuild = false);

/// The same, and stores its episodes and these options with the conversation.
Result<MemoryBuilt> buildStoredMemory(EngineRunner& engine,
                                      const StoredConversation& conversation,
                                      const MemoryOptions& options,
                                      const Output& output,
                                      bool rebuild = false);

}  // namespace epi
