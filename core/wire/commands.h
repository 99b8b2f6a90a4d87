#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/chat/conversation.h"
#include "core/engine/options.h"
#include "core/recall/passage_candidate.h"

namespace epi {

/// Answered by ModelLoaded or Failed; after a failure the model loaded before stays.
struct LoadModel {
    std::string model;     // file path or model id; empty: the default model
    std::string embedder;  // folder, file or model id, or "llm"; empty: the default embedder
    DeviceChoice device = DeviceChoice::kAuto;
    ComputeMode compute = ComputeMode::kFast;
    bool plainTemplate = false;  // use the plain fallback when the model's chat template is unknown
    std::string prompts;         // JSON of core/chat/wording.h; empty: the program's own texts
};

/// Tells the engine a conversation: `turns` replace everything from index `firstTurn` on. Answered by Synced.
/// A long one comes in pieces, all but the last `isPartial`: until that is there nothing can be asked of it.
struct SyncConversation {
    std::string conversation;  // stable name, e.g. the row id as text
    HistoryLayout layout = HistoryLayout::kChat;
    std::string systemPrompt;
    std::vector<std::string> speakers;  // narrated layout
    std::int64_t firstTurn = 0;
    std::vector<Turn> turns;
    bool isPartial = false;
    std::string uid{};  // the same in every profile: files are named by it; empty: the name
};

/// Builds the episode caches of a conversation, or finds them on disk. Progress..., then MemoryBuilt. A
/// memory that was built over a beginning of the history will do, since later turns are read when an episode
/// is next asked; with `rebuild` only one that was built over all of it.
struct BuildMemory {
    std::string conversation;
    MemoryOptions memory;
    bool rebuild = false;
    /// Turns that are pinned now: one that has to be built keeps them instead of those that `memory` names,
    /// one that is there stays as it is. Nothing: `memory` is taken at its word.
    std::optional<std::vector<std::int64_t>> pins{};
};

/// Answers a question from the best episode's cache (building the memory first when there is none).
/// Progress..., TokenDelta..., then TurnDone. With `remember` the turn stays in that cache; the caller adds
/// both messages to the conversation by its next SyncConversation (question first, then the answer). A reply
/// that was cut off goes on with `replyBegin`: TokenDelta brings what is new, TurnDone the whole reply.
struct Ask {
    std::string conversation;
    std::string question;
    MemoryOptions memory;
    SamplingOptions sampling;
    std::optional<std::int32_t> episode;  // instead of the best match
    bool remember = true;
    std::string replyBegin;  // how the reply begins; read, not generated
    /// Turns that full-text search found for the question: what is quoted before it is chosen by these and by
    /// meaning.
    std::vector<PassageCandidate> passages{};
    std::optional<std::vector<std::int64_t>> pins{};  // as in BuildMemory
};

struct EvalQuestion {
    std::int64_t id = 0;
    std::string question;
    std::int32_t category = 0;
    std::vector<PassageCandidate> passages{};  // as in Ask
    /// Is not answered but read as the reply, and its likelihood told; empty: the question is answered.
    std::string expected{};
};
/// Answers each question from the unchanged memory, or measures how likely the expected answer is; one
/// EvalAnswer each as soon as it is there, then EvalDone.
struct EvalBatch {
    std::string conversation;
    MemoryOptions memory;
    SamplingOptions sampling;
    std::vector<EvalQuestion> questions;
};

/// What an episode's cache keeps; builds nothing. Answered by Trace, or Failed with kNotFound.
struct Inspect {
    std::string conversation;
    MemoryOptions memory;
    std::int32_t episode = 0;
};

/// Removes cache files by the keys of memories, and all that is known of conversations by theirs
/// (conversationKey in core/format/cache_key.h). Answered by Released.
struct Release {
    std::vector<std::string> keys;
};

/// Measures how sensitive the layers of the model are to a bounded memory, and keeps the result for it:
/// presets that share the budget among layers go by it. Progress..., then LayersProfiled.
struct ProfileLayers {
    std::string text;             // empty: the program's own
    std::int64_t tokens = 16384;  // of the text, at most the trained context
};

using Command =
    std::variant<LoadModel, SyncConversation, BuildMemory, Ask, EvalBatch, Inspect, Release, ProfileLayers>;

}  // namespace epi
