#include <cerrno>
#include <chrono>
#include <csignal>

#include <QtTest>

#include "core/process/child_process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace epi;
using namespace std::chrono_literals;

namespace {

Result<ChildProcess> startShell(const std::string& script) {
    const std::vector<std::string> command{"sh", "-c", script};
    return ChildProcess::start(command);
}

std::optional<std::string> endingOf(const std::string& script) {
    auto child = startShell(script);
    return child ? child->waitFor(60s) : std::nullopt;
}

}  // namespace

class TestChildProcess : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tellsTheExitCode() { QCOMPARE(endingOf("exit 3"), std::optional<std::string>("exit code 3")); }

    void tellsTheSignal() {
        QCOMPARE(endingOf("kill -SEGV $$"), std::optional<std::string>("signal 11 (segmentation fault)"));
    }

    void passesArgumentsUnchanged() {
        const std::vector<std::string> command{"test", "a  b\n*", "=", "a  b\n*"};
        auto child = ChildProcess::start(command);
        QVERIFY(child);
        QCOMPARE(child->waitFor(60s), std::optional<std::string>("exit code 0"));
    }

    void startsWithNoSignalBlocked() {
        // The thread that starts engines blocks all; a program that inherits that cannot be ended by SIGTERM.
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        const auto ending = endingOf("kill -TERM $$; exit 1");
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        QCOMPARE(ending, std::optional<std::string>("signal 15 (terminated)"));
    }

    void refusesAnEmptyCommand() {
        const auto child = ChildProcess::start({});
        QVERIFY(!child);
        QCOMPARE(child.error().code, ErrorCode::kInvalidArgument);
    }

    void waitsForAProgramThatCannotBeStarted() {
        const std::vector<std::string> command{"/no/such/program"};
        const auto child = ChildProcess::start(command);
        QVERIFY(!child);
        QCOMPARE(child.error().code, ErrorCode::kNotFound);
        QCOMPARE(::waitpid(-1, nullptr, WNOHANG), -1);
        QCOMPARE(errno, ECHILD);
    }

    void killsAndWaitsWhenDestroyed() {
        { QVERIFY(startShell("trap '' TERM; while :; do sleep 1; done")); }
        QCOMPARE(::waitpid(-1, nullptr, WNOHANG), -1);
        QCOMPARE(errno, ECHILD);
    }

    void endsWithTheProcessThatStartedIt() {
        // Orphans become our children, so that we learn how they ended.
        QCOMPARE(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
        int ready[2];
        QCOMPARE(::pipe(ready), 0);
        const pid_t parent = ::fork();
        if (parent == 0) {
            const std::vector<std::string> command{"sleep", "1000"};
            const auto child = ChildProcess::start(command);
            static_cast<void>(!::write(ready[1], child ? "1" : "0", 1));
            for (;;)
                ::pause();
        }
        char started = '0';
        QCOMPARE(::read(ready[0], &started, 1), 1);
        QCOMPARE(started, '1');
        ::kill(parent, SIGKILL);
        QCOMPARE(::waitpid(parent, nullptr, 0), parent);
        int status = 0;
        QVERIFY(::waitpid(-1, &status, 0) > 0);
        QVERIFY(WIFSIGNALED(status));
        QCOMPARE(WTERMSIG(status), SIGTERM);
        ::close(ready[0]);
        ::close(ready[1]);
    }
};

QTEST_GUILESS_MAIN(TestChildProcess)
#include "tst_child_process.moc"
