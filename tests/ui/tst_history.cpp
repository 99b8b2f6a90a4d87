// The chat list, search over all chats, drafts, and the import dialog, in a window with a played engine.

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>

#include "tests/ui/window_fixture.h"
#include "ui/conversations/conversation_menu.h"
#include "ui/conversations/scope_box.h"
#include "ui/conversations/search_panel.h"
#include "ui/theme/source_plurals.h"
#include "ui/transfer/import_dialog.h"

using namespace epi;
using namespace epi::test;

namespace {

constexpr const char* kExport =
    R"([{"uuid": "1", "name": "Apple <b>trees</b> & co", "created_at": "2024-03-01T10:00:00Z",
         "chat_messages": [{"uuid": "a", "sender": "human", "text": "When do I prune an apple tree?"},
                           {"uuid": "b", "sender": "assistant", "text": "In late winter.",
                            "files": [{"file_name": "x.png"}]}]},
        {"uuid": "2", "name": "Rivers", "created_at": "2024-02-01T10:00:00Z",
         "chat_messages": [{"uuid": "c", "sender": "human", "text": "Which river is the longest?"}]}])";

QString writeExport(const QString& folder) {
    const QString path = folder + QStringLiteral("/claude.json");
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(kExport) > 0 ? path : QString();
}

QStringList titlesOf(const ConversationModel& model) {
    QStringList titles;
    for (int row = 0; row < model.rowCount(); ++row)
        titles << model.index(row).data().toString();
    return titles;
}

/// A window with the two chats of `kExport`.
class HistoryFixture : public WindowFixture {
public:
    explicit HistoryFixture(const QString& folder) : WindowFixture(folder) {
        QSignalSpy imported(&window, &MainWindow::imported);
        QSignalSpy listed(&window.conversations(), &ConversationList::refreshed);
        window.importFiles({writeExport(folder)});
        isFilled = imported.wait() && (listed.count() > 0 || listed.wait());
    }
    [[nodiscard]] ConversationList& list() { return window.conversations(); }
    [[nodiscard]] ConversationModel& model() { return window.conversations().model(); }
    /// Opens the chat in this row of the list.
    void open(int row) { window.openConversation(model().at(row).id); }

    bool isFilled = false;
};

}  // namespace

class TestHistory : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void listsImportedChatsByTheirTime() {
        HistoryFixture app(folder_->path());
        QVERIFY(app.isFilled);
        QCOMPARE(titlesOf(app.model()),
                 (QStringList{QStringLiteral("Apple <b>trees</b> & co"), QStringLiteral("Rivers")}));
        QVERIFY(app.window.notice().text().contains(QStringLiteral("Imported 2 conversations")));
    }

    void aPinnedChatComesFirstAndStaysPinned() {
        {
            HistoryFixture app(folder_->path());
            const QAbstractItemModelTester tester(&app.model());
            app.open(1);
            app.list().togglePinned();
            QTRY_COMPARE(titlesOf(app.model()).first(), QStringLiteral("Rivers"));
        }
        WindowFixture app(folder_->path());
        QCOMPARE(titlesOf(app.window.conversations().model()).first(), QStringLiteral("Rivers"));
    }

    void archiveFoldersAndTagsFilterTheList() {
        HistoryFixture app(folder_->path());
        const QAbstractItemModelTester tester(&app.model());
        const qint64 id = app.model().at(1).id;
        app.store.write([id](Store& store) -> Result<void> {
            EPI_TRY(store.setFolder(id, "Water"));
            return store.setTags(id, std::vector<std::string>{"long"});
        });
        app.list().refresh();
        ScopeBox& scope = app.list().scope();
        QTRY_COMPARE(scope.count(), 5);
        scope.setCurrentIndex(1);
        QTRY_COMPARE(titlesOf(app.model()), QStringList{QStringLiteral("Rivers")});
        scope.setCurrentIndex(2);
        QTRY_COMPARE(titlesOf(app.model()), QStringList{QStringLiteral("Rivers")});
        scope.setCurrentIndex(0);
        app.open(1);
        app.list().toggleArchived();
        QTRY_COMPARE(app.model().rowCount(), 1);
        scope.choose({.scope = ConversationFilter::Scope::kArchive});
        QTRY_COMPARE(titlesOf(app.model()), QStringList{QStringLiteral("Rivers")});
    }

    void theBinGivesBackWhatIsInIt() {
        HistoryFixture app(folder_->path());
        app.open(0);
        app.list().deleteCurrent();
        QTRY_COMPARE(app.model().rowCount(), 1);
        app.list().scope().choose({.scope = ConversationFilter::Scope::kBin});
        QTRY_COMPARE(app.model().rowCount(), 1);
        QMenu menu;
        ConversationMenu actions(app.store, app.list().scope(), &app.window);
        actions.fill(menu, app.model().at(0));
        menu.actions().first()->trigger();
        app.list().refresh();
        QTRY_COMPARE(app.model().rowCount(), 0);
        app.list().scope().choose({});
        QTRY_COMPARE(app.model().rowCount(), 2);
    }

    void undoAfterTheListWasReadAgain() {
        HistoryFixture app(folder_->path());
        app.open(0);
        QSignalSpy listed(&app.list(), &ConversationList::refreshed);
        app.list().deleteCurrent();
        QVERIFY(listed.wait());
        app.list().undo();
        QCOMPARE(app.window.session()->conversation().title, std::string("Apple <b>trees</b> & co"));
        QTRY_COMPARE(app.model().rowCount(), 2);
    }

    void searchFindsTitlesAndMessagesWhileOneTypes() {
        HistoryFixture app(folder_->path());
        SearchPanel& search = app.list().search();
        const QAbstractItemModelTester tester(&search.model());
        QTest::keyClicks(&app.list().searchField(), QStringLiteral("apple"));
        QTRY_COMPARE(search.model().rowCount(), 2);
        QCOMPARE(search.model().at(0).messageId, 0);
        const SearchModel::Hit hit = search.model().at(1);
        QVERIFY(hit.messageId != 0);
        QCOMPARE(hit.excerpt.mid(hit.matches[0].begin, hit.matches[0].end - hit.matches[0].begin),
                 QStringLiteral("apple"));
        QTest::keyClick(&app.list().searchField(), Qt::Key_Down);
        Q_EMIT
        search.hitChosen(hit.conversationId, hit.messageId);
        QTRY_VERIFY(app.window.session()->isLoaded());
        QCOMPARE(app.window.session()->conversation().id, hit.conversationId);
        QTest::keyClick(&app.list().searchField(), Qt::Key_Escape);
        QVERIFY(app.list().searchField().text().isEmpty());
    }

    void enterOpensTheFirstHit() {
        HistoryFixture app(folder_->path());
        QSignalSpy searched(&app.list().search(), &SearchPanel::searched);
        QTest::keyClicks(&app.list().searchField(), QStringLiteral("longest"));
        QTRY_COMPARE(app.list().search().model().rowCount(), 1);
        QTest::keyClick(&app.list().searchField(), Qt::Key_Return);
        QTRY_VERIFY(app.window.session()->isLoaded());
        QCOMPARE(app.window.session()->conversation().title, std::string("Rivers"));
    }

    void aDraftBelongsToItsChatAndSurvives() {
        {
            HistoryFixture app(folder_->path());
            app.open(0);
            app.window.page().composer().setText(QStringLiteral("about apples"));
            app.open(1);
            QCOMPARE(app.window.page().composer().text(), QString());
            app.window.page().composer().setText(QStringLiteral("about rivers"));
            // On disk without the window being closed.
            QTRY_VERIFY([&] {
                auto reader = Store::open(app.databaseFile);
                const auto draft = reader ? reader->draft(app.model().at(1).id) : Result<std::string>("");
                return draft && *draft == "about rivers";
            }());
            app.window.newChat();
            app.window.page().composer().setText(QStringLiteral("something new"));
            app.window.close();
        }
        WindowFixture app(folder_->path());
        QTRY_COMPARE(app.window.page().composer().text(), QStringLiteral("something new"));
        app.window.openConversation(app.window.conversations().model().at(0).id);
        QTRY_COMPARE(app.window.page().composer().text(), QStringLiteral("about apples"));
    }

    void aSentDraftIsGone() {
        {
            WindowFixture app(folder_->path());
            app.window.page().composer().setText(QStringLiteral("Hello?"));
            QVERIFY(app.ask(QStringLiteral("Hello?")));
            QCOMPARE(app.window.page().composer().text(), QString());
            app.window.close();
        }
        WindowFixture app(folder_->path());
        QTest::qWait(50);
        QCOMPARE(app.window.page().composer().text(), QString());
    }

    void theImportDialogShowsThenImportsThenReports() {
        WindowFixture app(folder_->path());
        const QString path = writeExport(folder_->path());
        {
            ImportDialog dialog(app.store, path);
            const QAbstractItemModelTester tester(&dialog.model());
            QTRY_COMPARE(dialog.model().rowCount(), 2);
            QCOMPARE(dialog.model().index(0, ImportModel::kChange).data().toString(), QStringLiteral("New"));
            QVERIFY(dialog.findChild<QPlainTextEdit*>()->toPlainText().contains(QStringLiteral("1 image")));
            QVERIFY(dialog.model().setData(dialog.model().index(1, 0), Qt::Unchecked, Qt::CheckStateRole));
            QSignalSpy imported(&dialog, &ImportDialog::imported);
            dialog.startImport();
            QVERIFY(imported.wait());
            QCOMPARE(imported.first().first().value<QList<qint64>>().size(), 1);
        }
        ImportDialog again(app.store, path);
        QTRY_COMPARE(again.model().rowCount(), 2);
        QCOMPARE(again.model().index(0, ImportModel::kChange).data().toString(),
                 QStringLiteral("Already here"));
        QCOMPARE(again.model().index(1, ImportModel::kChange).data().toString(), QStringLiteral("New"));
    }

    void theImportDialogRefusesOtherFiles() {
        WindowFixture app(folder_->path());
        const QString path = folder_->path() + QStringLiteral("/notes.txt");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("It was late.\n") > 0);
        file.close();
        ImportDialog dialog(app.store, path);
        QTRY_VERIFY([&] {
            for (const QLabel* label : dialog.findChildren<QLabel*>()) {
                if (label->text() == QStringLiteral("notes.txt was not imported")) return true;
            }
            return false;
        }());
        for (const auto* button : dialog.findChildren<QAbstractButton*>())
            QVERIFY(!button->isVisibleTo(&dialog) || !button->text().isEmpty());
    }
};

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    SourcePlurals plurals;
    QApplication::installTranslator(&plurals);
    TestHistory test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_history.moc"
