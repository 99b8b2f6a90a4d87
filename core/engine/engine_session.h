#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/conversation_memory.h"
#include "core/engine/episode_builder.h"
#include "core/engine/layer_profile.h"
#include "core/engine/local_engine.h"
#include "core/model/language_model.h"
#include "core/model/text_embedder.h"
#include "core/wire/messages.h"

namespace epi {

/// What a running job may do besides returning its last event.
struct JobContext {
    std::function<void(Event)> emit;
    CancelToken cancel;
};

/// The state behind an engine: one model, the conversations it was told, their memories, and the one cache
/// that is ready to be asked. Each command runs to its end. Engine thread only.
class EngineSession {
public:
    explicit EngineSession(LocalEngineConfig config);
    ~EngineSession();

    [[nodiscard]] Hello hello() const;

    /// Does a command; returns its terminal event.
    Result<Event> run(const Command& command, const JobContext& context);

private:
    Result<Event> handle(const LoadModel& command, const JobContext& context);
    Result<Event> handle(const SyncConversation& command, const JobContext& context);
    Result<Event> handle(const BuildMemory& command, const JobContext& context);
    Result<Event> handle(const Ask& command, const JobContext& context);
    Result<Event> handle(const EvalBatch& command, const JobContext& context);
    Result<Event> handle(const Inspect& command, const JobContext& context);
    Result<Event> handle(const Release& command, const JobContext& context);
    Result<Event> handle(const ProfileLayers& command, const JobContext& context);

    Result<Conversation*> findConversation(const std::string& name);
    [[nodiscard]] BuildContext buildContext(const JobContext& context) const;
    /// The conversation's memory for these options: as it is, from disk, or built.
    Result<BuiltMemory*> ensureMemory(Conversation& conversation,
                                      const MemoryOptions& options,
                                      const JobContext& context);
    Result<Match> match(const Conversation& conversation,
                        const std::string& question,
                        const CancelToken& cancel) const;
    /// Makes an episode's cache the active one; what was asked of the one before is kept.
    Result<void> activate(Conversation& conversation, std::int32_t episode);
    /// Counts the remembered turn once the history has it, or goes back to the cache before it.
    void confirmTurn(Conversation& conversation);
    void writeBack();

    struct Question {
        std::string text;
        SamplingOptions sampling;
        std::optional<std::int32_t> episode;
        bool remember = false;
    };
    /// What is to be read behind which episode's cache for a question.
    struct Prepared {
        Match match;
        std::int32_t episode = 0;
        std::vector<TokenId> tokens;
        std::int64_t readTokens = 0;  // by a build that was needed first
    };
    /// Memory, match and active cache for a question.
    Result<Prepared> prepare(Conversation& conversation,
                             const MemoryOptions& options,
                             const Question& question,
                             const JobContext& context);
    /// The same, after a dense memory that is full was built anew as episodes.
    Result<Prepared> prepareWithRoom(Conversation& conversation,
                                     const MemoryOptions& options,
                                     const Question& question,
                                     const JobContext& context);
    Result<TurnDone> answer(Conversation& conversation,
                            const MemoryOptions& options,
                            const Question& question,
                            const JobContext& context);
    Result<std::vector<TokenId>> tokensToRead(const Conversation& conversation,
                                              const std::string& question) const;
    /// Reads all but the end of what does not fit behind the active cache, evicting; returns what is left.
    Result<std::vector<TokenId>> makeRoom(Conversation& conversation,
                                          std::vector<TokenId> tokens,
                                          const CancelToken& cancel);

    LocalEngineConfig config_;
    std::unique_ptr<LanguageModel> model_;
    std::unique_ptr<TextEmbedder> embedder_;
    std::shared_ptr<const ChatTemplate> chatTemplate_;
    Wording wording_;
    std::optional<LayerProfile> profile_;  // of the model, where one was made
    std::map<std::string, Conversation> conversations_;
    std::optional<ActiveCache> active_;
    MemoryPeak peak_;
};

/// What an episode's cache keeps of a history.
Trace traceOf(const Conversation& conversation,
              const ModelSpec& spec,
              const KvSnapshot& snapshot,
              std::int32_t episode);

}  // namespace epi
