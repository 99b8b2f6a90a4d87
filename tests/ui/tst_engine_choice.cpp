#include <csignal>

#include <QFile>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>

#include "core/wire/remote_engine.h"
#include "tests/ui/window_fixture.h"
#include "ui/settings/engine_page.h"
#include "ui/settings/settings_dialog.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

EngineFactory engineBehind(const QStringList& command) {
    RemoteEngineConfig config;
    for (const QString& part : command)
        config.command.push_back(toUtf8(part));
    config.exitGrace = std::chrono::milliseconds(200);
    return [config](EventSink sink) {
        return makeRemoteEngine(config, std::move(sink));
    };
}

}  // namespace

/// The window and engines in processes of their own, the "other machine" among them: a shell script that
/// passes the bytes on through pipes, as ssh does.
class TestEngineChoice : public QObject {
    Q_OBJECT

private:
    struct App {
        App(const QString& folder, const QStringList& command)
            : store(toUtf8(folder) + "/epichat.db"),
              client(engineBehind(command)),
              window(client,
                     store,
                     {.theme = ThemeChoice::kLight,
                      .percent = 100,
                      .engineFor = [local = command](const QStringList& chosen) {
                          return engineBehind(chosen.isEmpty() ? local : chosen);
                      }}) {
            QSignalSpy ready(&window, &MainWindow::ready);
            window.restore();
            isReady = (ready.count() > 0 || ready.wait()) && waitFor(EngineClient::State::kReady);
        }
        bool waitFor(EngineClient::State state) {
            return QTest::qWaitFor([this, state] { return client.state() == state; }, 10'000);
        }
        MessageItem lastMessage() {
            MessageModel& messages = window.session()->messages();
            return messages.rowCount() > 0 ? messages.at(messages.rowCount() - 1) : MessageItem();
        }
        StoreClient store;
        EngineClient client;
        MainWindow window;
        bool isReady = false;
    };

    std::unique_ptr<QTemporaryDir> folder_;

    [[nodiscard]] QString pidFile() const { return folder_->path() + u"/engine.pid"_s; }
    [[nodiscard]] int enginePid() const {
        QFile file(pidFile());
        return file.open(QIODevice::ReadOnly) ? file.readAll().toInt() : 0;
    }
    /// A command that runs the engine at the other end of pipes.
    QStringList remote(const QStringList& more = {}) {
        const QString script = folder_->path() + u"/remote shell"_s;
        QFile file(script);
        if (!file.open(QIODevice::WriteOnly)) return {};
        file.write("#!/bin/sh\ncat | \"$@\" | cat\n");
        file.close();
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return QStringList{script, QStringLiteral(PLAYED_ENGINE), u"--pid-file"_s, pidFile()} + more;
    }

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void aLostConnectionIsAnnouncedMadeAgainAndNothingIsLost() {
        App app(folder_->path(), remote({u"--hold-ask"_s, u"2"_s}));
        QVERIFY(app.isReady);
        QVERIFY(app.window.session()->send(u"What is the answer?"_s));
        QTRY_COMPARE(app.lastMessage().text, u"The answer "_s);
        const int first = enginePid();
        QVERIFY(first > 0);
        QSignalSpy lost(&app.client, &EngineClient::engineLost);
        QCOMPARE(::kill(first, SIGKILL), 0);
        QVERIFY(lost.wait());
        QVERIFY(app.window.notice().isVisible());
        QVERIFY2(app.window.notice().text().startsWith(u"The engine stopped"_s),
                 qPrintable(app.window.notice().text()));
        QCOMPARE(app.lastMessage().state, MessageState::kCutOff);
        QCOMPARE(app.lastMessage().text, u"The answer "_s);
        QVERIFY(app.waitFor(EngineClient::State::kReady));
        QTRY_VERIFY(enginePid() != first);
        auto reader = Store::open(toUtf8(folder_->path()) + "/epichat.db");
        QVERIFY(reader);
        QCOMPARE(reader->messages(1)->at(0).text, std::string("What is the answer?"));
        QCOMPARE(reader->messages(1)->at(1).text, std::string("The answer "));
    }

    void anEngineIsChosenInTheSettingsAndUsedAgainAfterARestart() {
        const QStringList local{QStringLiteral(PLAYED_ENGINE)};
        {
            App app(folder_->path(), local);
            QVERIFY(app.isReady);
            QCOMPARE(enginePid(), 0);
            app.window.showSettings(SettingsSection::kEngine);
            auto* page = app.window.findChild<SettingsDialog*>()->findChild<EnginePage*>();
            for (auto* button : page->findChildren<QRadioButton*>()) {
                if (button->text().contains(u"command"_s)) button->setChecked(true);
            }
            page->commandField().setText(commandLine(remote()));
            QTest::keyClick(&page->commandField(), Qt::Key_Return);
            QTRY_VERIFY(enginePid() > 0);
            QVERIFY(app.waitFor(EngineClient::State::kReady));
            QCOMPARE(app.window.preferences().current().engineCommand, remote());
            QVERIFY(app.window.session()->send(u"What is the answer?"_s));
            QTRY_COMPARE(app.lastMessage().text, u"The answer is forty-two."_s);
        }
        QFile::remove(pidFile());
        App app(folder_->path(), local);
        QVERIFY(app.isReady);
        QVERIFY(enginePid() > 0);
    }

    void aCommandThatDoesNotExistSaysSoAndCanBeTriedAgain() {
        App app(folder_->path(), {u"/no/such/engine"_s});
        QTRY_COMPARE(app.client.state(), EngineClient::State::kLost);
        QPushButton* again = nullptr;
        for (auto* button : app.window.notice().findChildren<QPushButton*>()) {
            if (button->text() == u"&Try again"_s && button->isVisible()) again = button;
        }
        QVERIFY(again != nullptr);
        QSignalSpy lost(&app.client, &EngineClient::engineLost);
        again->click();
        // Once for the old one, once for the new.
        QTRY_COMPARE(lost.count(), 2);
        QCOMPARE(app.client.state(), EngineClient::State::kLost);
    }

    void jobsOfAReplacedEngineEnd() {
        App app(folder_->path(), {QStringLiteral(PLAYED_ENGINE), u"--hold-ask"_s, u"2"_s});
        QVERIFY(app.isReady);
        QVERIFY(app.window.session()->send(u"What is the answer?"_s));
        QTRY_COMPARE(app.lastMessage().text, u"The answer "_s);
        app.client.restart(engineBehind({QStringLiteral(PLAYED_ENGINE)}));
        QTRY_VERIFY(!app.window.session()->isAnswering());
        QCOMPARE(app.lastMessage().text, u"The answer "_s);
        QVERIFY(app.waitFor(EngineClient::State::kReady));
        app.window.session()->regenerate(1);
        QTRY_COMPARE(app.lastMessage().text, u"The answer is forty-two."_s);
    }
};

QTEST_MAIN(TestEngineChoice)
#include "tst_engine_choice.moc"
