#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <QtTest>

#include "core/wire/remote_engine.h"
#include "tests/wire/engine_scenarios.h"

#include <fcntl.h>
#include <sys/wait.h>

using namespace epi;
using namespace std::chrono_literals;

namespace {

constexpr JobId kSync = 1;
constexpr JobId kJob = 2;

RemoteEngineConfig configFor(std::vector<std::string> command) {
    RemoteEngineConfig config;
    config.command = std::move(command);
    config.restartDelay = 1ms;
    return config;
}

RemoteEngineConfig echoEngine(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), ECHO_ENGINE);
    return configFor(std::move(arguments));
}

std::ptrdiff_t countOpenFiles() {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return std::distance(begin(files), end(files));
}

/// Waits until a process that stops itself has stopped: a SIGCONT that comes before would be lost.
bool waitUntilStopped(pid_t process) {
    const std::string path = "/proc/" + std::to_string(process) + "/stat";
    return QTest::qWaitFor(
        [&path] {
            std::ifstream file(path);
            const std::string status{std::istreambuf_iterator<char>(file), {}};
            const std::size_t name = status.rfind(')');
            return name != std::string::npos && status.compare(name, 3, ") T") == 0;
        },
        60'000);
}

/// Whether every process that was started has been waited for.
bool hasNoChildren() {
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

std::string firstLine(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

class TestRemoteEngine : public EngineScenarios {
    Q_OBJECT

protected:
    std::unique_ptr<Engine> makeEngine(EventSink sink) override {
        return makeRemoteEngine(echoEngine(), std::move(sink));
    }
    Ask endlessAsk() const override { return ask("wait"); }

private:
    /// A job that makes the engine unusable, and the Failed and EngineLost that come of it.
    struct Loss {
        std::optional<Failed> failed;
        std::optional<EngineLost> lost;
    };
    static Loss loseBy(const std::string& question, const RemoteEngineConfig& config, EventLog& log) {
        const auto engine = makeRemoteEngine(config, log.sink());
        engine->post(kSync, conversation());
        engine->post(kJob, ask(question));
        Loss loss{log.wait<Failed>(kJob), log.wait<EngineLost>(0)};
        if (loss.lost && loss.lost->isRestarting) log.wait<Hello>(0, 2);
        return loss;
    }

private Q_SLOTS:
    void cleanup() { QVERIFY(hasNoChildren()); }

    void survivesAKilledEngineAndAnswersTheSameQuestionAgain() {
        EventLog log;
        // That it is gone is seen without a ping, and the first restart waits for nothing: any of these would
        // be longer than a test is waited for.
        RemoteEngineConfig config = echoEngine();
        config.pingInterval = config.silenceLimit = config.restartDelay = 1h;
        const auto engine = makeRemoteEngine(config, log.sink());
        engine->post(kSync, conversation());
        engine->post(kJob, ask("wait"));
        QVERIFY(log.wait<TokenDelta>(kJob));
        const auto first = log.wait<Hello>(0);
        const auto pid = static_cast<pid_t>(std::stoi(first->device));
        QCOMPARE(::kill(pid, SIGKILL), 0);

        const auto failed = log.wait<Failed>(kJob);
        QVERIFY(failed);
        QCOMPARE(failed->error.code, ErrorCode::kIo);
        QCOMPARE(failed->error.message, std::string("the engine stopped: signal 9 (killed)"));
        const auto again = log.wait<Hello>(0, 2);
        QVERIFY(again);
        QVERIFY(again->device != first->device);
        QCOMPARE(::kill(pid, 0), -1);  // waited for

        std::vector<std::string> order;
        for (const auto& entry : log.all()) {
            if (std::holds_alternative<Hello>(entry.event)) order.emplace_back("hello");
            if (std::holds_alternative<Failed>(entry.event)) order.emplace_back("failed");
            if (std::holds_alternative<EngineLost>(entry.event)) order.emplace_back("lost");
        }
        QVERIFY((order == std::vector<std::string>{"hello", "failed", "lost", "hello"}));
        QVERIFY(log.wait<EngineLost>(0)->isRestarting);

        engine->post(kSync + 10, conversation());
        engine->post(kJob + 10, ask("wait"));
        QVERIFY(log.wait<TokenDelta>(kJob + 10));
        engine->cancel(kJob + 10);
        QVERIFY(log.wait<TurnDone>(kJob + 10));
    }

    void keepsWhatWasSaidBeforeTheEnd() {
        EventLog log;
        const Loss loss = loseBy("die", echoEngine(), log);
        QVERIFY(loss.failed && loss.lost);
        QCOMPARE(log.wait<TokenDelta>(kJob)->text, std::string("dying"));
    }

    void tellsTheExitCodeAndTheLastWords() {
        EventLog log;
        const Loss loss = loseBy("exit 3", echoEngine(), log);
        QVERIFY(loss.failed && loss.lost);
        QCOMPARE(loss.failed->error.message, std::string("the engine stopped: exit code 3"));
        QCOMPARE(loss.lost->reason,
                 std::string("the engine stopped: exit code 3\nfirst words\nlast words\n"));
    }

    void losesAnEngineThatWritesGarbage() {
        EventLog log;
        const Loss loss = loseBy("garbage", echoEngine(), log);
        QVERIFY(loss.failed && loss.lost);
        QCOMPARE(loss.failed->error.code, ErrorCode::kCorruptData);
        QCOMPARE(
            firstLine(loss.lost->reason),
            std::string(
                "the engine sent a malformed frame: frame of 858927408 bytes, at most 67108864 allowed"));
        QVERIFY(loss.lost->isRestarting);
    }

    void losesAnEngineThatFallsSilent() {
        EventLog log;
        RemoteEngineConfig config = echoEngine();
        config.pingInterval = 20ms;
        config.silenceLimit = 500ms;
        const Loss loss = loseBy("freeze", config, log);
        QVERIFY(loss.failed && loss.lost);
        QCOMPARE(firstLine(loss.lost->reason), std::string("the engine has not answered for 0.5 s"));
        QVERIFY(loss.lost->isRestarting);
    }

    void keepsAnEngineThatIsBusy() {
        EventLog log;
        RemoteEngineConfig config = echoEngine();
        config.pingInterval = 20ms;
        config.silenceLimit = 500ms;
        const auto engine = makeRemoteEngine(config, log.sink());
        engine->post(kSync, conversation());
        engine->post(kJob, ask("busy 1500"));
        QVERIFY(log.wait<TurnDone>(kJob));
        QVERIFY(log.of(0).size() == 1);  // Hello, no loss
    }

    void postsWithoutWaitingForAnEngineThatDoesNotRead() {
        EventLog log;
        const auto engine = makeRemoteEngine(echoEngine(), log.sink());
        engine->post(kSync, conversation());
        engine->post(kJob, ask("freeze"));
        QVERIFY(log.wait<TokenDelta>(kJob));
        const auto process = static_cast<pid_t>(std::stoi(log.wait<Hello>(0)->device));
        QVERIFY(waitUntilStopped(process));
        SyncConversation large = conversation();
        large.turns.front().text.assign(1 << 20, 'x');  // a pipe holds 64 KiB
        constexpr JobId kCount = 8;
        for (JobId job = 0; job < kCount; ++job)
            engine->post(100 + job, large);
        // All posts have returned, and the engine has read none of them.
        QVERIFY(!std::ranges::any_of(log.all(), [](const auto& entry) { return entry.job >= 100; }));
        QCOMPARE(::kill(process, SIGCONT), 0);
        for (JobId job = 0; job < kCount; ++job)
            QVERIFY(log.wait<Synced>(100 + job));
    }

    void failsAJobThatExceedsAFrameAndGoesOn() {
        EventLog log;
        const auto engine = makeRemoteEngine(echoEngine(), log.sink());
        SyncConversation tooLarge = conversation();
        tooLarge.turns.front().text.assign(17 << 20, 'x');
        engine->post(kSync, tooLarge);
        engine->post(kJob, conversation());
        const auto failed = log.wait<Failed>(kSync);
        QVERIFY(failed);
        QCOMPARE(failed->error.code, ErrorCode::kInvalidArgument);
        QVERIFY(log.wait<Synced>(kJob));
    }

    void givesUpAfterFiveLossesInARow() {
        EventLog log;
        const auto engine = makeRemoteEngine(echoEngine({"--die-at-start"}), log.sink());
        const auto last = log.wait<EngineLost>(0, 5);
        QVERIFY(last);
        QVERIFY(!last->isRestarting);
        QVERIFY(log.wait<EngineLost>(0, 4)->isRestarting);
        engine->post(kJob, conversation());
        const auto failed = log.wait<Failed>(kJob);
        QVERIFY(failed);
        QCOMPARE(failed->error.message, std::string("the engine stopped: exit code 9"));
        QCOMPARE(log.of(0).size(), std::size_t{5});
    }

    void doesNotRestartWhenToldSo() {
        EventLog log;
        RemoteEngineConfig config = echoEngine();
        config.restart = false;
        const Loss loss = loseBy("die", config, log);
        QVERIFY(loss.lost);
        QVERIFY(!loss.lost->isRestarting);
    }

    void namesAProgramThatIsMissing() {
        EventLog log;
        const auto engine = makeRemoteEngine(configFor({"/no/such/engine"}), log.sink());
        const auto lost = log.wait<EngineLost>(0);
        QVERIFY(lost);
        QVERIFY(!lost->isRestarting);
        QCOMPARE(lost->reason, std::string("cannot start '/no/such/engine': No such file or directory"));
    }

    void refusesAnEngineOfAnotherProtocol() {
        EventLog log;
        const auto engine = makeRemoteEngine(echoEngine({"--protocol", "1"}), log.sink());
        engine->post(kJob, conversation());
        const auto lost = log.wait<EngineLost>(0);
        QVERIFY(lost);
        QVERIFY(!lost->isRestarting);
        QCOMPARE(firstLine(lost->reason),
                 "the engine does not fit: protocol version " + std::to_string(kProtocolVersion) +
                     " expected, the engine has 1");
        QCOMPARE(log.wait<Failed>(kJob)->error.code, ErrorCode::kUnsupported);
    }

    void refusesAProgramThatIsNoEngine() {
        EventLog log;
        RemoteEngineConfig config = configFor({"echo", "Welcome to this computer"});
        config.restart = false;
        const auto engine = makeRemoteEngine(config, log.sink());
        const auto lost = log.wait<EngineLost>(0);
        QVERIFY(lost);
        QVERIFY(firstLine(lost->reason).starts_with("the engine sent a malformed frame"));
    }

    void cancelsACommandThatWaitsForHello() {
        EventLog log;
        RemoteEngineConfig config = configFor({"sleep", "1000"});
        config.exitGrace = 1ms;
        const auto engine = makeRemoteEngine(config, log.sink());
        engine->post(kJob, conversation());
        engine->cancel(kJob);
        const auto failed = log.wait<Failed>(kJob);
        QVERIFY(failed);
        QCOMPARE(failed->error.code, ErrorCode::kCancelled);
    }

    void endsAnEngineThatIsAnswering() {
        EventLog log;
        auto engine = makeRemoteEngine(echoEngine(), log.sink());
        engine->post(kSync, conversation());
        engine->post(kJob, ask("wait"));
        QVERIFY(log.wait<TokenDelta>(kJob));
        engine.reset();
        QVERIFY(hasNoChildren());
    }

    void endsAnEngineThatIsFrozen() {
        EventLog log;
        RemoteEngineConfig config = echoEngine();
        config.exitGrace = 1ms;
        auto engine = makeRemoteEngine(config, log.sink());
        engine->post(kSync, conversation());
        engine->post(kJob, ask("freeze"));
        QVERIFY(log.wait<TokenDelta>(kJob));
        QVERIFY(waitUntilStopped(static_cast<pid_t>(std::stoi(log.wait<Hello>(0)->device))));
        engine.reset();
        QVERIFY(hasNoChildren());
    }

    void passesNoDescriptorOfOursOn() {
        QTemporaryDir folder;
        const std::string path = folder.filePath(QStringLiteral("secret")).toStdString();
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);  // without O_CLOEXEC, as libraries do
        QVERIFY(fd >= 0);
        EventLog log;
        const auto engine = makeRemoteEngine(echoEngine(), log.sink());
        engine->post(kSync, conversation());
        engine->post(kJob, ask("files"));
        const auto done = log.wait<TurnDone>(kJob);
        ::close(fd);
        QVERIFY(done);
        QVERIFY(done->text.find("pipe:") != std::string::npos);
        QVERIFY2(done->text.find(path) == std::string::npos, done->text.c_str());
    }

    void keepsNoDescriptorOfALostEngine() {
        EventLog log;
        RemoteEngineConfig config = echoEngine();
        config.maxLosses = 100;
        config.restartDelay = 0ms;
        const auto engine = makeRemoteEngine(config, log.sink());
        QVERIFY(log.wait<Hello>(0));
        const auto before = countOpenFiles();
        for (int i = 0; i < 10; ++i) {
            const auto hello = log.wait<Hello>(0, i + 1);
            QVERIFY(hello);
            ::kill(static_cast<pid_t>(std::stoi(hello->device)), SIGKILL);
        }
        QVERIFY(log.wait<Hello>(0, 11));
        QCOMPARE(countOpenFiles(), before);
    }
};

QTEST_GUILESS_MAIN(TestRemoteEngine)
#include "tst_remote_engine.moc"
