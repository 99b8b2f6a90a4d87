// What people expect of any window without being told: where the focus goes, what Return and Escape do, that
// a letter in a menu means one thing, that what is shown is what is so.

#include <algorithm>
#include <functional>

#include <QAction>
#include <QCheckBox>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMenuBar>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTranslator>

#include "tests/support/tiny_model.h"
#include "tests/ui/every_window.h"
#include "ui/conversations/scope_box.h"
#include "ui/elided_label.h"
#include "ui/transfer/import_dialog.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

/// Counts how often a widget is drawn.
class PaintCounter final : public QObject {
public:
    explicit PaintCounter(QWidget* watched) { watched->installEventFilter(this); }
    int count = 0;

protected:
    bool eventFilter(QObject*, QEvent* event) override {
        if (event->type() == QEvent::Paint) ++count;
        return false;
    }
};

/// The letter behind a single ampersand; none without.
QChar mnemonicOf(const QString& text) {
    for (qsizetype i = 0; i + 1 < text.size(); ++i) {
        if (text[i] != u'&') continue;
        if (text[i + 1] != u'&') return text[i + 1].toLower();
        ++i;
    }
    return {};
}

/// Entries of a menu, and of the menus in it, that share a letter.
QStringList sharedLetters(const QString& path, const QList<QAction*>& entries) {
    QStringList shared;
    QHash<QChar, QString> taken;
    for (const QAction* entry : entries) {
        if (entry->menu() != nullptr)
            shared += sharedLetters(path + u" > "_s + entry->text(), entry->menu()->actions());
        const QChar letter = mnemonicOf(entry->text());
        if (letter.isNull()) continue;
        if (taken.contains(letter)) shared << path + u": "_s + taken[letter] + u", "_s + entry->text();
        taken[letter] = entry->text();
    }
    return shared;
}

}  // namespace

class TestHabits : public QObject {
    Q_OBJECT

private:
    QTemporaryDir home_;
    std::unique_ptr<QTemporaryDir> folder_;

    static bool isActive(WindowFixture& app) {
        app.window.activateWindow();
        return QTest::qWaitForWindowActive(&app.window);
    }
    static QListView& chats(WindowFixture& app) {
        return *app.window.conversations().findChild<QListView*>();
    }
    static bool writes(WindowFixture& app) {
        return app.window.page().composer().isAncestorOf(QApplication::focusWidget());
    }
    /// Two short chats in the list, the second one shown.
    static bool makeChats(WindowFixture& app) {
        if (!app.ask(u"First?"_s)) return false;
        app.window.newChat();
        return app.ask(u"Second?"_s) &&
               QTest::qWaitFor([&] { return app.window.conversations().model().rowCount() == 2; });
    }

private Q_SLOTS:
    void initTestCase() {
        Theme::apply(ThemeChoice::kLight, 100);
        // A models folder with one model. Set before there are threads, which may be reading the environment.
        (void)writeTinyModel(toUtf8(home_.path()) + "/epichat/models", {}, "a-model-with-a-rather-long-name");
        qputenv("XDG_DATA_HOME", home_.path().toUtf8());
    }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void aChosenChatIsWrittenInAtOnce() {
        WindowFixture app(folder_->path());
        QVERIFY(makeChats(app) && isActive(app));
        QListView& list = chats(app);
        list.setFocus();
        QTest::mouseClick(
            list.viewport(), Qt::LeftButton, {}, list.visualRect(list.model()->index(1, 0)).center());
        QTRY_COMPARE(app.messages().at(0).text, u"First?"_s);
        QVERIFY(writes(app));
        // With arrows one looks through the list; Return chooses.
        list.setFocus();
        QTest::keyClick(&list, Qt::Key_Up);
        QTRY_COMPARE(app.messages().at(0).text, u"Second?"_s);
        QVERIFY(list.hasFocus());
        QTest::keyClick(&list, Qt::Key_Return);
        QVERIFY(writes(app));
    }

    void aTextThatIsPutBackIsGoneOnWith() {
        WindowFixture app(folder_->path());
        app.window.page().composer().setText(u"half a thought"_s);
        QTest::keyClicks(app.window.page().composer().findChild<QPlainTextEdit*>(), u", whole"_s);
        QCOMPARE(app.window.page().composer().text(), u"half a thought, whole"_s);
    }

    void aPlaceholderIsDrawnWhenItChanges() {
        QWidget window;
        Composer composer(&window);
        QPushButton other(u"other"_s, &window);
        composer.resize(400, 60);
        window.resize(400, 100);
        other.move(0, 70);
        window.show();
        other.setFocus();  // a caret that blinks draws as well
        QVERIFY(QTest::qWaitForWindowExposed(&window));
        QTest::qWait(100);
        PaintCounter counter(composer.findChild<QPlainTextEdit*>()->viewport());
        QTest::qWait(100);
        QCOMPARE(counter.count, 0);
        composer.setPlaceholder(u"Something else"_s);
        QTRY_VERIFY(counter.count > 0);
    }

    void aShortConversationIsNotCalledLong() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY(app.window.page().buildBanner().isVisible());
        const auto* text = app.window.page().buildBanner().findChild<QLabel*>();
        QVERIFY2(!text->text().contains(u"more than"_s), qPrintable(text->text()));
    }

    void thePanelWithoutEpisodesLeadsToThem() {
        WindowFixture app(folder_->path());
        QVERIFY(button(app.window.memoryPanel(), u"Build memory…"_s) == nullptr);
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        button(app.window.page().buildBanner(), u"Later"_s)->click();
        QVERIFY(!app.window.page().buildBanner().isVisible());
        QPushButton* build = button(app.window.memoryPanel(), u"Build memory…"_s);
        QVERIFY(build != nullptr);
        build->click();
        QVERIFY(app.window.page().buildBanner().isVisible());
    }

    void whatHappenedToADeletedChatIsReadable() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"A question that is much longer than the list of chats is wide, as most are?"_s));
        QTRY_COMPARE(app.window.conversations().model().rowCount(), 1);
        app.window.conversations().deleteCurrent();
        const auto* toast = app.window.conversations().findChild<QWidget*>(u"toast"_s);
        QVERIFY(toast->isVisible());
        QVERIFY(toast->findChild<ElidedLabel*>()->text().startsWith(u"In the bin"_s));
    }

    void aChatInTheBinThatIsWrittenInComesOut_data() {
        QTest::addColumn<QString>("action");
        QTest::addColumn<int>("stoppedAt");
        QTest::newRow("asked") << QString() << -1;
        QTest::newRow("continued") << u"turn.continue"_s << 2;
        QTest::newRow("answered again") << u"turn.regenerate"_s << 2;
        QTest::newRow("answered after nothing was") << u"turn.regenerate"_s << 0;
    }
    void aChatInTheBinThatIsWrittenInComesOut() {
        QFETCH(const QString, action);
        QFETCH(const int, stoppedAt);
        FakeScript script;
        script.holdAskAt = stoppedAt;
        WindowFixture app(folder_->path(), script);
        app.send(u"First?"_s);
        if (!action.isEmpty()) {
            QTRY_VERIFY(app.engine->isHolding());
            app.window.session()->stop();
        }
        QTRY_VERIFY(!app.window.session()->isAnswering());
        app.engine->release();
        ConversationList& list = app.window.conversations();
        QTRY_COMPARE(list.model().rowCount(), 1);
        const qint64 id = app.window.session()->conversation().id;
        list.deleteCurrent();
        QTRY_COMPARE(list.model().rowCount(), 0);
        list.scope().choose({.scope = ConversationFilter::Scope::kBin});
        QTRY_COMPARE(list.model().rowCount(), 1);
        app.window.openConversation(id);
        QTRY_VERIFY(app.window.session() != nullptr && app.window.session()->conversation().id == id &&
                    app.window.session()->isLoaded());
        if (action.isEmpty()) {
            QVERIFY(app.ask(u"Still there?"_s));
        } else {
            app.window.actions().find(action)->trigger();
        }
        QTRY_COMPARE(list.model().rowCount(), 0);
        list.scope().choose({});
        QTRY_COMPARE(list.model().rowCount(), 1);
        QTRY_VERIFY(!app.window.session()->isAnswering());
        QVERIFY(app.window.page().notice().isVisible());
    }

    void anArchivedChatComesBackByUndo() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s));
        ConversationList& list = app.window.conversations();
        QTRY_COMPARE(list.model().rowCount(), 1);
        list.toggleArchived();
        QTRY_COMPARE(list.model().rowCount(), 0);
        const auto* toast = list.findChild<QWidget*>(u"toast"_s);
        QVERIFY(toast->isVisible());
        QVERIFY(toast->findChild<ElidedLabel*>()->text().startsWith(u"In the archive"_s));
        const QList<QLabel*> labels = list.findChildren<QLabel*>();
        QVERIFY(std::ranges::any_of(labels, [](const QLabel* label) {
            return label->isVisible() && label->text() == u"No chats here."_s;
        }));
        app.window.actions().find(u"chat.undoDelete"_s)->trigger();
        QTRY_COMPARE(list.model().rowCount(), 1);
        QVERIFY(!toast->isVisible());
    }

    void theFieldForANewNameCoversTheOldOne() {
        WindowFixture app(folder_->path());
        QVERIFY(makeChats(app) && isActive(app));
        app.window.conversations().renameCurrent();
        QListView& list = chats(app);
        const auto* field = list.viewport()->findChild<QLineEdit*>();
        QVERIFY(field != nullptr);
        const QRect row = list.visualRect(list.currentIndex());
        QVERIFY2(field->height() >= row.height() - 8,
                 qPrintable(u"%1 of %2"_s.arg(field->height()).arg(row.height())));
    }

    void aLetterInAMenuMeansOneThing_data() {
        QTest::addColumn<QString>("language");
        QTest::newRow("English") << u"en"_s;
        QTest::newRow("German") << u"de"_s;
    }
    void aLetterInAMenuMeansOneThing() {
        QFETCH(QString, language);
        QTranslator translator;
        if (language != u"en"_s) {
            QVERIFY(translator.load(u":/i18n/epichat_"_s + language + u".qm"_s));
            QCoreApplication::installTranslator(&translator);
        }
        FakeScript script;
        script.replyPieces = {"See [here](https://example.org):\n", "```cpp\nint x = 1;\n```\n"};
        WindowFixture app(folder_->path(), script);
        QVERIFY(app.ask(u"First?"_s));
        app.window.session()->regenerate(1);
        QTRY_COMPARE(app.lastMessage().versionCount, 2);
        QTRY_VERIFY(!app.window.session()->isAnswering());
        app.window.page().view().selectAll();
        QStringList shared = sharedLetters(u"menus"_s, app.window.menuBar()->actions());
        for (int row = 0; row < 2; ++row) {
            QMenu* menu = app.window.page().view().makeMenu(row);
            shared += sharedLetters(u"menu of a message"_s, menu->actions());
            delete menu;
        }
        QCoreApplication::removeTranslator(&translator);
        QVERIFY2(shared.isEmpty(), qPrintable(shared.join(u'\n')));
    }

    void everyActionStandsInAMenu() {
        WindowFixture app(folder_->path());
        QSet<QAction*> shown;
        const std::function<void(const QList<QAction*>&)> collect = [&](const QList<QAction*>& entries) {
            for (QAction* entry : entries) {
                shown.insert(entry);
                if (entry->menu() != nullptr) collect(entry->menu()->actions());
            }
        };
        collect(app.window.menuBar()->actions());
        QStringList missing;
        for (const auto& [spec, action] : app.window.actions().entries()) {
            if (!shown.contains(action) && !spec.id.startsWith(u"chat.find"_s)) missing << spec.id;
        }
        QVERIFY2(missing.isEmpty(), qPrintable(missing.join(u", "_s)));
        QVERIFY(app.window.actions().find(u"view.theme.dark"_s) != nullptr);
    }

    void f6GoesRoundThePanes() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && isActive(app));
        app.window.showMemoryPanel(true);
        const auto pane = [&]() -> QString {
            const QWidget* focused = QApplication::focusWidget();
            if (app.window.conversations().isAncestorOf(focused)) return u"list"_s;
            if (focused == &app.window.page().view()) return u"messages"_s;
            if (app.window.page().isAncestorOf(focused)) return u"field"_s;
            return app.window.memoryPanel().isAncestorOf(focused) ? u"memory"_s : u"nowhere"_s;
        };
        app.window.page().composer().takeFocus();
        for (const auto tab : {MemoryPanel::kEpisodes, MemoryPanel::kLayers}) {
            app.window.memoryPanel().showTab(tab);
            QStringList way;
            for (int i = 0; i < 4; ++i) {
                QTest::keyClick(QApplication::focusWidget(), Qt::Key_F6);
                way << pane();
            }
            QCOMPARE(way, (QStringList{u"memory"_s, u"list"_s, u"messages"_s, u"field"_s}));
        }
    }

    void menusOpenByTheKeysOfTheDesktop() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && isActive(app));
        const auto popup = [] {
            return qobject_cast<QMenu*>(QApplication::activePopupWidget());
        };
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_F10);
        QTRY_COMPARE(popup(), app.window.menuBar()->actions().first()->menu());
        QTest::keyClick(popup(), Qt::Key_Escape);
        QTRY_VERIFY(popup() == nullptr);
        app.window.page().view().setFocus();
        app.window.page().view().setCurrentRow(1);
        QTest::keyClick(&app.window.page().view(), Qt::Key_F10, Qt::ShiftModifier);
        QTRY_VERIFY(popup() != nullptr);
        QVERIFY(popup()->actions().first()->text().contains(u"message"_s));
        QTest::keyClick(popup(), Qt::Key_Escape);
    }

    void anImportEndsWithItsChat() {
        WindowFixture app(folder_->path());
        app.window.previewImport({writeConversation(folder_->path(), 3)});
        auto* dialog = app.window.findChild<ImportDialog*>();
        QVERIFY(dialog != nullptr);
        QTRY_VERIFY(!dialog->isReading());
        QTest::keyClick(dialog, Qt::Key_Return);
        QTRY_VERIFY(button(*dialog, u"Open the chat"_s) != nullptr);
        QTest::qWait(50);
        // What is said stands together at the top.
        const auto labels = dialog->findChildren<QLabel*>(Qt::FindDirectChildrenOnly);
        QCOMPARE(labels.size(), 2);
        QVERIFY2(labels[1]->geometry().bottom() < 120, qPrintable(QString::number(labels[1]->y())));
        QCOMPARE(dialog->focusWidget(), static_cast<QWidget*>(button(*dialog, u"Open the chat"_s)));
        QTest::keyClick(dialog, Qt::Key_Return);
        QTRY_COMPARE(app.messages().rowCount(), 30);
    }

    void theBoxForAllChatsShowsThatOnlySomeAreChosen() {
        WindowFixture app(folder_->path());
        const QString path = folder_->path() + u"/chats.json"_s;
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(
            R"([{"uuid": "1", "name": "A", "chat_messages": [{"uuid": "a", "sender": "human", "text": "x"}]},
                       {"uuid": "2", "name": "B", "chat_messages": [{"uuid": "b", "sender": "human", "text": "y"}]}])");
        file.close();
        ImportDialog dialog(app.store, path);
        dialog.show();
        QTRY_COMPARE(dialog.model().rowCount(), 2);
        auto* all = dialog.findChild<QCheckBox*>();
        QVERIFY(dialog.model().setData(dialog.model().index(1, 0), Qt::Unchecked, Qt::CheckStateRole));
        QCOMPARE(all->checkState(), Qt::PartiallyChecked);
        QVERIFY(all->isTristate());  // else it is drawn as chosen
        all->click();
        QCOMPARE(dialog.model().checkedCount(), 2);
        QCOMPARE(all->checkState(), Qt::Checked);
        all->click();
        QCOMPARE(dialog.model().checkedCount(), 0);
        all->click();
        QCOMPARE(dialog.model().checkedCount(), 2);
    }

    void aFileThatIsRefusedLeadsToAnother() {
        WindowFixture app(folder_->path());
        const QString path = folder_->path() + u"/notes.txt"_s;
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("It was late.\n") > 0);
        file.close();
        app.window.previewImport({path});
        auto* dialog = app.window.findChild<ImportDialog*>();
        QTRY_VERIFY(button(*dialog, u"Import another…"_s) != nullptr);
        QSignalSpy asked(dialog, &ImportDialog::anotherRequested);
        button(*dialog, u"Import another…"_s)->click();
        QCOMPARE(asked.count(), 1);
        QVERIFY(!dialog->isVisible());
        for (auto* chooser : app.window.findChildren<QFileDialog*>())
            chooser->close();
    }

    void tabGoesDownTheChatSettings() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && isActive(app));
        app.window.showChatSettings();
        auto* dialog = app.window.findChild<ChatSettingsDialog*>();
        auto* prompt = dialog->findChild<QPlainTextEdit*>();
        QTRY_VERIFY(prompt->hasFocus());
        const auto top = [dialog](const QWidget* widget) {
            return widget->mapTo(dialog, QPoint()).y();
        };
        QTest::keyClick(prompt, Qt::Key_Backtab, Qt::ShiftModifier);
        QVERIFY(dialog->focusWidget() != prompt && top(dialog->focusWidget()) < top(prompt));
        prompt->setFocus();
        int before = top(prompt);
        for (int i = 0; i < 6; ++i) {
            QTest::keyClick(dialog->focusWidget(), Qt::Key_Tab);
            QVERIFY(top(dialog->focusWidget()) >= before);
            before = top(dialog->focusWidget());
        }
        dialog->close();
    }

    void tabGoesFromTheSectionsDownTheirPage() {
        WindowFixture app(folder_->path());
        QVERIFY(isActive(app));
        app.window.showSettings(SettingsSection::kGeneral);
        auto* dialog = app.window.findChild<SettingsDialog*>();
        QTRY_VERIFY(dialog->isActiveWindow());
        constexpr int kSameRow = 8;  // pixels
        for (int section = 0; section <= static_cast<int>(SettingsSection::kData); ++section) {
            app.window.showSettings(static_cast<SettingsSection>(section));
            int before = 0;
            int steps = 0;
            for (; steps < 30; ++steps) {
                QTest::keyClick(dialog->focusWidget(), Qt::Key_Tab);
                const auto* pressed = qobject_cast<QPushButton*>(dialog->focusWidget());
                if (pressed != nullptr && pressed->text() == u"&Close"_s) break;
                const int top = dialog->focusWidget()->mapTo(dialog, QPoint()).y();
                QVERIFY2(top >= before - kSameRow,
                         qPrintable(u"section %1, step %2"_s.arg(section).arg(steps)));
                before = top;
            }
            QVERIFY2(steps > 0, qPrintable(QString::number(section)));
        }
        dialog->close();
    }

    void escapeClosesWhatWasOpened() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && isActive(app));
        const auto closes = [](QWidget* window) {
            QTest::qWait(1);
            QWidget* focused = window->focusWidget() != nullptr ? window->focusWidget() : window;
            QTest::keyClick(focused, Qt::Key_Escape);
            return QTest::qWaitFor([&] { return !window->isVisible(); }, 1000);
        };
        app.window.showEvaluation();
        QVERIFY(closes(app.window.evaluation()));
        app.window.showModels();
        QVERIFY(closes(app.window.modelManager()));
        app.window.showSettings(SettingsSection::kGeneral);
        QVERIFY(closes(app.window.findChild<SettingsDialog*>()));
        app.window.showChatSettings();
        QPointer<QWidget> dialog = app.window.findChild<ChatSettingsDialog*>();
        QTest::keyClick(dialog, Qt::Key_Escape);
        QTRY_VERIFY(!dialog || !dialog->isVisible());
    }

    void returnDoesWhatADialogIsFor() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && isActive(app));
        app.window.actions().find(u"turn.details"_s)->trigger();
        auto* details = app.window.findChild<ReplyDetailsDialog*>();
        QTRY_VERIFY(details->focusWidget() != nullptr);
        QCOMPARE(qobject_cast<QPushButton*>(details->focusWidget()), button(*details, u"Close"_s));
        details->close();
        app.window.showModels();
        QVERIFY(qobject_cast<QListView*>(app.window.modelManager()->focusWidget()) != nullptr);
    }
};

QTEST_MAIN(TestHabits)
#include "tst_habits.moc"
