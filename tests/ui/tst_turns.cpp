// Turns and their versions in the window: answering again, editing, going on, switching, deleting.

#include <algorithm>

#include <QClipboard>
#include <QLabel>
#include <QMenu>

#include "tests/ui/window_fixture.h"
#include "ui/chat/edit_banner.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

/// The turns the engine knows after all it was told.
std::vector<std::string> toldTurns(const std::vector<Command>& commands) {
    std::vector<std::string> turns;
    for (const Command& command : commands) {
        const auto* sync = std::get_if<SyncConversation>(&command);
        if (sync == nullptr) continue;
        turns.resize(static_cast<std::size_t>(sync->firstTurn));
        for (const Turn& turn : sync->turns)
            turns.push_back(turn.text);
    }
    return turns;
}

}  // namespace

class TestTurns : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

    static QStringList texts(WindowFixture& app) {
        QStringList all;
        for (int row = 0; row < app.messages().rowCount(); ++row)
            all << app.messages().at(row).text;
        return all;
    }
    static bool isIdle(WindowFixture& app) {
        return QTest::qWaitFor([&] { return !app.window.session()->isAnswering(); });
    }
    static void run(WindowFixture& app, const QString& action) {
        app.window.actions().find(action)->trigger();
    }
    static bool isActive(WindowFixture& app) {
        app.window.activateWindow();
        app.window.page().view().setFocus();
        return QTest::qWaitForWindowActive(&app.window);
    }
    static constexpr auto kAnswer = "The answer is forty-two.";

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void aReplyIsMadeAgainAndBothVersionsStay() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s));
        const qint64 old = app.lastMessage().id;
        QVERIFY(isActive(app));
        QTest::keyClick(&app.window, Qt::Key_R, Qt::ControlModifier);
        QTRY_COMPARE(app.lastMessage().versionCount, 2);
        QVERIFY(isIdle(app));
        QCOMPARE(app.messages().rowCount(), 4);
        QVERIFY(app.lastMessage().id != old);
        QCOMPARE(app.lastMessage().versionIndex, 1);
        QCOMPARE(app.lastMessage().text, QString::fromLatin1(kAnswer));
        QCOMPARE(last<Ask>(app.engine->posted()).question, std::string("Second?"));
        // The likeliest tokens would say the same again.
        QVERIFY(last<Ask>(app.engine->posted()).sampling.temperature > 0.0);
        QCOMPARE(toldTurns(app.engine->posted()), (std::vector<std::string>{"First?", kAnswer}));
        QVERIFY(app.messages()
                    .data(app.messages().index(3), Qt::AccessibleTextRole)
                    .toString()
                    .contains(u"version 2 of 2"_s));
        app.window.page().view().setFocus();
        QTest::keyClick(&app.window.page().view(), Qt::Key_Left, Qt::AltModifier);
        QTRY_COMPARE(app.lastMessage().id, old);
        QCOMPARE(app.lastMessage().versionIndex, 0);
        QTest::keyClick(&app.window.page().view(), Qt::Key_Left, Qt::AltModifier);
        QTest::keyClick(&app.window.page().view(), Qt::Key_Right, Qt::AltModifier);
        QTRY_COMPARE(app.lastMessage().versionIndex, 1);
    }

    void whatFollowsStaysWithItsVersion() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s));
        app.window.session()->regenerate(0);
        QTRY_COMPARE(app.messages().rowCount(), 2);
        QVERIFY(isIdle(app));
        QVERIFY(app.window.page().notice().text().startsWith(u"2 message(s) that followed"_s));
        app.window.session()->stepVersion(1, -1);
        QTRY_COMPARE(app.messages().rowCount(), 4);
        QCOMPARE(texts(app).at(2), u"Second?"_s);
    }

    void anOwnMessageIsEditedInTheComposerAndTheDraftComesBack() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s));
        Composer& composer = app.window.page().composer();
        composer.setText(u"begun"_s);
        QVERIFY(isActive(app));
        app.window.page().view().setCurrentRow(2);
        QTest::keyClick(&app.window.page().view(), Qt::Key_E);
        EditBanner& banner = app.window.page().editBanner();
        QVERIFY(banner.isVisible());
        QCOMPARE(composer.text(), u"Second?"_s);
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
        QVERIFY(!banner.isVisible());
        QCOMPARE(composer.text(), u"begun"_s);

        QTest::keyClick(&app.window, Qt::Key_E, Qt::ControlModifier);
        QVERIFY(banner.isVisible());
        composer.setText(u"Second, better?"_s);
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
        QTRY_COMPARE(texts(app).at(2), u"Second, better?"_s);
        QVERIFY(isIdle(app));
        QVERIFY(!banner.isVisible());
        QCOMPARE(composer.text(), u"begun"_s);
        QCOMPARE(app.messages().rowCount(), 4);
        QCOMPARE(app.messages().at(2).versionCount, 2);
        QCOMPARE(last<Ask>(app.engine->posted()).question, std::string("Second, better?"));
        app.window.session()->stepVersion(2, -1);
        QTRY_COMPARE(texts(app).at(2), u"Second?"_s);
        QCOMPARE(texts(app).at(3), QString::fromLatin1(kAnswer));
    }

    void anEditBehindTheBuildAnnouncesNoBuild() {
        qint64 id = 0;
        const auto announced = [](WindowFixture& app, int row) {
            app.window.page().beginEdit(row);
            const QString text = app.window.page().editBanner().findChild<QLabel*>()->text();
            app.window.page().editBanner().cancel();
            return text;
        };
        const auto remembers = [](WindowFixture& app, int row) {
            const auto& episodes = app.window.session()->memory().episodes();
            return std::ranges::any_of(episodes, [&](const EpisodeRecord& episode) {
                return std::ranges::find(episode.turnIds, app.messages().at(row).id) != episode.turnIds.end();
            });
        };
        {
            WindowFixture app(folder_->path(), {.isRegrouped = true});
            // After each reply the episodes are asked for. They are of what was said before the second, then
            // regrouped with what was said before the third.
            for (const QString& question : {u"First?"_s, u"Second?"_s, u"Third?"_s}) {
                QVERIFY(app.ask(question));
                QTRY_VERIFY(!app.window.session()->memory().isBuilding());
            }
            id = app.window.session()->conversation().id;
            QVERIFY(remembers(app, 2));
            QVERIFY2(announced(app, 0).contains(u"it is made anew"_s), qPrintable(announced(app, 0)));
            QVERIFY2(announced(app, 2).contains(u"regrouped with this"_s), qPrintable(announced(app, 2)));
            QVERIFY2(announced(app, 4).endsWith(u"Escape cancels."_s), qPrintable(announced(app, 4)));
        }
        WindowFixture app(folder_->path());
        app.window.openConversation(id);
        QTRY_COMPARE(app.messages().rowCount(), 6);
        QTRY_VERIFY(remembers(app, 2));
        QVERIFY2(announced(app, 0).contains(u"it is made anew"_s), qPrintable(announced(app, 0)));
        QVERIFY2(announced(app, 2).contains(u"regrouped with this"_s), qPrintable(announced(app, 2)));
    }

    void anEditLeftForAnotherChatIsThereWhenItGoesOn() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s));
        const qint64 id = app.window.session()->conversation().id;
        app.window.page().beginEdit(0);
        app.window.page().composer().setText(u"First, half edi"_s);
        app.window.newChat();
        QVERIFY(!app.window.page().editBanner().isVisible());
        QCOMPARE(app.window.page().composer().text(), QString());
        QTRY_VERIFY(app.window.conversations().model().find(id) != nullptr);
        app.window.openConversation(id);
        QCOMPARE(app.window.page().composer().text(), QString());
        app.window.page().beginEdit(0);
        QCOMPARE(app.window.page().composer().text(), u"First, half edi"_s);
        // What is edited is no draft of the chat.
        app.window.page().editBanner().cancel();
        std::string draft = "?";
        app.store.request(
            &app.window,
            [id](Store& store) { return store.draft(id); },
            [&](const Result<std::string>& read) { draft = read ? *read : "failed"; });
        QTRY_COMPARE(draft, std::string());
    }

    void anEditEndsWithTheMessageAndItsTextIsKept() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s));
        app.window.page().beginEdit(2);
        app.window.page().composer().setText(u"Second, half edi"_s);
        app.window.session()->removeTurn(3);
        QTRY_COMPARE(app.messages().rowCount(), 2);
        QVERIFY(!app.window.page().editBanner().isVisible());
        QCOMPARE(app.window.page().composer().text(), QString());
        app.window.session()->restoreAll();
        QTRY_COMPARE(app.messages().rowCount(), 4);
        app.window.page().beginEdit(2);
        QCOMPARE(app.window.page().composer().text(), u"Second, half edi"_s);
    }

    void aTextThatCannotBeStoredComesBack() {
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.ask(u"First?"_s));
        }
        const std::string file = folder_->path().toStdString() + "/epichat.db";
        auto other = Store::open(file);
        QVERIFY(other);
        WindowFixture app(folder_->path());
        QTRY_VERIFY(app.window.conversations().model().rowCount() == 1);
        app.window.openConversation(app.window.conversations().model().at(0).id);
        QTRY_COMPARE(app.messages().rowCount(), 2);
        Composer& composer = app.window.page().composer();
        composer.setText(u"Second?"_s);
        Q_EMIT
        composer.sendRequested(u"Second?"_s);
        QTRY_VERIFY(app.window.page().notice().isVisible());
        QCOMPARE(composer.text(), u"Second?"_s);
        QCOMPARE(app.messages().rowCount(), 2);
        app.window.page().beginEdit(0);
        Q_EMIT
        composer.sendRequested(u"First, better?"_s);
        QTRY_VERIFY(app.window.page().editBanner().isVisible());
        QCOMPARE(composer.text(), u"First, better?"_s);
        QCOMPARE(texts(app).at(0), u"First?"_s);
    }

    void aStoppedReplyIsContinued() {
        FakeScript script;
        script.holdAskAt = 2;
        WindowFixture app(folder_->path(), script);
        app.send(u"What is the answer?"_s);
        QTRY_VERIFY(app.engine->isHolding());
        app.window.session()->stop();
        QTRY_COMPARE(app.lastMessage().state, MessageState::kStopped);
        QVERIFY(app.window.session()->canContinue(1));
        app.engine->release();
        run(app, u"turn.continue"_s);
        QTRY_COMPARE(app.lastMessage().state, MessageState::kComplete);
        QCOMPARE(app.lastMessage().text, u"The answer The answer is forty-two."_s);
        QCOMPARE(app.lastMessage().versionCount, 1);
        const Ask ask = last<Ask>(app.engine->posted());
        QCOMPARE(ask.replyBegin, std::string("The answer "));
        QCOMPARE(ask.question, std::string("What is the answer?"));
        QVERIFY(!app.window.session()->canContinue(1));
        run(app, u"turn.continue"_s);
        QVERIFY(app.window.page().notice().text().startsWith(u"Only a last reply"_s));
    }

    void aReplyAtALimitOffersToGoOn_data() {
        QTest::addColumn<std::string>("reason");
        QTest::newRow("of its length") << std::string("length");
        QTest::newRow("of the room") << std::string("room");
    }
    void aReplyAtALimitOffersToGoOn() {
        QFETCH(std::string, reason);
        FakeScript script;
        script.replyReason = reason;
        WindowFixture app(folder_->path(), script);
        QVERIFY(app.ask(u"What is the answer?"_s));
        QTRY_VERIFY(button(app.window.page().view(), u"Continue"_s) != nullptr);
        QVERIFY(button(app.window.page().view(), u"Ask again"_s) == nullptr);
        QVERIFY(MessageLayout::stateText(app.lastMessage()).contains(QString::fromStdString(reason)));
        button(app.window.page().view(), u"Continue"_s)->click();
        QTRY_COMPARE(app.lastMessage().text, u"The answer is forty-two.The answer is forty-two."_s);
        QCOMPARE(last<Ask>(app.engine->posted()).replyBegin, std::string("The answer is forty-two."));
    }

    void inAnEmptyChatNothingIsContinued() {
        WindowFixture app(folder_->path());
        run(app, u"turn.continue"_s);
        QVERIFY(app.window.page().notice().text().startsWith(u"Only a last reply"_s));
        run(app, u"turn.edit"_s);
        QVERIFY(app.window.page().notice().text().startsWith(u"Only your own messages"_s));
    }

    void aDeletedTurnComesBackWithUndo() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s) && app.ask(u"Third?"_s));
        const QStringList before = texts(app);
        QVERIFY(isActive(app));
        app.window.page().view().setCurrentRow(3);
        QTest::keyClick(&app.window.page().view(), Qt::Key_Delete, Qt::ControlModifier);
        QTRY_COMPARE(app.messages().rowCount(), 4);
        QCOMPARE(texts(app).at(2), u"Third?"_s);
        // The engine goes back to the turn before.
        QVERIFY(app.ask(u"Fourth?"_s));
        QCOMPARE(toldTurns(app.engine->posted()),
                 (std::vector<std::string>{"First?", kAnswer, "Third?", kAnswer}));
        run(app, u"turn.restore"_s);
        QTRY_COMPARE(app.messages().rowCount(), 8);
        app.window.session()->removeTurn(7);
        QTRY_COMPARE(texts(app), before);
        QTRY_VERIFY(button(app.window.page().notice(), u"Undo"_s) != nullptr);
        button(app.window.page().notice(), u"Undo"_s)->click();
        QTRY_COMPARE(app.messages().rowCount(), 8);
    }

    void aPinnedMessageCountsForTheNextMemory() {
        qint64 chat = 0;
        qint64 pinned = 0;
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.import(writeConversation(folder_->path(), 3)));
            QVERIFY(app.build({.budget = 256}));
            chat = app.window.session()->conversation().id;
            pinned = app.messages().ids()[4];
            app.window.page().view().setCurrentRow(4);
            run(app, u"turn.pin"_s);
            QTRY_VERIFY(app.messages().at(4).isPinned);
            QVERIFY(app.window.page().notice().text().startsWith(u"Pinned."_s));
            QVERIFY(last<BuildMemory>(app.engine->posted()).memory.pinnedTurns.empty());
            button(app.window.page().notice(), u"Build again"_s)->click();
            QTRY_VERIFY(!app.window.session()->memory().isBuilding());
            QCOMPARE(last<BuildMemory>(app.engine->posted()).memory.pinnedTurns,
                     (std::vector<std::int64_t>{pinned}));
        }
        WindowFixture app(folder_->path());
        app.window.openConversation(chat);
        QTRY_VERIFY(app.messages().rowCount() > 4 && app.messages().at(4).isPinned);
        // Questions go on to name the memory that is there, whatever is pinned meanwhile.
        app.window.page().view().setCurrentRow(4);
        run(app, u"turn.pin"_s);
        QTRY_VERIFY(!app.messages().at(4).isPinned);
        QVERIFY(app.ask(u"What about gardens?"_s));
        QCOMPARE(last<Ask>(app.engine->posted()).memory.pinnedTurns, (std::vector<std::int64_t>{pinned}));
    }

    void aMemoryThatAQuestionBuildsCountsWhatIsPinned() {
        FakeScript script;
        script.buildsWhenAsked = true;
        WindowFixture app(folder_->path(), script);
        QVERIFY(app.ask(u"First?"_s));
        const std::vector<std::int64_t> pinned{app.messages().ids()[0]};
        app.window.page().view().setCurrentRow(0);
        run(app, u"turn.pin"_s);
        QTRY_VERIFY(app.messages().at(0).isPinned);
        QVERIFY(app.ask(u"Second?"_s));
        QVERIFY(last<Ask>(app.engine->posted()).pins == pinned);
        QVERIFY(last<Ask>(app.engine->posted()).memory.pinnedTurns.empty());
        // What was built is what the next question goes by.
        QVERIFY(app.ask(u"Third?"_s));
        QCOMPARE(last<Ask>(app.engine->posted()).memory.pinnedTurns, pinned);
    }

    void theEngineLearnsOfChangesFarBeforeWhatItWasToldLast() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s) && app.ask(u"Third?"_s) &&
                app.ask(u"Fourth?"_s));
        // The turns behind it stay the same messages.
        app.window.session()->removeTurn(2);
        QTRY_COMPARE(app.messages().rowCount(), 6);
        QVERIFY(app.ask(u"Fifth?"_s));
        QCOMPARE(toldTurns(app.engine->posted()),
                 (std::vector<std::string>{"First?", kAnswer, "Third?", kAnswer, "Fourth?", kAnswer}));
        app.window.session()->restoreAll();
        QTRY_COMPARE(app.messages().rowCount(), 10);
        QVERIFY(app.ask(u"Sixth?"_s));
        QCOMPARE(toldTurns(app.engine->posted()),
                 (std::vector<std::string>{"First?",
                                           kAnswer,
                                           "Second?",
                                           kAnswer,
                                           "Third?",
                                           kAnswer,
                                           "Fourth?",
                                           kAnswer,
                                           "Fifth?",
                                           kAnswer}));
    }

    void nothingIsChangedWhileAReplyIsWritten() {
        FakeScript script;
        script.holdAskAt = 2;
        WindowFixture app(folder_->path(), script);
        app.send(u"What is the answer?"_s);
        QTRY_VERIFY(app.engine->isHolding());
        QTRY_COMPARE(app.lastMessage().text, u"The answer "_s);
        for (const QString& action : {u"turn.regenerate"_s,
                                      u"turn.continue"_s,
                                      u"turn.edit"_s,
                                      u"turn.delete"_s,
                                      u"turn.restore"_s}) {
            app.window.page().notice().hide();
            run(app, action);
            QVERIFY2(app.window.page().notice().isVisible(), qPrintable(action));
            QVERIFY(app.window.page().notice().text().startsWith(u"A reply is being written."_s));
        }
        QCOMPARE(app.messages().rowCount(), 2);
        QVERIFY(!app.window.page().editBanner().isVisible());
        app.engine->release();
        QTRY_COMPARE(app.lastMessage().text, QString::fromLatin1(kAnswer));
    }

    void anotherEpisodeAnswersAgain() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.build({.budget = 256}));
        QVERIFY(app.ask(u"What about gardens?"_s));
        QMenu menu;
        Q_EMIT
        app.window.page().view().menuOpening(&menu, app.messages().rowCount() - 1);
        const QMenu* episodes = nullptr;
        for (const QAction* action : menu.actions()) {
            if (action->menu() != nullptr) episodes = action->menu();
        }
        QVERIFY(episodes != nullptr);
        QCOMPARE(episodes->actions().size(), 4);
        QVERIFY(episodes->actions().at(1)->text().contains(u"0.71"_s));
        QVERIFY(episodes->actions().at(1)->isChecked());
        episodes->actions().at(3)->trigger();
        QTRY_COMPARE(app.lastMessage().versionCount, 2);
        QVERIFY(isIdle(app));
        QCOMPARE(last<Ask>(app.engine->posted()).episode, std::optional<std::int32_t>(3));
        QCOMPARE(app.lastMessage().details.episode, std::optional<std::int32_t>(3));
        // A message that an episode was made of: the memory is built anew without it.
        app.window.session()->removeTurn(3);
        QTRY_VERIFY(app.window.page().notice().text().contains(u"the memory is built anew"_s));
        app.window.session()->removeTurn(app.messages().rowCount() - 1);
        QTRY_COMPARE(app.window.page().notice().text(), u"The turn was deleted."_s);
        // Turns of the imported people are none of the user's.
        QVERIFY(!app.window.session()->canEdit(0));
        QCOMPARE(app.window.session()->replyRow(0), -1);
    }

    void aReplyThatAMemoryWasMadeOfIsMadeAgainAndThatIsSaid() {
        WindowFixture app(folder_->path());
        for (const QString& question : {u"First?"_s, u"Second?"_s, u"Third?"_s})
            QVERIFY(app.ask(question));
        QVERIFY(app.build({.budget = 256}));
        QVERIFY(app.ask(u"Fourth?"_s));
        app.window.page().notice().hide();
        // Behind what the memory was made of it stays.
        app.window.session()->regenerate(7);
        QTRY_COMPARE(app.lastMessage().versionCount, 2);
        QVERIFY(isIdle(app));
        QVERIFY(!app.window.page().notice().isVisible());
        app.window.session()->regenerate(3);
        QTRY_COMPARE(app.messages().rowCount(), 4);
        QVERIFY(isIdle(app));
        const QString said = app.window.page().notice().text();
        QVERIFY2(said.startsWith(u"4 message(s) that followed"_s), qPrintable(said));
        QVERIFY2(said.contains(u"it is built anew of the 3 message(s) before it"_s), qPrintable(said));
        app.window.page().notice().hide();
        app.window.session()->stepVersion(3, -1);
        QTRY_COMPARE(app.messages().rowCount(), 8);
        QVERIFY(app.window.page().notice().isVisible());
        QVERIFY2(app.window.page().notice().text().contains(u"the memory is that of the version"_s),
                 qPrintable(app.window.page().notice().text()));
    }

    void theMenuOffersWhatTheMessageAllows() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s));
        const auto titles = [&](int row) {
            QMenu menu;
            Q_EMIT
            app.window.page().view().menuOpening(&menu, row);
            QStringList all;
            for (const QAction* action : menu.actions())
                all << action->text().section(u'\t', 0, 0).remove(u'&');
            return all;
        };
        QVERIFY(titles(0).contains(u"Edit and resend"_s));
        QVERIFY(!titles(1).contains(u"Edit and resend"_s));
        QVERIFY(!titles(1).contains(u"Continue the reply"_s));
        QVERIFY(titles(1).contains(u"Regenerate the reply"_s));
        QVERIFY(!titles(1).contains(u"Previous version"_s));
    }

    void aMessageOfAnotherVersionIsFoundAndShown() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s));
        const qint64 hidden = app.messages().at(2).id;
        app.window.session()->regenerate(1);
        QTRY_COMPARE(app.messages().rowCount(), 2);
        QVERIFY(isIdle(app));
        Q_EMIT
        app.window.conversations().messageOpened(app.window.session()->conversation().id, hidden);
        QTRY_COMPARE(app.messages().rowCount(), 4);
        QTRY_COMPARE(app.window.page().view().currentRow(), 2);
    }

    void copiesAReplyAsItWasWritten() {
        FakeScript script;
        script.replyPieces = {"**bold** and `code`"};
        WindowFixture app(folder_->path(), script);
        QVERIFY(app.ask(u"First?"_s));
        run(app, u"turn.copyMarkdown"_s);
        QCOMPARE(QGuiApplication::clipboard()->text(), u"**bold** and `code`"_s);
    }

    void arrowsAreClickedAndVersionsComeBackAfterARestart() {
        qint64 id = 0;
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.ask(u"First?"_s));
            app.window.session()->regenerate(1);
            QTRY_COMPARE(app.lastMessage().versionCount, 2);
            QVERIFY(isIdle(app));
            id = app.window.session()->conversation().id;
        }
        WindowFixture app(folder_->path());
        app.window.openConversation(id);
        QTRY_COMPARE(app.messages().rowCount(), 2);
        QTRY_COMPARE(app.lastMessage().versionIndex, 1);
        MessageView& view = app.window.page().view();
        const MessageLayout layout(app.lastMessage(), {.width = view.viewport()->width()});
        QPoint arrow;
        for (int x = 0; x < view.viewport()->width() && arrow.isNull(); x += 4) {
            for (int y = 0; y < layout.height() && arrow.isNull(); y += 4) {
                if (layout.versionStepAt({x + 4, y + 4}) == -1) arrow = QPoint(x + 4, y + 4);
            }
        }
        QVERIFY(!arrow.isNull());
        for (int y = 0; y < view.viewport()->height() && app.lastMessage().versionIndex == 1; y += 8) {
            QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, {arrow.x(), y});
            QTest::qWait(1);
        }
        QTRY_COMPARE(app.lastMessage().versionIndex, 0);
    }
};

QTEST_MAIN(TestTurns)
#include "tst_turns.moc"
