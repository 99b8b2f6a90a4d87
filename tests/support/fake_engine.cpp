#include "tests/support/fake_engine.h"

#include <algorithm>

namespace epi::test {
namespace {

constexpr std::size_t kQuoted = 2;
constexpr std::int64_t kQuotedTokens = 30;

constexpr int kSegmentTurns = 4;

std::string wordsOf(const Turn& turn) {
    return turn.speaker.empty() ? turn.text : turn.speaker + ": " + turn.text;
}

}  // namespace

std::int64_t fakeTokens(const std::string& text) {
    return 1 + std::ranges::count(text, ' ');
}

FakeEngine::FakeEngine(FakeScript script, EventSink sink)
    : script_(std::move(script)), sink_(std::move(sink)), thread_([this] { run(); }) {}

FakeEngine::~FakeEngine() {
    {
        const std::lock_guard lock(mutex_);
        isEnding_ = true;
        isReleased_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void FakeEngine::post(JobId job, Command command) {
    std::function<void(const Command&)> hook;
    {
        const std::lock_guard lock(mutex_);
        hook = hook_;
    }
    if (hook) hook(command);
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(command);
        queue_.push_back({job, std::move(command)});
    }
    wake_.notify_all();
}

void FakeEngine::cancel(JobId job) {
    {
        const std::lock_guard lock(mutex_);
        cancelled_.insert(job);
    }
    wake_.notify_all();
}

std::vector<Command> FakeEngine::posted() const {
    const std::lock_guard lock(mutex_);
    return posted_;
}

void FakeEngine::onPost(std::function<void(const Command&)> hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
}

bool FakeEngine::isHolding() const {
    const std::lock_guard lock(mutex_);
    return isHolding_;
}

void FakeEngine::release() {
    {
        const std::lock_guard lock(mutex_);
        isReleased_ = true;
    }
    wake_.notify_all();
}

void FakeEngine::crash(const std::string& reason, bool restarts) {
    {
        const std::lock_guard lock(mutex_);
        isCrashed_ = true;
        restarts_ = restarts;
        crashReason_ = reason;
    }
    wake_.notify_all();
}

bool FakeEngine::isCrashed() const {
    const std::lock_guard lock(mutex_);
    return isCrashed_;
}

void FakeEngine::run() {
    sink_(0, hello());
    while (true) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return isEnding_ || isCrashed_ || !queue_.empty(); });
        if (isEnding_) return;
        if (isCrashed_) {
            const auto open = std::exchange(queue_, {});
            const bool restarts = restarts_;
            const std::string reason = crashReason_;
            isCrashed_ = false;
            turns_.clear();
            lock.unlock();
            for (const Job& job : open)
                sink_(job.id, Failed{{ErrorCode::kInternal, "the engine stopped"}});
            sink_(0, EngineLost{.reason = reason, .isRestarting = restarts});
            if (!restarts) return;
            sink_(0, hello());
            continue;
        }
        const Job job = queue_.front();
        lock.unlock();
        perform(job);
        lock.lock();
        // A crash finds the job it interrupted still open.
        if (!isCrashed_) queue_.pop_front();
    }
}

void FakeEngine::perform(const Job& job) {
    std::visit([this, id = job.id](const auto& command) { handle(id, command); }, job.command);
}

bool FakeEngine::mayGoOn(JobId job, int index, int holdAt) {
    std::unique_lock lock(mutex_);
    const auto isOver = [this, job] {
        return isEnding_ || isCrashed_ || cancelled_.contains(job);
    };
    if (script_.pace.count() > 0) wake_.wait_for(lock, script_.pace, isOver);
    if (index == holdAt && !isReleased_) {
        isHolding_ = true;
        wake_.wait(lock, [&] { return isReleased_ || isOver(); });
        isHolding_ = false;
    }
    return !isOver();
}

Hello FakeEngine::hello() const {
    return {.version = "test",
            .hasCuda = script_.deviceNotices.empty(),
            .device = script_.device,
            .notices = script_.deviceNotices,
            .models = {{.id = "fake-1b",
                        .title = script_.modelTitle,
                        .path = "/models/fake-1b.gguf",
                        .sizeBytes = 1'000'000'000,
                        .isPresent = script_.hasModel},
                       {.id = "absent", .title = "Absent 7B", .path = "/models/absent.gguf", .sizeBytes = 1}},
            .threads = script_.threads};
}

void FakeEngine::handle(JobId job, const LoadModel& command) {
    if (command.model == kDamagedModel) {
        sink_(job, Failed{{ErrorCode::kCorruptData, "damaged.gguf is incomplete"}});
        return;
    }
    if (!script_.hasModel) {
        sink_(job, Failed{{ErrorCode::kNotFound, "no model file in /models"}});
        return;
    }
    sink_(job,
          ModelLoaded{.title = script_.modelTitle,
                      .path = "/models/fake-1b.gguf",
                      .architecture = "fake",
                      .device = script_.device,
                      .layers = script_.layers,
                      .kvHeads = script_.kvHeads,
                      .trainedContext = 8192,
                      .weightBytes = 1'000'000'000,
                      .notices = script_.modelNotices,
                      .threads = script_.threads});
}

void FakeEngine::handle(JobId job, const SyncConversation& command) {
    turns_.resize(static_cast<std::size_t>(command.firstTurn));
    turns_.insert(turns_.end(), command.turns.begin(), command.turns.end());
    std::int64_t tokens = 0;
    for (const Turn& turn : turns_)
        tokens += fakeTokens(turn.text);
    sink_(job, Synced{.turns = static_cast<std::int64_t>(turns_.size()), .tokens = tokens});
}

void FakeEngine::handle(JobId job, const BuildMemory& command) {
    std::int64_t total = 0;
    for (const Turn& turn : turns_)
        total += fakeTokens(turn.text);
    const std::int32_t episodes = std::max(1, std::min(command.memory.episodes, script_.episodes));
    constexpr int kSteps = 5;
    int event = 0;
    for (std::int32_t episode = 0; episode < episodes; ++episode) {
        for (int step = 1; step <= kSteps; ++step) {
            if (!mayGoOn(job, event++, script_.holdBuildAt)) {
                if (!isCrashed()) sink_(job, Failed{{ErrorCode::kCancelled, "cancelled"}});
                return;
            }
            sink_(job,
                  Progress{.phase = "reading",
                           .done = total * (episode * kSteps + step) / (kSteps * episodes),
                           .total = total,
                           .unit = "tokens",
                           .episode = episode,
                           .episodes = episodes,
                           .perSecond = 130.0});
        }
    }
    MemoryBuilt built;
    built.conversation = command.conversation;
    built.memory = command.memory;
    if (built.memory.budget == 0) built.memory.budget = script_.builtBudget;
    if (built.memory.block == 0) built.memory.block = 512;
    built.historyTokens = total;
    built.notices = script_.buildNotices;
    built.layerBudgets.assign(static_cast<std::size_t>(script_.layers), built.memory.budget);
    for (std::int32_t episode = 0; episode < episodes; ++episode) {
        EpisodeSummary summary{
            .index = episode,
            .turnIds = {},
            .representatives = {},
            .keptEntries = std::int64_t{built.memory.budget} * script_.layers * script_.kvHeads,
            .cacheKey = "key-" + std::to_string(episode)};
        for (std::size_t i = 0; i < turns_.size(); ++i) {
            if (static_cast<std::int32_t>(i / kSegmentTurns) % episodes != episode) continue;
            summary.turnIds.push_back(turns_[i].id);
            if (i % kSegmentTurns != 0) continue;
            ++summary.segments;
            if (summary.representatives.size() < 3) summary.representatives.push_back(wordsOf(turns_[i]));
        }
        built.episodes.push_back(std::move(summary));
    }
    // Episodes that have changed are of the build that there was.
    if (!script_.isRegrouped || builtTurn_ == 0) builtTurn_ = turns_.empty() ? 0 : turns_.back().id;
    built.lastTurn = builtTurn_;
    sink_(job, built);
}

TurnDone FakeEngine::turnDone(const Ask& command, std::string text, std::string reason) const {
    std::int64_t total = 0;
    for (const Turn& turn : turns_)
        total += fakeTokens(turn.text);
    TurnDone done;
    done.text = std::move(text);
    done.reason = std::move(reason);
    done.episode = command.episode.value_or(std::min(1, script_.episodes - 1));
    done.similarities.assign(static_cast<std::size_t>(script_.episodes), 0.31);
    done.similarities[static_cast<std::size_t>(done.episode)] = 0.71;
    done.keptTokens =
        std::min<std::int64_t>(total, command.memory.budget > 0 ? command.memory.budget : total);
    done.historyTokens = total;
    for (const PassageCandidate& passage : command.passages) {
        if (done.quoted.size() == kQuoted) break;
        done.quoted.push_back({.turnId = passage.turnId, .endByte = 5, .tokens = kQuotedTokens});
        done.quotedTokens += kQuotedTokens;
    }
    done.usedTokens = done.keptTokens + fakeTokens(command.question) +
                      static_cast<std::int64_t>(script_.replyPieces.size());
    done.roomTokens = 512;
    done.isRegrouped = script_.isRegrouped;
    done.pinnedTurns = command.memory.pinnedTurns;
    if (script_.buildsWhenAsked && command.pins) done.pinnedTurns = *command.pins;
    done.statistics = {.promptTokens = fakeTokens(command.question),
                       .generatedTokens = static_cast<std::int64_t>(script_.replyPieces.size()),
                       .firstTokenSeconds = 0.4,
                       .promptSeconds = 0.3,
                       .decodeSeconds = 0.2};
    return done;
}

void FakeEngine::handle(JobId job, const Ask& command) {
    sink_(job, Progress{.phase = "matching", .unit = {}});
    std::string text = command.replyBegin;
    for (std::size_t i = 0; i < script_.replyPieces.size(); ++i) {
        if (!mayGoOn(job, static_cast<int>(i), script_.holdAskAt)) {
            if (!isCrashed()) sink_(job, turnDone(command, text, "cancelled"));
            return;
        }
        text += script_.replyPieces[i];
        sink_(job, TokenDelta{script_.replyPieces[i]});
    }
    sink_(job, turnDone(command, text, script_.replyReason));
}

void FakeEngine::handle(JobId job, const EvalBatch& command) {
    int event = 0;
    for (const EvalQuestion& question : command.questions) {
        if (!mayGoOn(job, event++, script_.holdEvalAt)) {
            if (!isCrashed()) sink_(job, Failed{{ErrorCode::kCancelled, "cancelled"}});
            return;
        }
        sink_(job,
              EvalAnswer{.questionId = question.id,
                         .text = question.id % 2 == 0 ? "7 May 2023" : "adoption agencies",
                         .episode = static_cast<std::int32_t>(question.id % 4),
                         .similarity = 0.5,
                         .seconds = 1.2});
    }
    sink_(job, EvalDone{.answered = event});
}

void FakeEngine::handle(JobId job, const Inspect& command) {
    Trace trace;
    trace.conversation = command.conversation;
    trace.episode = command.episode;
    trace.layerBudgets.assign(static_cast<std::size_t>(script_.layers), command.memory.budget);
    for (std::int32_t layer = 0; layer < script_.layers; ++layer) {
        auto& heads = trace.keptPerHead.emplace_back();
        for (std::int32_t head = 0; head < script_.kvHeads; ++head) {
            const std::int32_t sway = (layer * 37 + head * 101 + command.episode * 53) % 200 - 100;
            heads.push_back(std::max(0, command.memory.budget + command.memory.budget * sway / 250));
        }
    }
    std::int64_t token = 0;
    for (std::size_t i = 0; i < turns_.size(); ++i) {
        Trace::TurnTokens turn{.turnId = turns_[i].id, .firstToken = token, .byteEnds = {}};
        const std::string& text = turns_[i].text;
        const bool isOfEpisode =
            static_cast<std::int32_t>(i / kSegmentTurns) % script_.episodes == command.episode;
        for (std::size_t end = text.find(' '); end != std::string::npos; end = text.find(' ', end + 1)) {
            turn.byteEnds.push_back(static_cast<std::int32_t>(end) + 1);
        }
        turn.byteEnds.push_back(static_cast<std::int32_t>(text.size()));
        for (std::size_t k = 0; k < turn.byteEnds.size(); ++k) {
            const std::size_t step = (i * 7 + k * 3) % 5;
            trace.retainedShare.push_back(
                static_cast<std::uint8_t>(isOfEpisode ? 60 * step + 15 : 20 * (step / 2)));
        }
        token += static_cast<std::int64_t>(turn.byteEnds.size());
        trace.turns.push_back(std::move(turn));
    }
    trace.historyTokens = token;
    sink_(job, trace);
}

void FakeEngine::handle(JobId job, const Release& command) {
    sink_(job, Released{.files = static_cast<std::int64_t>(command.keys.size()), .bytes = 0});
}

void FakeEngine::handle(JobId job, const ProfileLayers& command) {
    sink_(job, LayersProfiled{.tokens = command.tokens});
}

}  // namespace epi::test
