#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/conversation_memory.h"
#include "core/engine/episode_builder.h"
#include "core/engine/episode_store.h"
#include "core/engine/job_context.h"
#include "core/engine/loaded_model.h"
#include "core/engine/local_engine.h"
#include "core/engine/quoting.h"
#include "core/engine/turn_reader.h"
#include "core/wire/messages.h"

namespace epi {

/// The state behind an engine: one model, the conversations it was told, their memories, and the caches of
/// episodes. Each command runs to its end. Engine thread only.
class EngineSession {
public:
    explicit EngineSession(LocalEngineConfig config);
    ~EngineSession();

    [[nodiscard]] Hello hello() const;

    /// Does a command; returns its terminal event.
    Result<Event> run(const Command& command, const JobContext& context);

    /// Writes what the last command changed; to be called once its terminal event is out.
    void save();
    /// A small piece of work ahead of the next command; false when there is none.
    bool workAhead();

    /// How many conversations' passages are in memory.
    [[nodiscard]] std::size_t indexedConversations() const;

private:
    /// After memory ran out: gives up the copies of all caches, which files or the history bring back.
    void recover();
    Result<Event> handle(const LoadModel& command, const JobContext& context);
    Result<Event> handle(const SyncConversation& command, const JobContext& context);
    Result<Event> handle(const BuildMemory& command, const JobContext& context);
    Result<Event> handle(const Ask& command, const JobContext& context);
    Result<Event> handle(const EvalBatch& command, const JobContext& context);
    Result<Event> handle(const Inspect& command, const JobContext& context);
    Result<Event> handle(const Release& command, const JobContext& context);
    Result<Event> handle(const ProfileLayers& command, const JobContext& context);

    /// Its tokens, where a model is loaded and all of it was told.
    void tokenize(Conversation& conversation) const;
    Result<Conversation*> findConversation(const std::string& name);
    [[nodiscard]] BuildContext buildContext(const JobContext& context);
    /// Which memories will do: any over a beginning of the history, or only one over all of it.
    enum class Coverage { kBeginning, kWholeHistory };
    using TurnIds = std::vector<std::int64_t>;
    struct WantedMemory {
        const MemoryOptions& options;
        const std::optional<TurnIds>& pins;  // as in BuildMemory
        Coverage coverage = Coverage::kBeginning;
    };
    /// The conversation's memory for these options: as it is, from disk, or built.
    Result<BuiltMemory*> ensureMemory(Conversation& conversation,
                                      const WantedMemory& wanted,
                                      const JobContext& context);
    void forgetMemory(Conversation& conversation);
    /// Forgets episodes that were added behind turns that are no longer the conversation's, of which only the
    /// first `turns` are the same.
    void forgetAddedEpisodes(BuiltMemory& memory, std::int64_t turns);
    /// Makes the cache folder small enough.
    void trimFolder(const std::string& memoryInUse) const;
    Result<Match> match(const Conversation& conversation,
                        const std::string& question,
                        const CancelToken& cancel) const;

    struct Question {
        std::string text;
        SamplingOptions sampling;
        std::optional<std::int32_t> episode;
        bool remember = false;
        bool isReplyGiven = false;  // sampling.maxTokens of it are read, however many
        std::string replyBegin{};
        std::vector<PassageCandidate> passages{};
        std::optional<TurnIds> pins{};
    };
    /// A question whose episode is on the device and has read every turn.
    struct Prepared {
        Match match;
        std::int32_t episode = 0;
        std::int32_t cacheEpisode = 0;  // whose cache answers for it
        EpisodeStore::Opened opened;
        double switchSeconds = 0.0;
        std::int64_t readTokens = 0;  // by a build that was needed first, and of turns
        std::vector<TokenId> tokens;
        Quotation quotation;  // inside the tokens
        /// Two episodes together, and the second of them, where the question is between the two.
        std::unique_ptr<KvCache> united;
        std::int32_t second = -1;

        [[nodiscard]] KvCache& cache() const { return united ? *united : *opened.cache; }
    };
    /// What was done to a prepared cache for a reply.
    struct Replied {
        KvCache::Mark before;
        bool isLong = false;  // entries were evicted for the question
        bool stays = false;   // question and reply become a turn of the episode
    };
    /// Chooses, after a build as episodes where a dense memory is full; then the episode has read every turn,
    /// and what is quoted is among the tokens.
    Result<Prepared> prepare(Conversation& conversation,
                             const MemoryOptions& options,
                             const Question& question,
                             const JobContext& context);
    /// Of the question and its reply, without a quotation.
    static std::int64_t rowsToAnswer(const TurnReading& reading, const Question& question);
    /// Whether a dense memory has no room for the question, and one that is built of the whole history would.
    bool isToBuildAnew(Conversation& conversation, const Question& question, const Prepared& prepared) const;
    /// Opens it in the store, and keeps the folder within its limit.
    Result<EpisodeStore::Opened> openEpisode(Conversation& conversation,
                                             std::int32_t episode,
                                             const JobContext& context);
    /// Builds the memory where there is none, matches the question, and opens its episode.
    Result<Prepared> choose(Conversation& conversation,
                            const MemoryOptions& options,
                            const Question& question,
                            const JobContext& context);
    /// Lets the episode's cache read the turns it has not read, with room for the question behind them.
    Result<void> readTurns(Conversation& conversation,
                           const Question& question,
                           Prepared& prepared,
                           const CancelToken& cancel);
    /// Makes the passages of the history ready to be compared with questions. Needs an embedder.
    Result<void> indexHistory(Conversation& conversation, const JobContext& context);
    /// Gives up the passages of those that were asked before the last ones: of a long history they are large.
    void keepPassagesOf(const Conversation& conversation);
    /// Quotes what bears on the question and is not in the cache as a whole, as far as there is room.
    Result<void> quote(Conversation& conversation,
                       const Question& question,
                       Prepared& prepared,
                       const JobContext& context);
    /// Whether the question is to begin an episode of its own.
    static bool beginsEpisode(const BuiltMemory& memory, const Question& question, const Match& match);
    /// The second best episode, when it is nearly as similar as the best; -1 otherwise.
    [[nodiscard]] std::int32_t rival(const Conversation& conversation,
                                     const Question& question,
                                     const Match& match) const;
    /// Makes one cache of the best and the second episode for this question.
    Result<void> uniteWithSecond(Conversation& conversation,
                                 const Question& question,
                                 Prepared& prepared,
                                 const JobContext& context);
    [[nodiscard]] TurnReading reading(Conversation& conversation,
                                      const Prepared& prepared,
                                      const CancelToken& cancel) const;
    Result<TurnDone> answer(Conversation& conversation,
                            const MemoryOptions& options,
                            const Question& question,
                            const JobContext& context);
    Result<EvalAnswer> answerOf(Conversation& conversation,
                                const EvalBatch& command,
                                const EvalQuestion& question,
                                const JobContext& context);
    /// How likely the expected answer is.
    Result<EvalAnswer> measure(Conversation& conversation,
                               const MemoryOptions& options,
                               const EvalQuestion& question,
                               const JobContext& context);
    /// Reads all but the end of a question that has no room; that end is among the tokens then. Unless
    /// the turn stays the cache is to be dropped after the reply, as it is after an error.
    Result<void> readEvicting(Conversation& conversation, Prepared& prepared, const CancelToken& cancel);
    /// Writes the reply, and does with the cache what becomes of it.
    Result<void> reply(Conversation& conversation,
                       const Question& question,
                       Prepared& prepared,
                       const JobContext& context,
                       TurnDone& done);
    /// How full the cache is behind the reply, and what room the next turns have.
    void describeRoom(Conversation& conversation,
                      const Question& question,
                      const Prepared& prepared,
                      const Replied& replied,
                      TurnDone& done) const;
    /// The turn becomes part of what the episode has read, or the cache is as it was before.
    Result<void> settle(Conversation& conversation,
                        const Question& question,
                        Prepared& prepared,
                        const Replied& replied,
                        const std::string& answer);
    /// After an answer that stays: the cache without what was quoted for it. Drops the cache on an error.
    Result<void> takeQuotationOut(Conversation& conversation,
                                  const Prepared& prepared,
                                  KvCache& cache,
                                  const KvCache::Mark& mark);
    /// Moves the centroid of the episode that was given the last turn.
    void embedLastTurn(BuiltMemory& memory);
    void saveEpisode(Conversation& conversation, std::int32_t episode);
    /// To be known once the job is done; of several with one code the last.
    void tell(Notice notice);
    /// What happened that the user should know, and was not told yet.
    [[nodiscard]] std::vector<Notice> takeNotices();

    /// The episode asked last: it may have changes to save, and its neighbours come next.
    struct LastAsked {
        std::string conversation;
        std::int32_t episode = -1;       // whose cache answered; -1: none
        std::vector<Turn> unembedded{};  // question and answer that it was given
    };

    LocalEngineConfig config_;
    std::optional<LoadedModel> loaded_;
    std::map<std::string, Conversation> conversations_;
    std::vector<std::string> indexed_;  // of these the passages are kept; the last one asked comes last
    EpisodeStore store_;
    MemoryPeak peak_;
    LastAsked last_;
    std::vector<Notice> notices_;
};

}  // namespace epi
