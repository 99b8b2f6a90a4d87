#include <QAbstractItemModelTester>
#include <QAction>
#include <QKeySequenceEdit>
#include <QLineEdit>
#include <QMenuBar>
#include <QPushButton>

#include "tests/ui/window_fixture.h"
#include "ui/actions/action_registry.h"
#include "ui/actions/command_palette.h"
#include "ui/settings/settings_dialog.h"
#include "ui/settings/shortcuts_page.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

QKeySequence key(const QString& name) {
    return QKeySequence(name, QKeySequence::PortableText);
}

}  // namespace

class TestActions : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void anActionRunsByItsKeyAndByItsNewKey() {
        QWidget window;
        ActionRegistry actions(&window);
        int runs = 0;
        actions.add({.id = u"a"_s, .group = u"G"_s, .title = u"&A"_s, .shortcuts = {key(u"Ctrl+1"_s)}},
                    &window,
                    [&] { ++runs; });
        window.show();
        window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        QTest::keyClick(&window, Qt::Key_1, Qt::ControlModifier);
        QCOMPARE(runs, 1);
        actions.setShortcuts(u"a"_s, {key(u"Ctrl+2"_s)});
        QTest::keyClick(&window, Qt::Key_1, Qt::ControlModifier);
        QCOMPARE(runs, 1);
        QTest::keyClick(&window, Qt::Key_2, Qt::ControlModifier);
        QCOMPARE(runs, 2);
    }

    void conflictsAreFoundWhereBothKeysCanBeMeant() {
        QWidget window;
        QWidget left(&window);
        QWidget right(&window);
        ActionRegistry actions(&window);
        const auto add = [&](const QString& id, const QString& keys, QWidget* scope) {
            actions.add({.id = id, .group = {}, .title = id, .shortcuts = {key(keys)}, .scope = scope},
                        &window,
                        [] {});
        };
        add(u"everywhere"_s, u"Ctrl+1"_s, nullptr);
        add(u"left"_s, u"Ctrl+2"_s, &left);
        add(u"right"_s, u"Ctrl+3"_s, &right);
        QCOMPARE(actions.conflicts(u"left"_s, key(u"Ctrl+1"_s)), QStringList{u"everywhere"_s});
        QCOMPARE(actions.conflicts(u"left"_s, key(u"Ctrl+3"_s)), QStringList());
        QCOMPARE(actions.conflicts(u"left"_s, key(u"Ctrl+2"_s)), QStringList());
        actions.take(u"left"_s, key(u"Ctrl+1"_s));
        QVERIFY(actions.shortcuts(u"everywhere"_s).isEmpty());
        QCOMPARE(actions.shortcuts(u"left"_s), QList{key(u"Ctrl+1"_s)});
        actions.resetAll();
        QCOMPARE(actions.shortcuts(u"everywhere"_s), QList{key(u"Ctrl+1"_s)});
        QVERIFY(!actions.isCustom(u"left"_s));
    }

    void ownKeysSurviveBeingStored() {
        QWidget window;
        ActionRegistry actions(&window);
        const ActionSpec first{.id = u"a"_s, .group = {}, .title = u"A"_s, .shortcuts = {key(u"Ctrl+1"_s)}};
        actions.add(first, &window, [] {});
        actions.setShortcuts(u"a"_s, {key(u"Ctrl+Alt+K, X"_s)});

        QWidget later;
        ActionRegistry again(&later);
        again.applyCustomShortcuts(actions.customShortcuts());
        // Registered after the settings were read.
        QCOMPARE(again.add(first, &later, [] {})->shortcut(), key(u"Ctrl+Alt+K, X"_s));
        again.applyCustomShortcuts("no JSON");
        QCOMPARE(again.find(u"a"_s)->shortcut(), key(u"Ctrl+1"_s));
    }

    void thePaletteFindsWhatIsTyped_data() {
        QTest::addColumn<QString>("query");
        QTest::addColumn<QString>("best");
        QTest::newRow("word") << "chat"
                              << "Chat list";
        QTest::newRow("beginnings") << "new ch"
                                    << "New chat";
        QTest::newRow("letters") << "nwct"
                                 << "New chat";
        QTest::newRow("inside") << "mort"
                                << "Import";
        QTest::newRow("group") << "file imp"
                               << "Import";
        QTest::newRow("nothing") << "zzz"
                                 << "";
    }
    void thePaletteFindsWhatIsTyped() {
        QFETCH(QString, query);
        QFETCH(QString, best);
        PaletteModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.assign({{.title = u"New chat"_s, .group = u"File"_s, .keys = {}, .run = {}},
                      {.title = u"Import"_s, .group = u"File"_s, .keys = {}, .run = {}},
                      {.title = u"Chat list"_s, .group = u"View"_s, .keys = {}, .run = {}}});
        QCOMPARE(model.rowCount(), 3);
        model.setQuery(query);
        QCOMPARE(model.index(0).data().toString(), best);
    }

    void thePaletteRunsAnActionWithTheKeyboard() {
        WindowFixture app(folder_->path());
        app.window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&app.window));
        QTest::keyClick(&app.window, Qt::Key_K, Qt::ControlModifier);
        auto* palette = app.window.findChild<CommandPalette*>();
        QVERIFY(palette != nullptr && palette->isVisible());
        const bool wasShown = app.window.memoryPanel().isVisible();
        QTest::keyClicks(&palette->field(), u"memory panel"_s);
        QTest::keyClick(&palette->field(), Qt::Key_Return);
        QTRY_COMPARE(app.window.memoryPanel().isVisible(), !wasShown);
    }

    void everyMenuEntryIsARegisteredAction() {
        WindowFixture app(folder_->path());
        int count = 0;
        for (QAction* top : app.window.menuBar()->actions()) {
            // Models and themes are choices that come and go, found in the model manager and the settings.
            for (QAction* action : top->menu()->actions()) {
                if (action->isSeparator() || action->menu() != nullptr || action->actionGroup() != nullptr)
                    continue;
                if (action->objectName().isEmpty() && (action->isCheckable() || !action->isEnabled()))
                    continue;
                QCOMPARE(app.window.actions().find(action->objectName()), action);
                ++count;
            }
        }
        QVERIFY(count > 15);
    }

    void defaultKeysDoNotConflict() {
        WindowFixture app(folder_->path());
        for (const auto& [spec, action] : app.window.actions().entries()) {
            for (const QKeySequence& keys : spec.shortcuts) {
                const QStringList others = app.window.actions().conflicts(spec.id, keys);
                QVERIFY2(others.isEmpty(), qPrintable(spec.id + u": "_s + others.join(u", "_s)));
            }
        }
    }

    void aKeyIsChangedInTheSettingsAndKept() {
        {
            WindowFixture app(folder_->path());
            app.window.showSettings(SettingsSection::kShortcuts);
            auto* dialog = app.window.findChild<SettingsDialog*>();
            ShortcutsPage& page = dialog->shortcuts();
            page.choose(u"chat.new"_s);
            page.keyEdit().setKeySequence(key(u"Ctrl+I"_s));
            QVERIFY(page.conflictText().contains(u"Import"_s));
            for (auto* button : page.findChildren<QPushButton*>()) {
                if (button->text().startsWith(u"&Assign"_s)) button->click();
            }
            QCOMPARE(app.window.actions().find(u"chat.new"_s)->shortcut(), key(u"Ctrl+I"_s));
            QVERIFY(app.window.actions().shortcuts(u"file.import"_s).isEmpty());
            app.window.close();
        }
        WindowFixture app(folder_->path());
        QCOMPARE(app.window.actions().find(u"chat.new"_s)->shortcut(), key(u"Ctrl+I"_s));
        QVERIFY(app.window.actions().shortcuts(u"file.import"_s).isEmpty());
    }
};

QTEST_MAIN(TestActions)
#include "tst_actions.moc"
