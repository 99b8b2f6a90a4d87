#include <algorithm>
#include <chrono>
#include <thread>

#include <QAbstractButton>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSplitter>

#include "tests/ui/window_fixture.h"

using namespace epi;
using namespace epi::test;

namespace {

template <typename T>
int count(const std::vector<Command>& commands) {
    return static_cast<int>(std::ranges::count_if(
        commands, [](const Command& command) { return std::holds_alternative<T>(command); }));
}

}  // namespace

class TestMainWindow : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void storesTheQuestionBeforeTheEngineHearsOfIt() {
        WindowFixture app(folder_->path());
        QVERIFY(app.isReady);
        std::vector<MessageRecord> onDisk;
        app.engine->onPost([&](const Command& command) {
            if (!std::holds_alternative<Ask>(command)) return;
            auto reader = Store::open(app.databaseFile);
            if (!reader) return;
            if (auto messages = reader->messages(1)) onDisk = *messages;
        });
        QVERIFY(app.ask(QStringLiteral("What is the answer?")));
        QCOMPARE(onDisk.size(), std::size_t{2});
        QCOMPARE(onDisk[0].text, std::string("What is the answer?"));
        QCOMPARE(onDisk[1].state, MessageState::kStreaming);
    }

    void showsTheReplyWhileItArrives() {
        FakeScript script;
        script.holdAskAt = 2;
        WindowFixture app(folder_->path(), script);
        app.send(QStringLiteral("What is the answer?"));
        QTRY_VERIFY(app.engine->isHolding());
        QTRY_COMPARE(app.lastMessage().text, QStringLiteral("The answer "));
        QVERIFY(app.window.session()->isAnswering());
        app.engine->release();
        QTRY_COMPARE(app.lastMessage().text, QStringLiteral("The answer is forty-two."));
        QCOMPARE(app.lastMessage().state, MessageState::kComplete);
    }

    void thePanelKnowsThatANewChatHasMessages() {
        WindowFixture app(folder_->path());
        const auto says = [&](const char* text) {
            const auto labels = app.window.memoryPanel().findChildren<QLabel*>();
            return std::any_of(labels.begin(), labels.end(), [&](const QLabel* label) {
                return label->text().startsWith(QLatin1String(text));
            });
        };
        QVERIFY(says("Open a conversation"));
        QVERIFY(app.ask(QStringLiteral("What is the answer?")));
        QVERIFY(!says("Open a conversation"));
    }

    void stopKeepsWhatWasSaid() {
        FakeScript script;
        script.holdAskAt = 2;
        WindowFixture app(folder_->path(), script);
        app.send(QStringLiteral("What is the answer?"));
        QTRY_VERIFY(app.engine->isHolding());
        QTest::keyClick(&app.window, Qt::Key_Escape);
        QTRY_COMPARE(app.lastMessage().state, MessageState::kStopped);
        QCOMPARE(app.lastMessage().text, QStringLiteral("The answer "));
    }

    void aLostEngineIsAnnouncedAndTheTurnCanBeRepeated() {
        FakeScript script;
        script.holdAskAt = 2;
        WindowFixture app(folder_->path(), script);
        app.send(QStringLiteral("What is the answer?"));
        QTRY_VERIFY(app.engine->isHolding());
        QTRY_COMPARE(app.lastMessage().text, QStringLiteral("The answer "));
        QSignalSpy lost(&app.client, &EngineClient::engineLost);
        // As an engine in a process of its own says it.
        app.engine->crash("the engine stopped: killed by signal 9", true);
        QVERIFY(lost.wait());
        QCOMPARE(app.window.notice().text(),
                 QStringLiteral("The engine stopped: killed by signal 9. Restarting…"));
        QCOMPARE(app.lastMessage().state, MessageState::kCutOff);
        QCOMPARE(app.lastMessage().text, QStringLiteral("The answer "));
        QCOMPARE(MessageLayout::stateText(app.lastMessage()),
                 QStringLiteral("Cut off before it was finished. The engine stopped: killed by signal 9."));
        QVERIFY(app.messages()
                    .data(app.messages().index(1), Qt::AccessibleTextRole)
                    .toString()
                    .endsWith(QStringLiteral("killed by signal 9.")));

        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        // Whoever did not look meanwhile learns it, too.
        QCOMPARE(app.window.notice().text(),
                 QStringLiteral("The engine was started again after it stopped: killed by signal 9."));
        app.engine->release();
        QPushButton* again = button(app.window.page().view(), QStringLiteral("Ask again"));
        QVERIFY(again != nullptr);
        again->click();
        QTRY_COMPARE(app.lastMessage().state, MessageState::kComplete);
        QCOMPARE(app.lastMessage().text, QStringLiteral("The answer is forty-two."));
        QCOMPARE(app.messages().rowCount(), 2);
        QCOMPARE(last<Ask>(app.engine->posted()).question, std::string("What is the answer?"));
    }

    void aRestartedEngineGetsModelAndConversationAgain() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.build());
        const auto before = app.engine->posted();
        app.engine->crash("killed", true);
        QTRY_COMPARE(count<SyncConversation>(app.engine->posted()), count<SyncConversation>(before) + 1);
        QCOMPARE(count<LoadModel>(app.engine->posted()), count<LoadModel>(before) + 1);
        QCOMPARE(last<SyncConversation>(app.engine->posted()).firstTurn, 0);
        QCOMPARE(last<SyncConversation>(app.engine->posted()).turns.size(), std::size_t{30});
    }

    void onlyNewTurnsAreSentToTheEngine() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.ask(QStringLiteral("First?")));
        QVERIFY(app.ask(QStringLiteral("Second?")));
        const auto sync = last<SyncConversation>(app.engine->posted());
        QCOMPARE(sync.firstTurn, 30);
        QCOMPARE(sync.turns.size(), std::size_t{2});
        QCOMPARE(sync.turns[0].text, std::string("First?"));
        QCOMPARE(sync.turns[1].role, Role::kAssistant);
    }

    void importsAFileIntoTheList() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QCOMPARE(app.window.conversations().model().rowCount(), 1);
        QCOMPARE(app.messages().rowCount(), 30);
        QCOMPARE(app.messages().at(0).text,
                 QStringLiteral("Turn 1 of session 1 about <b>gardens</b> & rivers."));
        QVERIFY(app.messages().startsSession(10));
        QVERIFY(app.window.page().buildBanner().isVisible());
    }

    void anImportIsAJob() {
        WindowFixture app(folder_->path());
        QStringList titles;
        connect(&app.window.jobs(), &JobBoard::changed, &app.window, [&] {
            for (const JobBoard::Job& job : app.window.jobs().jobs())
                titles << job.title;
        });
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QCOMPARE(titles.filter(QRegularExpression(QStringLiteral("^Import of .*json$"))).isEmpty(), false);
        QTRY_VERIFY(app.window.jobs().jobs().empty());
    }

    void aFileThatIsNoConversationIsReported() {
        WindowFixture app(folder_->path());
        const QString path = folder_->path() + QStringLiteral("/notes.json");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("{\"title\": 3}");
        file.close();
        QSignalSpy failed(&app.window, &MainWindow::importFailed);
        app.window.importFiles({path});
        QVERIFY(failed.wait());
        QVERIFY(app.window.notice().text().startsWith(QStringLiteral("notes.json was not imported.")));
        QCOMPARE(app.window.conversations().model().rowCount(), 0);
    }

    void aBuildShowsItsProgressAndCanBeCancelled() {
        FakeScript script;
        script.holdBuildAt = 7;
        WindowFixture app(folder_->path(), script);
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        button(app.window.page().buildBanner(), QStringLiteral("Build memory"))->click();
        QTRY_VERIFY(app.engine->isHolding());
        QVERIFY(app.window.page().job().isVisible());
        QTRY_VERIFY(app.window.page().job().text().contains(QStringLiteral("episode 2 of 4")));
        button(app.window.page().job(), QStringLiteral("Cancel"))->click();
        QTRY_VERIFY(!app.window.session()->memory().isBuilding());
        QVERIFY(!app.window.page().job().isVisible());
        QVERIFY(!app.window.session()->memory().isBuilt());
        QVERIFY(app.window.page().buildBanner().isVisible());
    }

    void showsEpisodesAndLayersOfABuiltMemory() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.build({.budget = 256}));
        MemoryPanel& panel = app.window.memoryPanel();
        QCOMPARE(panel.episodeCount(), 4);
        QVERIFY(!app.window.page().buildBanner().isVisible());
        QCOMPARE(app.messages().at(4).episode, 1);
        panel.choose(1);
        QTRY_VERIFY(!panel.layerBars().isEmpty());
        QVERIFY(panel.layerBars().currentText().startsWith(QStringLiteral("Layer 1, KV head 1:")));
        QTest::keyClick(&panel.layerBars(), Qt::Key_Down);
        QVERIFY(panel.layerBars().currentText().startsWith(QStringLiteral("Layer 2, KV head 1:")));
        QCOMPARE(panel.layerBars().accessibleDescription(), panel.layerBars().currentText());
    }

    void whatIsBuiltIsNotReplacedByWhatWasStoredBefore() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        // The store is slow, the engine is not: the build is done before the old episodes are read.
        app.store.request(
            &app.window,
            [](Store&) -> Result<void> {
                std::this_thread::sleep_for(std::chrono::milliseconds(300));
                return {};
            },
            [](const Result<void>&) {});
        MemorySession& memory = app.window.session()->memory();
        memory.load(app.window.session()->conversation());
        memory.build({.budget = 256});
        QTRY_VERIFY(memory.isBuilt());
        bool isRead = false;
        app.store.request(
            &app.window,
            [](Store&) -> Result<void> { return {}; },
            [&](const Result<void>&) { isRead = true; });
        QTRY_VERIFY(isRead);
        QVERIFY(memory.isBuilt());
        QCOMPARE(memory.options().budget, 256);
    }

    void tintsTheTextByWhatAnEpisodeKeeps() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.build());
        app.window.page().view().setFocus();
        QTest::keyClick(&app.window.page().view(), Qt::Key_H);
        QTRY_VERIFY(app.messages().isTinted());
        const auto* runs = app.messages().tintOf(app.messages().at(0).id);
        QVERIFY(runs != nullptr && !runs->empty());
        QCOMPARE(runs->back().end, static_cast<int>(app.messages().at(0).text.size()));
        QTest::keyClick(&app.window.page().view(), Qt::Key_H);
        QVERIFY(!app.messages().isTinted());
    }

    void asksForEpisodesThatHaveChanged() {
        WindowFixture app(folder_->path(), {.isRegrouped = true});
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.build({.budget = 256}));
        QVERIFY(app.ask(QStringLiteral("What about gardens?")));
        const auto builds = [&] {
            std::vector<BuildMemory> found;
            for (const Command& command : app.engine->posted()) {
                if (const auto* build = std::get_if<BuildMemory>(&command)) found.push_back(*build);
            }
            return found;
        };
        QTRY_COMPARE(builds().size(), std::size_t{2});
        QVERIFY(!builds().back().rebuild);
        QCOMPARE(builds().back().memory.budget, 256);
        QTRY_VERIFY(!app.window.session()->memory().isBuilding());
        QCOMPARE(app.window.memoryPanel().episodeCount(), 4);
    }

    void whatAQuestionHasBuiltLeavesTheChoiceAsItIs() {
        FakeScript script;
        script.isRegrouped = true;
        WindowFixture app(folder_->path(), script);
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        MemorySession& memory = app.window.session()->memory();
        MemoryOptions chosen = memory.options();
        chosen.preset = "keydiff";
        chosen.budget = 0;
        memory.choose(chosen);
        QVERIFY(app.ask(QStringLiteral("What about gardens?")));
        QTRY_VERIFY(memory.isBuilt());
        QCOMPARE(last<BuildMemory>(app.engine->posted()).memory.preset, std::string("keydiff"));
        QVERIFY(memory.lastBuilt()->memory.budget > 0);
        QVERIFY(memory.options() == chosen);
    }

    void memoryAndChipsAreThereAfterARestart() {
        qint64 id = 0;
        QString chip;
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.import(writeConversation(folder_->path(), 3)));
            QVERIFY(app.build({.budget = 256}));
            QVERIFY(app.ask(QStringLiteral("What about gardens?")));
            id = app.window.session()->conversation().id;
            chip = MessageLayout::chipText(app.lastMessage());
            QVERIFY(chip.startsWith(QStringLiteral("Episode 2 · match 0.71 · ")));
        }
        WindowFixture app(folder_->path());
        QVERIFY(app.isReady);
        app.window.openConversation(id);
        QTRY_COMPARE(app.window.memoryPanel().episodeCount(), 4);
        QTRY_COMPARE(app.messages().rowCount(), 32);
        QCOMPARE(MessageLayout::chipText(app.lastMessage()), chip);
        app.window.memoryPanel().choose(2);
        QTRY_VERIFY(!app.window.memoryPanel().layerBars().isEmpty());
        QCOMPARE(last<Inspect>(app.engine->posted()).memory.budget, 256);
    }

    void namesNoBudgetThatIsLeftToTheHistory() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        const auto detailsOf = [](WindowFixture& fixture) {
            return fixture.window.page().findChild<QLabel*>(QStringLiteral("chatDetails"))->text();
        };
        QVERIFY(app.build({.budget = 256}));
        QTRY_VERIFY(detailsOf(app).contains(QStringLiteral("budget 256")));
        // As the command line stores it.
        app.window.session()->memory().choose({});
        QTRY_VERIFY(!detailsOf(app).contains(QStringLiteral("budget")));
        QVERIFY(detailsOf(app).contains(QStringLiteral("4 episode")));
    }

    void theHeaderCountsTokensAfterARestart() {
        const auto detailsOf = [](WindowFixture& fixture) {
            return fixture.window.page().findChild<QLabel*>(QStringLiteral("chatDetails"))->text();
        };
        qint64 id = 0;
        QString built;
        QString asked;
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.import(writeConversation(folder_->path(), 3)));
            id = app.window.session()->conversation().id;
            QVERIFY(!detailsOf(app).contains(QStringLiteral("token")));
            QVERIFY(app.build({.budget = 256}));
            built = detailsOf(app);
            QVERIFY2(built.contains(QStringLiteral("token")), qPrintable(built));
        }
        {
            WindowFixture app(folder_->path());
            app.window.openConversation(id);
            QTRY_COMPARE(detailsOf(app), built);
            QVERIFY(app.ask(QStringLiteral("What about gardens?")));
            asked = detailsOf(app);
        }
        WindowFixture app(folder_->path());
        app.window.openConversation(id);
        QTRY_COMPARE(detailsOf(app), asked);
        for (const Command& command : app.engine->posted())
            QVERIFY(std::holds_alternative<LoadModel>(command));  // nothing is read again for it
    }

    void aBuildTellsWhatTheEngineHasToSay() {
        FakeScript script;
        script.buildNotices = {makeNotice(NoticeCode::kMemoryUnsaved, {"the disk is full"})};
        WindowFixture app(folder_->path(), script);
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.build({.budget = 256}));
        QCOMPARE(app.window.page().notice().text(),
                 QStringLiteral("The memory is not on disk and has to be built again after a restart: the "
                                "disk is full."));
    }

    void aFailedAnswerSaysWhyAndKeepsTheQuestion() {
        FakeScript script;
        script.holdAskAt = 1;
        WindowFixture app(folder_->path(), script);
        app.send(QStringLiteral("What is the answer?"));
        QTRY_VERIFY(app.engine->isHolding());
        app.engine->crash("out of memory", false);
        QTRY_COMPARE(app.lastMessage().state, MessageState::kCutOff);
        QCOMPARE(app.messages().at(0).text, QStringLiteral("What is the answer?"));
        QVERIFY(app.lastMessage().details.error.contains(QStringLiteral("out of memory")));
    }

    void sidePanelsKeepTheirWidthForAnotherTextSize() {
        const auto widthOfTheList = [](const WindowFixture& app) {
            return app.window.findChild<QSplitter*>()->sizes().front();
        };
        int width = 0;
        {
            WindowFixture app(folder_->path());
            app.window.raiseWindow();
            app.window.resize(1600, 900);
            QTRY_COMPARE(app.window.width(), 1600);
            width = widthOfTheList(app);
            app.window.setAppearance(ThemeChoice::kLight, 200);
            QTRY_COMPARE_GT(widthOfTheList(app), width * 3 / 2);
            app.window.close();
        }
        Theme::apply(ThemeChoice::kLight, 100);
        WindowFixture app(folder_->path());
        app.window.raiseWindow();
        QTRY_COMPARE(app.window.width(), 1600);
        const int again = widthOfTheList(app);
        QVERIFY2(std::abs(again - width) <= width / 20,
                 qPrintable(QStringLiteral("%1, was %2").arg(again).arg(width)));
    }

    void aDeletedConversationComesBackWithUndo() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 1)));
        ConversationList& list = app.window.conversations();
        list.deleteCurrent();
        QCOMPARE(list.model().rowCount(), 0);
        button(list, QStringLiteral("Undo"))->click();
        QCOMPARE(list.model().rowCount(), 1);
        QVERIFY(app.window.session()->conversation().id != 0);
    }

    void aDeletedConversationIsGoneWhenTheToastIs() {
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.import(writeConversation(folder_->path(), 1)));
            app.window.conversations().setUndoTime(std::chrono::milliseconds(0));
            app.window.conversations().deleteCurrent();
            QTRY_VERIFY(button(app.window.conversations(), QStringLiteral("Undo")) == nullptr);
        }
        WindowFixture app(folder_->path());
        QVERIFY(app.isReady);
        QCOMPARE(app.window.conversations().model().rowCount(), 0);
    }

    void aRenamedConversationKeepsItsName() {
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.import(writeConversation(folder_->path(), 1)));
            ConversationModel& model = app.window.conversations().model();
            QVERIFY(model.setData(model.index(0), QStringLiteral("Gardens"), Qt::EditRole));
        }
        WindowFixture app(folder_->path());
        QCOMPARE(app.window.conversations().model().index(0).data().toString(), QStringLiteral("Gardens"));
    }

    void withoutAModelTheWindowSaysWhatToDo() {
        FakeScript script;
        script.hasModel = false;
        WindowFixture app(folder_->path(), script);
        QTRY_COMPARE(app.client.state(), EngineClient::State::kNoModel);
        QVERIFY(app.window.notice().text().startsWith(QStringLiteral("No model is loaded.")));
        QVERIFY(button(app.window.notice(), QStringLiteral("Models…")) != nullptr);
    }

    void everyButtonHasANameAndNoLabelGuessesMarkup() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        app.window.showEvaluation();
        QTRY_COMPARE(app.window.evaluation()->session().state(), EvaluationSession::State::kIdle);
        const auto buttons = app.window.findChildren<QAbstractButton*>();
        QVERIFY(buttons.size() > 10);
        for (const QAbstractButton* candidate : buttons) {
            // Qt's own corner button of a table names itself.
            if (candidate->metaObject()->className() == QByteArray("QTableCornerButton")) continue;
            QVERIFY2(!candidate->text().isEmpty() || !candidate->accessibleName().isEmpty(),
                     qPrintable(candidate->objectName()));
        }
        for (const QLabel* label : app.window.findChildren<QLabel*>()) {
            QVERIFY2(label->textFormat() == Qt::PlainText || label->buddy() != nullptr,
                     qPrintable(label->text()));
        }
    }

    void canBeUsedWithTheKeyboardAlone() {
        WindowFixture app(folder_->path());
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        app.window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&app.window));
        QTest::keyClick(&app.window, Qt::Key_N, Qt::ControlModifier);
        auto* edit = qobject_cast<QPlainTextEdit*>(QApplication::focusWidget());
        QVERIFY(edit != nullptr);
        QTest::keyClicks(edit, QStringLiteral("Hello"));
        QTest::keyClick(edit, Qt::Key_Return, Qt::ShiftModifier);
        QTest::keyClicks(edit, QStringLiteral("there"));
        QTest::keyClick(edit, Qt::Key_Return);
        QTRY_COMPARE(app.lastMessage().state, MessageState::kComplete);
        QCOMPARE(app.messages().at(0).text, QStringLiteral("Hello\nthere"));
        QVERIFY(edit->toPlainText().isEmpty());
        const bool wasShown = app.window.memoryPanel().isVisible();
        QTest::keyClick(&app.window, Qt::Key_F9);
        QCOMPARE(app.window.memoryPanel().isVisible(), !wasShown);
    }

    void theWindowLooksTheSameAfterARestart() {
        {
            WindowFixture app(folder_->path());
            app.window.showMemoryPanel(false);
            app.window.close();
        }
        WindowFixture app(folder_->path());
        QVERIFY(app.isReady);
        QVERIFY(!app.window.memoryPanel().isVisible());
    }

    void followsTheEndOnlyWhenTheUserIsThere() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 6)));
        MessageView& view = app.window.page().view();
        QVERIFY(view.followsEnd());
        view.scrollToRow(2);
        QVERIFY(!view.followsEnd());
        QVERIFY(app.build());
        QVERIFY(!view.followsEnd());
        view.scrollToEnd();
        QVERIFY(app.ask(QStringLiteral("And now?")));
        QVERIFY(view.followsEnd());
    }
};

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
