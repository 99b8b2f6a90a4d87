#pragma once

#include <span>
#include <string_view>

#include "app/cli/engine_runner.h"
#include "app/cli/output.h"
#include "app/cli/stored_memory.h"
#include "core/base/result.h"
#include "core/engine/options.h"

namespace epi {

/// What a benchmark's question is asked behind: nothing, the whole history uncompressed, only the sessions
/// that hold the evidence (retrieval that knows the answer), or the conversation's memory.
enum class EvalContext { kNone, kFull, kEvidence, kMemory };

std::string_view name(EvalContext value);
Result<EvalContext> evalContextFromName(std::string_view text);

/// Asks questions behind a context. `questions` are those of the batch, in its order, with their evidence.
struct ContextTask {
    EngineRunner& engine;
    StoredConversation conversation;
    const MemoryOptions& memory;
    std::span<const QuestionRecord> questions;
    const Output& output;
    bool storesMemory = true;  // as the conversation's own
};
Result<void> askBehind(EvalContext context,
                       const ContextTask& task,
                       EvalBatch batch,
                       const EngineRunner::Observer& observe);

}  // namespace epi
