#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <QtTest>

#include "core/process/child_process.h"
#include "core/process/launcher.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace epi;
using namespace std::chrono_literals;

namespace {

// Forked in main, before Qt makes a thread.
std::shared_ptr<Launcher> launcher;

Result<ChildProcess> startShell(const std::string& script) {
    const std::vector<std::string> command{"sh", "-c", script};
    return ChildProcess::start(command, *launcher);
}

/// All that the program writes to its output, up to its end.
std::string outputOf(const ChildProcess& child) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        pollfd wait{child.output(), POLLIN, 0};
        if (::poll(&wait, 1, 60'000) != 1) return text + "(still open)";
        const ssize_t count = ::read(child.output(), buffer.data(), buffer.size());
        if (count <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

/// Parent and state ('Z': zombie) of a process.
struct Status {
    pid_t parent = 0;
    char state = 0;
};
std::optional<Status> statusOf(const std::filesystem::path& process) {
    std::ifstream file(process / "stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::size_t nameEnd = text.rfind(')');
    if (nameEnd == std::string::npos) return std::nullopt;
    Status status;
    if (std::sscanf(text.c_str() + nameEnd + 1, " %c %d", &status.state, &status.parent) != 2) return {};
    return status;
}

std::vector<pid_t> childrenOf(pid_t parent) {
    std::vector<pid_t> children;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto status = statusOf(entry.path());
        if (status && status->parent == parent) children.push_back(std::stoi(name));
    }
    return children;
}

bool isRunning(pid_t pid) {
    const auto status = statusOf("/proc/" + std::to_string(pid));
    return status && status->state != 'Z';
}

/// A process that begins a launcher, has it start a program that says when it is ready, and then waits.
struct Starter {
    pid_t pid = -1;
    pid_t launcher = -1;
};
Starter startInAnotherProcess(const std::vector<std::string>& command) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) return {};
    Starter starter;
    starter.pid = ::fork();
    if (starter.pid == 0) {
        auto own = Launcher::begin();
        pid_t told = -1;
        std::optional<Result<ChildProcess>> child;
        if (own) {
            child.emplace(ChildProcess::start(command, **own));
            // Until its trap is set it would be ended by any signal.
            char byte = 0;
            pollfd wait{*child ? (*child)->output() : -1, POLLIN, 0};
            ::poll(&wait, 1, 60'000);
            if (*child && ::read((*child)->output(), &byte, 1) == 1) told = (*own)->pid();
        }
        static_cast<void>(!::write(ready[1], &told, sizeof told));
        for (;;)
            ::pause();
    }
    static_cast<void>(!::read(ready[0], &starter.launcher, sizeof starter.launcher));
    ::close(ready[0]);
    ::close(ready[1]);
    return starter;
}

}  // namespace

class TestLauncher : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QCOMPARE(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0); }

    void tellsHowAProgramEnded() {
        QCOMPARE(startShell("exit 3")->waitFor(60s), std::optional<std::string>("exit code 3"));
        QCOMPARE(startShell("kill -SEGV $$")->waitFor(60s),
                 std::optional<std::string>("signal 11 (segmentation fault)"));
    }

    void thePipesAreTheProgramsAlone() {
        auto child = startShell("read line; echo \"$line\"; echo two >&2; ls /proc/self/fd");
        QVERIFY(child);
        QCOMPARE(::write(child->input(), "one\n", 4), ssize_t{4});
        // 3 is the folder that ls reads. The end of the output shows that nobody else holds the pipe.
        QCOMPARE(outputOf(*child), std::string("one\n0\n1\n2\n3\n"));
        std::array<char, 8> error{};
        QCOMPARE(::read(child->errorOutput(), error.data(), error.size()), ssize_t{4});
        QCOMPARE(child->waitFor(60s), std::optional<std::string>("exit code 0"));
    }

    void passesArgumentsUnchanged() {
        const std::vector<std::string> command{"printf", "%s|", "a  b\n*", "", "ä", ""};
        auto child = ChildProcess::start(command, *launcher);
        QVERIFY(child);
        QCOMPARE(outputOf(*child), std::string("a  b\n*||ä||"));
    }

    void refusesWhatNoProgramCanBeGiven() {
        const std::vector<std::string> hidden{"echo", std::string("a\0b", 3)};
        const auto cut = ChildProcess::start(hidden, *launcher);
        QVERIFY(!cut);
        QCOMPARE(cut.error().code, ErrorCode::kInvalidArgument);
        const std::vector<std::string> endless{"echo", std::string(100'000, 'x')};
        const auto child = ChildProcess::start(endless, *launcher);
        QVERIFY(!child);
        QCOMPARE(child.error().code, ErrorCode::kInvalidArgument);
        QVERIFY2(child.error().message.find("65,536") != std::string::npos, child.error().message.c_str());
    }

    void aMissingProgramIsReportedAsWithoutALauncher() {
        const std::vector<std::string> command{"/no/such/program"};
        const auto direct = ChildProcess::start(command);
        const auto launched = ChildProcess::start(command, *launcher);
        QVERIFY(!launched && !direct);
        QCOMPARE(launched.error().code, ErrorCode::kNotFound);
        QCOMPARE(launched.error().message, direct.error().message);
        QVERIFY(childrenOf(launcher->pid()).empty());
    }

    void startsWithNoSignalBlocked() {
        QCOMPARE(startShell("kill -TERM $$; exit 1")->waitFor(60s),
                 std::optional<std::string>("signal 15 (terminated)"));
    }

    void asksAProgramToEndAndKillsOneThatDoesNot() {
        auto child = startShell("trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
        QVERIFY(child);
        pollfd wait{child->output(), POLLIN, 0};
        QCOMPARE(::poll(&wait, 1, 60'000), 1);
        child->terminate();
        QCOMPARE(outputOf(*child), std::string("ready\nasked\n"));
        QCOMPARE(child->waitFor(60s), std::optional<std::string>("exit code 7"));
        child->kill();  // has ended: nothing happens

        { QVERIFY(startShell("trap '' TERM; while :; do sleep 0.05; done")); }
        QTRY_VERIFY(childrenOf(launcher->pid()).empty());
    }

    void manyThreadsStartPrograms() {
        std::atomic<int> right = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&right, i] {
                for (int n = 0; n < 20; ++n) {
                    const std::string number = std::to_string(i * 100 + n);
                    auto child = startShell("echo " + number + "; exit " + std::to_string(n));
                    if (child && outputOf(*child) == number + "\n" &&
                        child->waitFor(60s) == "exit code " + std::to_string(n)) {
                        ++right;
                    }
                }
            });
        }
        for (std::thread& thread : threads)
            thread.join();
        QCOMPARE(right, 160);
        QVERIFY(childrenOf(launcher->pid()).empty());
    }

    void keepsNoDescriptor() {
        const auto countOpen = [] {
            const std::filesystem::directory_iterator files("/proc/" + std::to_string(launcher->pid()) +
                                                            "/fd");
            return std::distance(begin(files), end(files));
        };
        QVERIFY(startShell("exit 0")->waitFor(60s));
        const auto before = countOpen();
        for (int i = 0; i < 10; ++i) {
            QVERIFY(startShell("exit 0")->waitFor(60s));
            const std::vector<std::string> missing{"/no/such/program"};
            QVERIFY(!ChildProcess::start(missing, *launcher));
        }
        QTRY_COMPARE(countOpen(), before);
    }

    void nothingIsLeftWhenTheStarterIsKilled() {
        // It does not end when it is asked to, only when it is killed.
        const Starter starter = startInAnotherProcess(
            {"sh", "-c", "trap '' TERM PIPE; echo ready; while :; do sleep 0.05; done"});
        QVERIFY(starter.launcher > 0);
        const std::vector<pid_t> programs = childrenOf(starter.launcher);
        QCOMPARE(programs.size(), std::size_t{1});
        QElapsedTimer elapsed;
        elapsed.start();
        ::kill(starter.pid, SIGKILL);
        ::waitpid(starter.pid, nullptr, 0);
        QTRY_VERIFY_WITH_TIMEOUT(!isRunning(starter.launcher), 20'000);
        QVERIFY(elapsed.elapsed() >= 1'900);  // it was given its time
        QTRY_VERIFY(!isRunning(programs.front()));
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }

    void aProgramIsAskedToEndWhenTheLauncherIsKilled() {
        const Starter starter =
            startInAnotherProcess({"sh", "-c", "echo ready; while :; do sleep 0.05; done"});
        QVERIFY(starter.launcher > 0);
        const std::vector<pid_t> programs = childrenOf(starter.launcher);
        QCOMPARE(programs.size(), std::size_t{1});
        ::kill(starter.launcher, SIGKILL);
        QTRY_VERIFY(!isRunning(programs.front()));
        ::kill(starter.pid, SIGKILL);
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }

    void aDetachedProgramOutlivesTheLauncher() {
        const QTemporaryDir folder;
        const std::string file = folder.filePath(QStringLiteral("pid")).toStdString();
        // In a process of its own, which may end its launcher.
        const pid_t starter = ::fork();
        if (starter == 0) {
            auto own = Launcher::begin();
            const std::vector<std::string> command{"sh", "-c", "echo $$ > '" + file + "'; exec sleep 1000"};
            const bool isStarted = own && (*own)->startDetached(command);
            while (isStarted && (!std::filesystem::exists(file) || std::filesystem::file_size(file) == 0))
                std::this_thread::sleep_for(1ms);
            if (own) own->reset();
            ::_exit(isStarted ? 0 : 1);
        }
        int status = 0;
        QCOMPARE(::waitpid(starter, &status, 0), starter);
        QCOMPARE(status, 0);
        std::ifstream in(file);
        pid_t pid = 0;
        in >> pid;
        QVERIFY(pid > 0);
        QVERIFY(isRunning(pid));
        QCOMPARE(::getsid(pid), pid);
        ::kill(pid, SIGKILL);
        QCOMPARE(::waitpid(pid, nullptr, 0), pid);
    }

    /// Last: there is no launcher afterwards.
    void zzSaysSoWhenTheLauncherIsGone() {
        auto child = startShell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        QVERIFY(child);
        ::kill(launcher->pid(), SIGKILL);
        QCOMPARE(child->waitFor(60s),
                 std::optional<std::string>("unknown exit status: the launcher has ended"));
        child->kill();
        const auto next = startShell("exit 0");
        QVERIFY(!next);
        QCOMPARE(next.error().code, ErrorCode::kIo);
        for (const pid_t orphan : childrenOf(::getpid()))
            ::kill(orphan, SIGKILL);
    }
};

int main(int argc, char** argv) {
    auto begun = Launcher::begin();
    if (!begun) return 1;
    launcher = *std::move(begun);
    QCoreApplication application(argc, argv);
    TestLauncher test;
    const int result = QTest::qExec(&test, argc, argv);
    launcher.reset();
    return result;
}
#include "tst_launcher.moc"
