#include <csignal>

#include <QtTest>

#include "core/process/launcher.h"
#include "core/wire/remote_engine.h"
#include "tests/wire/engine_scenarios.h"

using namespace epi;

namespace {

// Forked in main, before Qt makes a thread.
std::shared_ptr<Launcher> launcher;

}  // namespace

/// An engine process that a launcher starts, as the window has it.
class TestLaunchedEngine : public EngineScenarios {
    Q_OBJECT

protected:
    std::unique_ptr<Engine> makeEngine(EventSink sink) override {
        RemoteEngineConfig config;
        config.command = {ECHO_ENGINE};
        config.starter = launcher;
        return makeRemoteEngine(config, std::move(sink));
    }
    Ask endlessAsk() const override { return ask("wait"); }

private Q_SLOTS:
    void aKilledEngineIsStartedAgain() {
        EventLog log;
        RemoteEngineConfig config;
        config.command = {ECHO_ENGINE};
        config.starter = launcher;
        const auto engine = makeRemoteEngine(config, log.sink());
        const auto hello = log.wait<Hello>(0);
        QVERIFY(hello);
        ::kill(static_cast<pid_t>(std::stoi(hello->device)), SIGKILL);
        const auto lost = log.wait<EngineLost>(0);
        QVERIFY(lost && lost->isRestarting);
        QVERIFY2(lost->reason.starts_with("the engine stopped: signal 9 (killed)"), lost->reason.c_str());
        QVERIFY(log.wait<Hello>(0, 2));
    }
};

int main(int argc, char** argv) {
    auto begun = Launcher::begin();
    if (!begun) return 1;
    launcher = *std::move(begun);
    QCoreApplication application(argc, argv);
    TestLaunchedEngine test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_launched_engine.moc"
