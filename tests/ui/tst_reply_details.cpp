// Where a reply came from: its report, what leads there and where that leads.

#include <memory>

#include <QClipboard>
#include <QMenu>

#include "tests/ui/window_fixture.h"
#include "ui/chat/message_layout.h"
#include "ui/chat/reply_details_dialog.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

class TestReplyDetails : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

    static void showDetails(WindowFixture& app) { app.window.actions().find(u"turn.details"_s)->trigger(); }

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void theReportSaysWhereAReplyCameFromAndIsCopied() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.build({.budget = 256}));
        QVERIFY(app.ask(u"What about gardens?"_s));
        showDetails(app);
        auto* dialog = app.window.findChild<ReplyDetailsDialog*>();
        QVERIFY(dialog != nullptr);
        const QString text = ReplyReport::text(app.lastMessage());
        for (const QString& part : {u"episode 2"_s,
                                    u"Match: 0.710"_s,
                                    u"episode 1, 0.310"_s,
                                    u"Lead over the next: 0.400"_s,
                                    u"First token after: 0.40 s"_s,
                                    u"Writing speed: 20.0 tokens/s"_s,
                                    u"the model ended it"_s})
            QVERIFY2(text.contains(part), qPrintable(part + u" in "_s + text));
        button(*dialog, u"Copy text"_s)->click();
        QCOMPARE(QGuiApplication::clipboard()->text(), text);
        // The same after a restart.
        QCOMPARE(ReplyReport::text(app.lastMessage()), text);
        const MessageItem kept = app.lastMessage();
        QCOMPARE(ReplyDetails::fromJson(kept.details.toJson()).toJson(), kept.details.toJson());
        dialog->close();
    }

    void theChipOfAReplyOpensItsReport() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"What about gardens?"_s));
        MessageView& view = app.window.page().view();
        const int row = app.messages().rowCount() - 1;
        const QPoint middle = view.layoutOf(row).chip().center() + QPoint(0, view.rowTop(row));
        QVERIFY(app.window.findChild<ReplyDetailsDialog*>() == nullptr);
        QTest::mouseClick(view.viewport(), Qt::LeftButton, Qt::NoModifier, middle);
        auto* dialog = app.window.findChild<ReplyDetailsDialog*>();
        QVERIFY(dialog != nullptr);
        dialog->close();
    }

    void theReportListsWhatWasQuotedAndLeadsThere() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"Where do herons nest?"_s));
        QVERIFY(app.ask(u"Do they sing?"_s));
        QVERIFY(app.ask(u"And the nests of the heron?"_s));
        const Ask asked = std::get<Ask>(app.engine->posted().back());
        QVERIFY(!asked.passages.empty());
        QCOMPARE(asked.passages.front().turnId, app.messages().at(0).id);
        for (const PassageCandidate& passage : asked.passages)
            QVERIFY(passage.turnId != app.messages().at(4).id);  // the question itself
        showDetails(app);
        auto* dialog = app.window.findChild<ReplyDetailsDialog*>();
        QVERIFY(dialog != nullptr);
        QVERIFY(ReplyReport::text(app.lastMessage()).contains(u"Quoted before it: 2 message"_s));
        const QList<QAction*> quotes = button(*dialog, u"Quoted messages"_s)->menu()->actions();
        QCOMPARE(quotes.size(), 2);
        QCOMPARE(quotes[0]->text(), u"Where do herons nest?"_s);
        QVERIFY(app.window.page().view().currentRow() != 0);
        quotes[0]->trigger();
        QCOMPARE(app.window.page().view().currentRow(), 0);
        QVERIFY(!dialog->isVisible());
        const MessageItem kept = app.lastMessage();
        QCOMPARE(ReplyDetails::fromJson(kept.details.toJson()).toJson(), kept.details.toJson());
    }
};

QTEST_MAIN(TestReplyDetails)
#include "tst_reply_details.moc"
