#include "tests/wire/scripted_engine.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace epi {
namespace {

std::string openFiles() {
    std::string paths;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        paths += std::filesystem::read_symlink(entry.path(), error).string() + "\n";
    }
    return paths;
}

}  // namespace

ScriptedEngine::ScriptedEngine(EventSink sink, std::int32_t protocol)
    : sink_(std::move(sink)), protocol_(protocol), thread_([this] { run(); }) {}

ScriptedEngine::~ScriptedEngine() {
    {
        const std::lock_guard lock(mutex_);
        isStopping_ = true;
        isCancelled_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void ScriptedEngine::post(JobId job, Command command) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(Job{job, std::move(command)});
    }
    changed_.notify_all();
}

void ScriptedEngine::cancel(JobId job) {
    bool wasQueued = false;
    {
        const std::lock_guard lock(mutex_);
        if (running_ == job) isCancelled_ = true;
        wasQueued = std::erase_if(queue_, [job](const Job& queued) { return queued.id == job; }) > 0;
    }
    changed_.notify_all();
    if (wasQueued) fail(job, ErrorCode::kCancelled, "cancelled");
}

void ScriptedEngine::run() {
    Hello hello;
    hello.protocol = protocol_;
    hello.version = "scripted";
    hello.device = std::to_string(::getpid());
    sink_(0, std::move(hello));
    for (;;) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            running_ = 0;
            changed_.wait(lock, [this] { return isStopping_ || !queue_.empty(); });
            if (isStopping_) return;
            job = std::move(queue_.front());
            queue_.pop_front();
            running_ = job.id;
            isCancelled_ = false;
        }
        std::visit([&](const auto& command) { handle(job.id, command); }, job.command);
    }
}

void ScriptedEngine::handle(JobId job, const LoadModel& command) {
    if (command.model == "missing") return fail(job, ErrorCode::kNotFound, "no model 'missing'");
    ModelLoaded loaded;
    loaded.title = command.model;
    sink_(job, std::move(loaded));
}

void ScriptedEngine::handle(JobId job, const SyncConversation& command) {
    const auto count = command.firstTurn + static_cast<std::int64_t>(command.turns.size());
    turns_[command.conversation] = count;
    sink_(job, Synced{count, count * 10});
}

void ScriptedEngine::handle(JobId job, const BuildMemory& command) {
    if (!isKnown(job, command.conversation)) return;
    for (std::int64_t done = 0; done <= 3; ++done)
        sink_(job, Progress{"reading", done, 3, "tokens", 0, 1, 0.0});
    memories_.insert(command.conversation);
    MemoryBuilt built;
    built.conversation = command.conversation;
    built.memory = command.memory;
    built.episodes = {EpisodeSummary{}};
    sink_(job, std::move(built));
}

void ScriptedEngine::handle(JobId job, const Ask& command) {
    if (isKnown(job, command.conversation)) answer(job, command);
}

void ScriptedEngine::answer(JobId job, const Ask& command) {
    const std::string& question = command.question;
    std::istringstream words(question);
    std::string first;
    int number = 0;
    words >> first >> number;
    if (first == "wait") return waitForCancel(job);
    if (first == "die") {
        sink_(job, TokenDelta{"dying"});
        std::raise(SIGKILL);
    } else if (first == "exit") {
        std::fputs("first words\nlast words\n", stderr);
        std::_Exit(number);
    } else if (first == "garbage") {
        static_cast<void>(!::write(STDOUT_FILENO, "0123456789", 10));
        return waitForCancel(job);
    } else if (first == "freeze") {
        sink_(job, TokenDelta{"freezing"});
        std::raise(SIGSTOP);
    } else if (first == "busy") {
        std::this_thread::sleep_for(std::chrono::milliseconds(number));
    }
    TurnDone done;
    done.reason = "end";
    done.text = command.replyBegin;
    std::string rest = first == "files" ? openFiles() : question;
    while (!rest.empty()) {
        const std::size_t end =
            std::min(rest.size(), rest.find(' ') + 1 == 0 ? rest.size() : rest.find(' ') + 1);
        done.text += rest.substr(0, end);
        sink_(job, TokenDelta{rest.substr(0, end)});
        rest.erase(0, end);
    }
    sink_(job, std::move(done));
}

void ScriptedEngine::waitForCancel(JobId job) {
    sink_(job, TokenDelta{"waiting"});
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return isCancelled_; });
    lock.unlock();
    TurnDone done;
    done.text = "waiting";
    done.reason = "cancelled";
    sink_(job, std::move(done));
}

void ScriptedEngine::handle(JobId job, const EvalBatch& command) {
    if (!isKnown(job, command.conversation)) return;
    for (const EvalQuestion& question : command.questions) {
        if (isCancelled(job)) return fail(job, ErrorCode::kCancelled, "cancelled");
        sink_(job, EvalAnswer{question.id, question.question, 0, 1.0, 0.0});
    }
    sink_(job, EvalDone{static_cast<std::int64_t>(command.questions.size())});
}

void ScriptedEngine::handle(JobId job, const Inspect& command) {
    if (!memories_.contains(command.conversation)) return fail(job, ErrorCode::kNotFound, "no memory");
    Trace trace;
    trace.conversation = command.conversation;
    trace.episode = command.episode;
    trace.historyTokens = 3;
    trace.retainedShare = {0, 100, 255};
    sink_(job, std::move(trace));
}

void ScriptedEngine::handle(JobId job, const Release& command) {
    sink_(job, Released{static_cast<std::int64_t>(command.keys.size()), 0});
}

void ScriptedEngine::handle(JobId job, const ProfileLayers& command) {
    sink_(job, LayersProfiled{.tokens = command.tokens});
}

bool ScriptedEngine::isKnown(JobId job, const std::string& conversation) {
    if (turns_.contains(conversation)) return true;
    fail(job, ErrorCode::kNotFound, "no conversation '" + conversation + "'");
    return false;
}

bool ScriptedEngine::isCancelled(JobId job) {
    const std::lock_guard lock(mutex_);
    return running_ == job && isCancelled_;
}

void ScriptedEngine::fail(JobId job, ErrorCode code, std::string message) const {
    sink_(job, Failed{Error{code, std::move(message)}});
}

}  // namespace epi
