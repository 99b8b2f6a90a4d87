#pragma once

// An engine in this process over a model of two layers, and conversations to tell it.

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/local_engine.h"
#include "tests/support/tiny_model.h"
#include "tests/wire/event_log.h"

namespace epi {

namespace fs = std::filesystem;

inline constexpr const char* kEmbedder = "tiny-embedder";
inline constexpr std::int32_t kEpisodes = 3;

/// An engine and what it says.
class Session {
public:
    explicit Session(const LocalEngineConfig& config) : engine_(makeLocalEngine(config, log_.sink())) {}

    JobId post(Command command) {
        engine_->post(++lastJob_, std::move(command));
        return lastJob_;
    }
    void cancel(JobId job) { engine_->cancel(job); }
    EventLog& log() { return log_; }

    /// The event that ends this command, when it is of this type; `why` says what an error was.
    template <typename T>
    std::optional<T> run(Command command) {
        const JobId job = post(std::move(command));
        if (!log_.waitForEnd(job)) return std::nullopt;
        const std::vector<Event> events = log_.of(job);
        if (const auto* failed = std::get_if<Failed>(&events.back())) lastError_ = failed->error;
        const T* event = std::get_if<T>(&events.back());
        return event == nullptr ? std::nullopt : std::optional<T>(*event);
    }
    [[nodiscard]] const Error& lastError() const { return lastError_; }
    [[nodiscard]] const char* why() const { return lastError_.message.c_str(); }

private:
    EventLog log_;
    std::unique_ptr<Engine> engine_;
    JobId lastJob_ = 0;
    Error lastError_;
};

/// Loads the model and tells the session conversations.
inline bool prepare(Session& session,
                    const std::vector<SyncConversation>& conversations,
                    ComputeMode compute = ComputeMode::kExact) {
    LoadModel command;
    command.model = "tiny";
    command.embedder = kEmbedder;
    command.device = DeviceChoice::kCpu;
    command.compute = compute;
    if (!session.run<ModelLoaded>(command)) return false;
    for (const SyncConversation& conversation : conversations) {
        if (!session.run<Synced>(conversation)) return false;
    }
    return true;
}

/// A chat of `turns` turns about different things.
inline SyncConversation longConversation(std::int64_t turns, const std::string& name = "long") {
    const std::vector<std::string> topics{"the dog likes to run on the beach",
                                          "rain and wind in the hills",
                                          "bread with butter and honey",
                                          "an old piano in the hall"};
    SyncConversation sync;
    sync.conversation = name;
    for (std::int64_t i = 0; i < turns; ++i) {
        Turn turn;
        turn.id = i + 1;
        turn.role = i % 2 == 0 ? Role::kUser : Role::kAssistant;
        turn.text = topics[static_cast<std::size_t>(i / 4) % topics.size()] + ", said " + std::to_string(i) +
                    " times.";
        sync.turns.push_back(turn);
    }
    return sync;
}

inline MemoryOptions smallMemory() {
    MemoryOptions options;
    options.preset = "epicache";
    options.budget = 160;
    options.block = 64;
    options.episodes = kEpisodes;
    options.representatives = 2;
    options.patchTokens = 48;
    return options;
}

inline Ask askLong(const std::string& question, bool remember = false) {
    Ask ask;
    ask.conversation = "long";
    ask.question = question;
    ask.memory = smallMemory();
    ask.sampling.maxTokens = 12;
    ask.remember = remember;
    return ask;
}

/// A cache for every episode, with room for some turns behind it.
inline MemoryOptions memoryWithRoom() {
    MemoryOptions options = smallMemory();
    options.block = 256;
    return options;
}

inline Ask askEpisode(std::int32_t episode, const std::string& question, bool remember) {
    Ask ask = askLong(question, remember);
    ask.memory = memoryWithRoom();
    ask.episode = episode;
    return ask;
}

/// The two turns that a remembered answer is told as.
inline SyncConversation told(std::int64_t turns, const std::string& question, const std::string& answer) {
    SyncConversation sync;
    sync.conversation = "long";
    sync.firstTurn = turns;
    sync.turns = {Turn{turns + 1, Role::kUser, "", question, ""},
                  Turn{turns + 2, Role::kAssistant, "", answer, ""}};
    return sync;
}

/// Tells the two turns, and appends them to `history`.
inline bool tell(Session& session,
                 SyncConversation& history,
                 const std::string& question,
                 const std::string& answer) {
    const auto turns = static_cast<std::int64_t>(history.turns.size());
    const SyncConversation both = told(turns, question, answer);
    history.turns.insert(history.turns.end(), both.turns.begin(), both.turns.end());
    return session.run<Synced>(both).has_value();
}

/// Asks, remembers and tells.
inline std::optional<TurnDone> askAndTell(Session& session,
                                          SyncConversation& history,
                                          std::int32_t episode,
                                          const std::string& question) {
    auto done = session.run<TurnDone>(askEpisode(episode, question, true));
    if (!done || !tell(session, history, question, done->text)) return std::nullopt;
    return done;
}

inline std::vector<fs::path> filesWith(const fs::path& folder, const std::string& extension) {
    std::vector<fs::path> files;
    if (!fs::exists(folder)) return files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == extension) files.push_back(entry.path());
    }
    return files;
}

inline void flipAByteInTheMiddle(const fs::path& path) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
    file.seekg(middle);
    const int byte = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 1));
}

}  // namespace epi
