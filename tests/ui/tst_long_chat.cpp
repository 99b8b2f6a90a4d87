// Chats that are longer than what the window holds of them.

#include <algorithm>

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QScrollBar>

#include "tests/storage/raw_sqlite.h"
#include "tests/ui/long_chat_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat/chat_finder.h"
#include "ui/chat/edit_banner.h"
#include "ui/chat/find_bar.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

constexpr int kMessages = 10'000;
// What is in sight or at the end stays, however full it is.
constexpr int kMostInMemory = MessageCache::kMostItems + 512;

QString shownMessage(int i) {
    return toQString(textOfMessage(i)).remove(u"**"_s).remove(u'`');
}

}  // namespace

class TestLongChat : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;
    std::unique_ptr<WindowFixture> app_;
    std::int64_t chat_ = 0;

    [[nodiscard]] std::string file() const { return folder_->path().toStdString() + "/epichat.db"; }
    [[nodiscard]] MessageModel& messages() { return app_->messages(); }
    [[nodiscard]] MessageView& view() { return app_->window.page().view(); }
    [[nodiscard]] bool isIdle() {
        return QTest::qWaitFor([this] { return !app_->window.session()->isAnswering(); });
    }

    /// Opens the chat in a window of its own.
    void open() {
        app_ = std::make_unique<WindowFixture>(folder_->path());
        QVERIFY(
            QTest::qWaitFor([this] { return app_->window.conversations().model().find(chat_) != nullptr; }));
        app_->window.openConversation(chat_);
        QVERIFY(QTest::qWaitFor([this] { return app_->window.session()->isLoaded(); }));
    }
    /// Brings rows from `row` on into memory, as a look at them would.
    bool bring(int row) {
        std::vector<int> rows;
        for (int i = row; i < row + 100; ++i)
            rows.push_back(i);
        bool isDone = false;
        messages().load(rows, &app_->window, [&] { isDone = true; });
        return QTest::qWaitFor([&] { return isDone; });
    }
    bool isThere(int row) {
        return QTest::qWaitFor([this, row] { return messages().isLoaded(row); });
    }
    /// All messages of the branch as the database has them.
    QStringList stored() {
        QStringList texts;
        bool isRead = false;
        app_->store.request(
            &app_->window,
            [id = chat_](Store& store) { return store.messages(id); },
            [&](const Result<std::vector<MessageRecord>>& all) {
                isRead = true;
                if (!all) return;
                for (const MessageRecord& message : *all)
                    texts << toQString(message.text);
            });
        return QTest::qWaitFor([&] { return isRead; }) ? texts : QStringList();
    }
    /// The same as the window has them.
    QStringList shown() {
        QStringList texts;
        bool isFailed = false;
        while (texts.size() < messages().rowCount() && !isFailed) {
            bool isRead = false;
            messages().read(
                static_cast<int>(texts.size()), 500, &app_->window, [&](const MessageModel::Items& items) {
                    isRead = true;
                    isFailed = items.empty();
                    for (const MessageItem& item : items)
                        texts << item.text;
                });
            isFailed = isFailed || !QTest::qWaitFor([&] { return isRead; });
        }
        return texts;
    }

    /// The turns the engine knows after all it was told.
    [[nodiscard]] std::vector<std::string> toldTexts() {
        std::vector<std::string> turns;
        for (const Command& command : app_->engine->posted()) {
            const auto* sync = std::get_if<SyncConversation>(&command);
            if (sync == nullptr) continue;
            turns.resize(static_cast<std::size_t>(sync->firstTurn));
            for (const Turn& turn : sync->turns)
                turns.push_back(turn.text);
        }
        return turns;
    }

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        chat_ = writeLongChat(file(), kMessages);
        QVERIFY(chat_ != 0);
    }
    void cleanup() { app_.reset(); }

    void theEndIsThereWhenItIsOpenedAndLittleElse() {
        open();
        QCOMPARE(messages().rowCount(), kMessages);
        QVERIFY(messages().isLoaded(kMessages - 1));
        QCOMPARE(app_->lastMessage().text, toQString(textOfMessage(kMessages - 1)));
        QVERIFY(messages().loadedCount() < 1'000);
        QVERIFY(!messages().isLoaded(0));
        QCOMPARE(messages().at(0).text, QString());
        QVERIFY(view().followsEnd());
        QVERIFY(!app_->window.page().notice().isVisible());
    }

    void whatLeftTheMemoryComesBackTheSame() {
        open();
        const QAbstractItemModelTester tester(&messages(),
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        for (int row = 1'000; row < 9'000; row += 100) {
            QVERIFY(bring(row));
            QVERIFY2(messages().loadedCount() <= kMostInMemory,
                     qPrintable(QString::number(messages().loadedCount())));
        }
        QVERIFY(!messages().isLoaded(3'000));
        messages().want(3'000, 3'020);
        QVERIFY(isThere(3'000) && isThere(3'020));
        for (int row = 3'000; row <= 3'020; ++row) {
            const MessageItem& item = messages().at(row);
            QCOMPARE(item.text, toQString(textOfMessage(row)));
            QCOMPARE(item.role, row % 2 == 0 ? Role::kUser : Role::kAssistant);
            QCOMPARE(item.createdAtMs, 1'700'000'000'000 + row);
            QCOMPARE(item.sourceId, u"m%1"_s.arg(row));
            QCOMPARE(messages().rowOf(item.id), row);
        }
        QCOMPARE(shown(), stored());
    }

    void scrollingThroughShowsEveryMessage() {
        open();
        view().scrollToRow(0);
        QSet<int> seen;
        QScrollBar* bar = view().verticalScrollBar();
        for (int step = 0; step < kMessages; ++step) {  // each shows a message more, at least
            QVERIFY(QTest::qWaitFor([this] { return messages().isLoaded(view().firstRowInSight()); }));
            int row = view().firstRowInSight();
            for (; row < kMessages && view().rowTop(row) < view().viewport()->height(); ++row) {
                if (!messages().isLoaded(row)) break;
                QCOMPARE(view().shownText(row), shownMessage(row));
                seen.insert(row);
            }
            QVERIFY(messages().loadedCount() <= kMostInMemory);
            if (bar->value() >= bar->maximum() && row == kMessages) break;
            // To what has not been seen yet.
            bar->setValue(bar->value() + std::max(view().rowTop(row) - 40, 40));
        }
        QCOMPARE(seen.size(), kMessages);
    }

    void theRowAtTheTopStaysWhereItIsWhenItsSurroundingsArrive() {
        open();
        view().scrollToRow(5'000);
        const int top = view().rowTop(5'000);
        const int first = view().firstRowInSight();
        QVERIFY(!messages().isLoaded(4'950));
        QVERIFY(isThere(4'950) && isThere(5'020));
        QCOMPARE(view().rowTop(5'000), top);
        QCOMPARE(view().firstRowInSight(), first);
        QCOMPARE(view().currentRow(), 5'000);
        app_->window.resize(app_->window.width() - 200, app_->window.height());
        QCOMPARE(view().rowTop(5'000), top);
    }

    void aJumpToTheEndNeedsNothingFromTheDisk() {
        open();
        view().scrollToRow(10);
        for (int row = 0; row < kMessages - 1'000; row += 100) {
            QVERIFY(bring(row));
        }
        view().scrollToEnd();
        for (int row = view().firstRowInSight(); row < kMessages; ++row)
            QVERIFY(messages().isLoaded(row));
    }

    void findsInWhatIsNotInMemory() {
        {
            auto store = Store::open(file());
            QVERIFY(store);
            const auto ids = store->messageIds(chat_);
            QVERIFY(ids);
            for (const int row : {17, 5'001, 5'002, 9'990})
                QVERIFY(store->updateMessage((*ids)[static_cast<std::size_t>(row)],
                                             "Here is a nee**dle** and a needle.",
                                             MessageState::kComplete,
                                             ""));
        }
        open();
        FindBar* bar = app_->window.page().findChild<FindBar*>();
        QVERIFY(bar != nullptr);
        view().setCurrentRow(5'000);
        bar->open();
        bar->field().setText(u"needle"_s);
        QTRY_VERIFY(bar->finder().hitCount() > 0);
        QTRY_VERIFY(!bar->finder().isSearching());
        // In a question the markup is part of the text.
        QCOMPARE(bar->finder().hitCount(), 2 + 2 + 1 + 1);
        QVERIFY((bar->finder().current() == ChatFinder::Hit{5'001, 0}));
        QTRY_COMPARE(view().currentRow(), 5'001);
        QVERIFY(messages().loadedCount() <= kMostInMemory);
        QTRY_VERIFY(bar->finder().currentPosition().row == 5'001);
        for (const int row : {5'001, 5'002, 9'990, 17, 17}) {
            bar->step(true);
            QTRY_COMPARE(bar->finder().currentPosition().row, row);
            QTRY_COMPARE(view().currentRow(), row);
            QVERIFY(view().rowRect(row).intersects(view().viewport()->rect()));
        }
        QVERIFY(messages().loadedCount() <= kMostInMemory);
        // A reply that is written meanwhile is found as well, and nothing is counted twice.
        QVERIFY(app_->ask(u"Where is the needle?"_s));
        QTRY_COMPARE(bar->finder().hitCount(), 7);
        QVERIFY(!bar->finder().isSearching());
        // Another order of rows: all is searched again.
        app_->window.session()->removeTurn(1'000);
        QTRY_COMPARE(messages().rowCount(), kMessages);
        QTRY_VERIFY(!bar->finder().isSearching());
        QCOMPARE(bar->finder().hitCount(), 7);
    }

    void aQuestionThatIsAskedDuringASearchDoesNotEndIt() {
        open();
        ChatFinder finder;
        finder.setModel(&messages());
        finder.search(u"something"_s, 0);
        QVERIFY(finder.isSearching());
        QVERIFY(app_->ask(u"Say something"_s));
        QTRY_VERIFY(!finder.isSearching());
        QCOMPARE(finder.hitCount(), kMessages / 2 + 1);
    }

    void allOfItIsCopied() {
        open();
        QApplication::clipboard()->clear();
        view().selectAll();
        view().copy();
        QVERIFY(app_->window.page().notice().text().startsWith(u"Copying 10"_s));
        QTRY_VERIFY(!QApplication::clipboard()->text().isEmpty());
        QStringList expected;
        for (int i = 0; i < kMessages; ++i) {
            QString text = toQString(textOfMessage(i));
            expected << (i % 2 == 0 ? text : shownMessage(i));
        }
        QCOMPARE(QApplication::clipboard()->text(), expected.join(u"\n\n"_s));
        QVERIFY(app_->window.page().notice().text().startsWith(u"Copied "_s));
        QVERIFY(messages().loadedCount() <= kMostInMemory);
        // A part of it, as it was written.
        view().select({.anchor = {100, 8}, .cursor = {5'101, 7}});
        view().copyAsMarkdown();
        QTRY_VERIFY(QApplication::clipboard()->text().startsWith(
            u"100 asks something.\n\nMessage 101 **answers**"_s));
        QVERIFY(QApplication::clipboard()->text().endsWith(u"Message"_s));
        QCOMPARE(QApplication::clipboard()->text().count(u"\n\n"_s), 5'001);
    }

    void aCopyIsGivenUpWhenTheChatChanges() {
        open();
        QApplication::clipboard()->setText(u"before"_s);
        view().selectAll();
        QSignalSpy copying(&view(), &MessageView::copying);
        view().copy();
        app_->window.session()->removeTurn(100);
        QTRY_COMPARE(copying.count(), 2);
        const int copied = copying.last().first().toInt();
        QVERIFY(copied == 0 || copied == kMessages);
        if (copied == 0) QCOMPARE(QApplication::clipboard()->text(), u"before"_s);
    }

    void theMiddleIsEditedMadeAgainTakenOutAndPutBack() {
        open();
        const QAbstractItemModelTester tester(&messages(),
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        ChatSession& session = *app_->window.session();
        // Taken out, with its question, far from what is in memory.
        const QList<qint64> before = messages().ids();
        session.removeTurn(4'001);
        QTRY_COMPARE(messages().rowCount(), kMessages - 2);
        QList<qint64> expected = before;
        expected.remove(4'000, 2);
        QCOMPARE(messages().ids(), expected);
        QVERIFY(view().followsEnd());
        session.restoreAll();
        QTRY_COMPARE(messages().ids(), before);
        QCOMPARE(shown(), stored());

        // Made again: what follows stays with the version before.
        session.regenerate(4'001);
        QTRY_COMPARE(messages().rowCount(), 4'002);
        QVERIFY(isIdle());
        QCOMPARE(app_->lastMessage().text, u"The answer is forty-two."_s);
        QCOMPARE(app_->lastMessage().versionCount, 2);
        QCOMPARE(messages().ids().first(4'001), before.first(4'001));
        QVERIFY(app_->window.page().notice().text().startsWith(u"5,998 message(s) that followed"_s) ||
                app_->window.page().notice().text().startsWith(u"5998 message(s) that followed"_s));
        session.stepVersion(4'001, -1);
        QTRY_COMPARE(messages().ids(), before);
        QCOMPARE(shown(), stored());

        // Edited.
        view().scrollToRow(6'000);
        QVERIFY(isThere(6'000));
        app_->window.page().beginEdit(6'000);
        QVERIFY(app_->window.page().editBanner().isVisible());
        // What is edited stays in memory while the user looks elsewhere.
        for (int row = 0; row < 4'000; row += 100) {
            QVERIFY(bring(row));
        }
        Q_EMIT
        app_->window.page().composer().sendRequested(u"Edited?"_s);
        QTRY_COMPARE(messages().rowCount(), 6'002);
        QVERIFY(isIdle());
        QCOMPARE(messages().at(6'000).text, u"Edited?"_s);
        QCOMPARE(messages().at(6'000).versionIndex, 1);
        QCOMPARE(shown(), stored());
        session.stepVersion(6'000, -1);
        QTRY_COMPARE(messages().ids(), before);
        QCOMPARE(messages().at(6'000).text, toQString(textOfMessage(6'000)));
        QCOMPARE(shown(), stored());
    }

    void anEditSaysThatTheMemoryIsReadAgain() {
        open();
        const auto text = [this] {
            return app_->window.page().editBanner().findChild<QLabel*>()->text();
        };
        view().scrollToRow(200);
        QVERIFY(isThere(200));
        app_->window.page().beginEdit(200);
        QVERIFY(!text().contains(u"memory"_s));
        app_->window.page().editBanner().cancel();
        QVERIFY(app_->build({.budget = 256}));
        app_->window.page().beginEdit(200);
        QVERIFY2(text().contains(u"anew of the 200 message(s) before it"_s), qPrintable(text()));
        app_->window.page().editBanner().cancel();
        // What was said since is not part of it.
        QVERIFY(app_->ask(u"Another?"_s));
        app_->window.page().beginEdit(messages().rowCount() - 2);
        QVERIFY(!text().contains(u"memory"_s));
    }

    void aDamagedMessageSaysSoAndHidesNoOther() {
        {
            auto store = Store::open(file());
            const auto ids = store->messageIds(chat_);
            const std::string damage =
                "UPDATE messages SET text = 'x' WHERE id = " + std::to_string((*ids)[5'000]);
            QVERIFY(RawSqlite(file()).execute(damage.c_str()));
        }
        open();
        QVERIFY(!app_->window.page().notice().isVisible());
        QCOMPARE(messages().rowCount(), kMessages);
        view().scrollToRow(4'999);
        QVERIFY(isThere(5'000) && isThere(5'001));
        QCOMPARE(messages().at(5'000).state, MessageState::kFailed);
        QVERIFY2(messages().at(5'000).details.error.contains(u"is damaged"_s),
                 qPrintable(messages().at(5'000).details.error));
        QCOMPARE(messages().at(5'000).text, QString());
        QCOMPARE(messages().at(4'999).text, toQString(textOfMessage(4'999)));
        QCOMPARE(messages().at(5'001).text, toQString(textOfMessage(5'001)));
        QVERIFY(!app_->window.session()->canEdit(5'000));
        // The engine is told all but what nobody can read, and the reply to it; and that is said, once.
        QVERIFY(app_->ask(u"And now?"_s));
        QCOMPARE(app_->lastMessage().state, MessageState::kComplete);
        QVERIFY2(app_->window.page().notice().text().startsWith(u"1 damaged message(s)"_s),
                 qPrintable(app_->window.page().notice().text()));
        std::vector<std::string> told = toldTexts();
        QCOMPARE(told.size(), std::size_t{kMessages} - 2);
        QCOMPARE(told[4'999], textOfMessage(4'999));
        QCOMPARE(told[5'000], textOfMessage(5'002));
        app_->window.page().notice().hide();
        QVERIFY(app_->ask(u"And then?"_s));
        QVERIFY(!app_->window.page().notice().isVisible());
        QCOMPARE(toldTexts().size(), std::size_t{kMessages});
    }

    void aQuestionWhoseReplyIsDamagedIsLeftOutWithIt() {
        {
            auto store = Store::open(file());
            const auto ids = store->messageIds(chat_);
            for (const std::size_t row : {std::size_t{5}, std::size_t{kMessages} - 1}) {
                const std::string damage =
                    "UPDATE messages SET text = 'x' WHERE id = " + std::to_string((*ids)[row]);
                QVERIFY(RawSqlite(file()).execute(damage.c_str()));
            }
        }
        open();
        QVERIFY(app_->ask(u"And now?"_s));
        QCOMPARE(app_->lastMessage().state, MessageState::kComplete);
        QVERIFY(app_->window.page().notice().text().startsWith(u"2 damaged message(s)"_s));
        const std::vector<std::string> told = toldTexts();
        QCOMPARE(told.size(), std::size_t{kMessages} - 4);
        QCOMPARE(told[3], textOfMessage(3));
        QCOMPARE(told[4], textOfMessage(6));
        QCOMPARE(told.back(), textOfMessage(kMessages - 3));
    }

    void readersHearThatAMessageIsLoadedAndThenTheMessage() {
        open();
        QAccessibleInterface* list = QAccessible::queryAccessibleInterface(&view());
        QVERIFY(list != nullptr);
        QAccessibleInterface* message = list->child(2'001);
        QCOMPARE(message->text(QAccessible::Name), u"Message 2002 is being loaded"_s);
        QVERIFY(message->state().busy);
        QVERIFY(isThere(2'001));
        QCOMPARE(message->text(QAccessible::Name), u"Assistant: "_s + shownMessage(2'001));
        QVERIFY(!message->state().busy);
    }

    void veryLongMessagesAreReadWithoutEnd() {
        const std::int64_t other = [&] {
            auto store = Store::open(file());
            const auto id = store->createConversation({});
            MessageRecord message;
            message.conversationId = *id;
            for (int i = 0; i < 12; ++i) {
                message.text = "Begin " + std::to_string(i) + "\n" + std::string(3'000'000, 'x');
                if (!store->appendMessage(message)) return std::int64_t{0};
            }
            return *id;
        }();
        QVERIFY(other != 0);
        chat_ = other;
        open();
        QCOMPARE(messages().rowCount(), 12);
        for (const int row : {0, 6, 11, 0}) {
            view().scrollToRow(row);
            QVERIFY(isThere(row));
            QVERIFY(messages().at(row).text.startsWith(u"Begin %1\n"_s.arg(row)));
        }
        // Nothing is read again and again.
        QSignalSpy changes(&messages(), &MessageModel::dataChanged);
        QTest::qWait(100);
        QVERIFY2(changes.count() < 3, qPrintable(QString::number(changes.count())));
    }

    void theChatsLengthAndLastReplyAreKnownThoughTheyAreFarAway() {
        {
            auto store = Store::open(file());
            const auto ids = store->messageIds(chat_);
            QVERIFY(store->updateMessage(
                (*ids)[1'001], "old", MessageState::kComplete, R"({"episode":2,"similarity":0.5})"));
        }
        open();
        QTRY_VERIFY(app_->window.session()->lastReply().has_value());
        QCOMPARE(app_->window.session()->lastReply()->episode, std::optional<std::int32_t>(2));
        qint64 bytes = 3 - static_cast<qint64>(textOfMessage(1'001).size());
        for (int i = 0; i < kMessages; ++i)
            bytes += static_cast<qint64>(textOfMessage(i).size());
        QCOMPARE(app_->window.session()->characterCount(), bytes);
        QVERIFY(app_->window.page().buildBanner().isVisible());
    }
};

QTEST_MAIN(TestLongChat)
#include "tst_long_chat.moc"
