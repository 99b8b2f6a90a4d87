// Provokes what goes wrong on a GPU and prints for each case whether the engine took it well: a budget that
// is far too large, no room for a model, a build or an answer, logits that are not finite. Needs no file.
// Exit code 1 when a case failed, 77 where there is no GPU.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <ATen/ops/empty.h>

#include "core/tensor/device_memory.h"
#include "core/tensor/host_block.h"
#include "tests/engine/local_session.h"
#include "tests/support/tiny_model.h"

#include <stdlib.h>

namespace epi {
namespace {

constexpr std::int64_t kTurns = 200;
constexpr int kSkipped = 77;
constexpr std::int64_t kMegabyte = 1 << 20;

/// Takes the GPU's memory but for `left` bytes, until it is destroyed.
class Hog {
public:
    explicit Hog(std::int64_t left) {
        releaseDeviceMemory();
        const auto options = at::TensorOptions().device(c10::kCUDA).dtype(at::kByte);
        // The allocator takes whole segments: up to 1 MB from one of 2 MB, from 10 MB on what is asked for.
        std::int64_t piece = std::int64_t{1} << 34;
        while (piece >= kMegabyte) {
            const bool fits = freeDeviceBytes() - left >= std::max(piece, 2 * kMegabyte);
            if (fits && take(piece, options)) continue;
            piece = piece > 16 * kMegabyte ? piece / 2 : piece > kMegabyte ? kMegabyte : 0;
        }
    }
    ~Hog() {
        pieces_.clear();
        releaseDeviceMemory();
    }
    Hog(const Hog&) = delete;
    Hog& operator=(const Hog&) = delete;

private:
    bool take(std::int64_t bytes, const at::TensorOptions& options) {
        try {
            pieces_.push_back(at::empty({bytes}, options));
            return true;
        } catch (const c10::Error&) {
            return false;
        }
    }

    std::vector<at::Tensor> pieces_;
};

class Faults {
public:
    explicit Faults(std::filesystem::path folder)
        : folder_(std::move(folder)),
          session_({.modelFolder = folder_ / "models", .cacheFolder = folder_ / "kv"}) {
        const auto models = folder_ / "models";
        const test::TinyModel model{
            .layers = 8, .dimension = 512, .heads = 8, .kvHeads = 8, .feedForward = 2048};
        test::writeTinyModel(models, model, "sound");
        test::TinyModel overflowing = model;
        overflowing.edit = [](const std::string& name, auto&, std::vector<float>& values) {
            if (name == "output_norm.weight") std::ranges::fill(values, 3e38F);
            return true;
        };
        test::writeTinyModel(models, overflowing, "overflowing");
        test::writeTinyEmbedder(models, kEmbedder);
    }

    bool run() {
        begin();
        check("episodes that take turns on the GPU", [&] { return switches(); });
        check("no room for a model", [&] { return noRoomForAModel(); });
        check("a budget that is far too large", [&] { return tooLargeABudget(); });
        for (const std::int64_t left : {0, 8, 16, 24, 32, 48, 64, 96, 160}) {
            check("a build with " + std::to_string(left) + " MB left",
                  [&] { return buildWith(left * kMegabyte); });
            check("an answer with " + std::to_string(left) + " MB left",
                  [&] { return answerWith(left * kMegabyte); });
        }
        check("a build that is cancelled", [&] { return cancelledBuild(); });
        check("logits that are not finite", [&] { return notFinite(); });
        return isGood_;
    }

private:
    using Verdict = std::optional<std::string>;  // why it failed; nothing: it passed

    void check(const std::string& what, const std::function<Verdict()>& body) {
        note_.clear();
        const Verdict reason = body();
        std::printf("%s: %s%s%s\n",
                    reason ? "FAILED" : "passed",
                    what.c_str(),
                    reason ? (": " + *reason).c_str() : "",
                    note_.empty() ? "" : (" (" + note_ + ")").c_str());
        std::fflush(stdout);
        isGood_ = isGood_ && !reason;
    }

    static LoadModel load(const std::string& model) {
        LoadModel command;
        command.model = model;
        command.embedder = kEmbedder;
        command.device = DeviceChoice::kCuda;
        return command;
    }
    static MemoryOptions memory() {
        MemoryOptions options = smallMemory();
        options.budget = 512;
        options.block = 512;
        options.patchTokens = 256;
        return options;
    }
    static Ask ask() {
        Ask command = askLong("What is in the hall?");
        command.memory = memory();
        return command;
    }

    /// A model, a chat, and the reply that every case must give again.
    void begin() {
        check("a model, a memory and an answer", [&]() -> Verdict {
            if (!session_.run<ModelLoaded>(load("sound"))) return session_.why();
            if (!session_.run<Synced>(longConversation(kTurns))) return session_.why();
            const auto done = session_.run<TurnDone>(ask());
            if (!done) return session_.why();
            reply_ = done->text;
            note_ = "free " + std::to_string(freeDeviceBytes() / kMegabyte) + " MB";
            return std::nullopt;
        });
    }

    Verdict answersAsBefore() {
        const auto done = session_.run<TurnDone>(ask());
        if (!done) return "the next prompt failed: " + std::string(session_.why());
        if (done->text != reply_) return "the next reply is another one: " + done->text;
        return std::nullopt;
    }

    /// Whether the last command failed for want of memory, and said so.
    Verdict saidWhy(const char* word) {
        note_ = session_.lastError().message;
        if (session_.lastError().code != ErrorCode::kOutOfMemory) return "another error";
        if (note_.find(word) == std::string::npos)
            return "the message does not say '" + std::string(word) + "'";
        return std::nullopt;
    }

    /// With one cache on the device, every question brings another episode back from memory.
    Verdict switches() {
        Session session({.modelFolder = folder_ / "models",
                         .cacheFolder = folder_ / "switches",
                         .limits = {.deviceBytes = 1}});
        if (!session.run<ModelLoaded>(load("sound"))) return session.why();
        if (!session.run<Synced>(longConversation(kTurns))) return session.why();
        std::vector<std::string> replies;
        std::int32_t fromMemory = 0;
        constexpr std::int32_t kQuestions = 4 * kEpisodes;
        for (std::int32_t i = 0; i < kQuestions; ++i) {
            Ask command = ask();
            command.episode = i % kEpisodes;
            const auto done = session.run<TurnDone>(command);
            if (!done) return session.why();
            if (i < kEpisodes) replies.push_back(done->text);
            if (done->text != replies[static_cast<std::size_t>(i % kEpisodes)])
                return "episode " + std::to_string(i % kEpisodes) + " gives another reply: " + done->text;
            fromMemory += done->tier == "memory" ? 1 : 0;
        }
        note_ = std::to_string(fromMemory) + " of " + std::to_string(kQuestions) + " came from memory, " +
                std::to_string(HostBlock::lockedBytes()) + " bytes are locked";
        if (fromMemory < kQuestions - kEpisodes) return note_;
        return std::nullopt;
    }

    Verdict noRoomForAModel() {
        {
            const Hog hog(24 * kMegabyte);
            if (session_.run<ModelLoaded>(load("sound"))) return "it was loaded";
            if (const Verdict verdict = saidWhy("are free")) return verdict;
        }
        return answersAsBefore();
    }

    Verdict tooLargeABudget() {
        BuildMemory build{.conversation = "long", .memory = memory()};
        build.memory.budget = 1 << 24;
        if (session_.run<MemoryBuilt>(build)) return "it was built";
        if (const Verdict verdict = saidWhy("; a budget of ")) return verdict;
        const std::string& message = session_.lastError().message;
        const std::size_t at = message.rfind("; a budget of ") + 14;
        build.memory.budget = std::atoi(message.c_str() + at);
        if (!session_.run<MemoryBuilt>(build))
            return "a budget of " + std::to_string(build.memory.budget) + " does not fit: " + session_.why();
        return answersAsBefore();
    }

    Verdict buildWith(std::int64_t left) {
        SyncConversation chat = longConversation(kTurns);
        chat.conversation = "other";
        chat.turns.front().text += " " + std::to_string(left);  // another memory each time
        if (!session_.run<Synced>(chat)) return session_.why();
        const BuildMemory build{.conversation = "other", .memory = memory()};
        {
            const Hog hog(left);
            if (session_.run<MemoryBuilt>(build)) {
                note_ = "it fits";
            } else if (const Verdict verdict = saidWhy("are free")) {
                return verdict;
            }
        }
        const std::string note = note_;
        if (!session_.run<MemoryBuilt>(build)) return "the next build failed: " + std::string(session_.why());
        note_ = note;
        return answersAsBefore();
    }

    Verdict answerWith(std::int64_t left) {
        {
            const Hog hog(left);
            const auto done = session_.run<TurnDone>(ask());
            if (done && done->text != reply_) return "another reply: " + done->text;
            if (done) {
                note_ = "it fits";
            } else if (session_.lastError().code != ErrorCode::kOutOfMemory) {
                return "another error: " + std::string(session_.why());
            } else {
                note_ = session_.why();
            }
        }
        return answersAsBefore();
    }

    /// What the episodes share is on the device then, and must be in a file afterwards.
    Verdict cancelledBuild() {
        SyncConversation chat = longConversation(4 * kTurns);
        chat.conversation = "cancelled";
        if (!session_.run<Synced>(chat)) return session_.why();
        const BuildMemory build{.conversation = "cancelled", .memory = memory()};
        const JobId job = session_.post(build);
        const auto isReadingAnother = [](const Event& event) {
            const auto* const progress = std::get_if<Progress>(&event);
            return isTerminal(event) || (progress != nullptr && progress->episode > 0);
        };
        while (std::ranges::none_of(session_.log().of(job), isReadingAnother))
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        session_.cancel(job);
        if (!session_.log().waitForEnd(job)) return "it does not end";
        const std::vector<Event> events = session_.log().of(job);
        const auto* const failed = std::get_if<Failed>(&events.back());
        if (failed == nullptr) return "it was over before it could be cancelled";
        if (failed->error.code != ErrorCode::kCancelled) return failed->error.message;
        const auto built = session_.run<MemoryBuilt>(build);
        if (!built) return "it does not go on: " + std::string(session_.why());
        const std::int64_t whole = built->historyTokens * static_cast<std::int64_t>(built->episodes.size());
        if (built->readTokens > whole - built->historyTokens)
            return "it has read " + std::to_string(built->readTokens) + " of " + std::to_string(whole) +
                   " tokens again";
        if (note_.empty()) note_ = std::to_string(built->readTokens) + " tokens were left to read";
        return answersAsBefore();
    }

    Verdict notFinite() {
        if (!session_.run<ModelLoaded>(load("overflowing"))) return session_.why();
        if (session_.run<TurnDone>(ask())) return "there was a reply";
        note_ = session_.why();
        if (note_.find("not finite") == std::string::npos) return "the reason is another one";
        if (!session_.run<ModelLoaded>(load("sound"))) return session_.why();
        return answersAsBefore();
    }

    std::filesystem::path folder_;
    Session session_;
    std::string reply_;
    std::string note_;
    bool isGood_ = true;
};

int run() {
    if (const std::string reason = cudaUnavailableReason(); !reason.empty()) {
        std::printf("skipped: %s\n", reason.c_str());
        return kSkipped;
    }
    std::string path = (std::filesystem::temp_directory_path() / "epichat-faults-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
        std::fprintf(stderr, "no temporary folder can be made\n");
        return 4;
    }
    bool isGood = Faults(path).run();
    if (HostBlock::lockedBytes() != 0) {
        std::printf("FAILED: %lld bytes of memory stay locked\n",
                    static_cast<long long>(HostBlock::lockedBytes()));
        isGood = false;
    }
    std::error_code error;
    std::filesystem::remove_all(path, error);
    std::printf(isGood ? "faults: passed\n" : "faults: FAILED\n");
    return isGood ? 0 : 1;
}

}  // namespace
}  // namespace epi

int main() {
    return epi::run();
}
