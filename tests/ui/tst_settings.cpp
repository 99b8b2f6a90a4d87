#include <algorithm>

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QProcess>
#include <QPushButton>
#include <QRadioButton>
#include <QScrollBar>
#include <QSlider>

#include "tests/ui/window_fixture.h"
#include "ui/settings/data_page.h"
#include "ui/settings/engine_page.h"
#include "ui/settings/general_page.h"
#include "ui/settings/settings_dialog.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

class TestSettings : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

    static SettingsDialog& settings(WindowFixture& app, SettingsSection section) {
        app.window.showSettings(section);
        return *app.window.findChild<SettingsDialog*>();
    }

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void preferencesSurviveBeingStored() {
        Preferences chosen;
        chosen.language = u"de"_s;
        chosen.restoresChat = false;
        chosen.allowsDownloads = true;
        chosen.theme = ThemeChoice::kHighContrast;
        chosen.percent = 150;
        chosen.engineCommand = {u"ssh"_s, u"gpu box"_s, u"epichat-engine"_s};
        chosen.model = u"some-model"_s;
        chosen.modelFolders = {u"/a"_s, u"/b c"_s};
        chosen.models[u"some-model"_s] = {.device = DeviceChoice::kCpu,
                                          .compute = ComputeMode::kFast,
                                          .memory = MemoryOptions{.budget = 512}};
        chosen.memory.budget = 2048;
        chosen.replies = {.systemPrompt = u"Be brief."_s, .sampling = {.temperature = 0.7, .topK = 40}};
        chosen.personas[u"a \"b\""_s] = {.systemPrompt = u"x\ny"_s, .sampling = {.seed = 9}};
        chosen.cacheLimitBytes = 5;
        chosen.shortcuts = "{\"chat.new\":[\"F5\"]}";
        QVERIFY(fromSettings(toSettings(chosen)) == chosen);
        QCOMPARE(toSettings(chosen).size(), settingKeys().size());
    }

    void whatIsNoValueLeavesTheDefault() {
        const Preferences defaults;
        QVERIFY(!fromSettings({{"models.allows_downloads", "perhaps"}}).allowsDownloads);
        QVERIFY(fromSettings({{"window.theme", "pink"},
                              {"window.percent", "many"},
                              {"engine.command", "{"},
                              {"memory.defaults", "[]"},
                              {"data.cache_limit", "-3"},
                              {"models.defaults", "7"}}) == defaults);
        QCOMPARE(fromSettings({{"window.percent", "5000"}}).percent, Theme::kLargestPercent);
    }

    void themeAndSizeChangeAsTheyAreChosenAndAreKept() {
        const auto restore = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        {
            WindowFixture app(folder_->path());
            SettingsDialog& dialog = settings(app, SettingsSection::kAppearance);
            for (auto* box : dialog.findChildren<QComboBox*>()) {
                const int row = box->findText(u"High contrast"_s);
                if (row < 0) continue;
                box->setCurrentIndex(row);
                Q_EMIT
                box->activated(row);
            }
            QVERIFY(Theme::current().isHighContrast());
            dialog.findChild<QSlider*>()->setValue(15);
            QCOMPARE(Theme::current().percent(), 150);
        }
        StoreClient store(toUtf8(folder_->path()) + "/epichat.db");
        FakeEngine* engine = nullptr;
        EngineClient client([&](EventSink sink) {
            auto made = std::make_unique<FakeEngine>(FakeScript(), std::move(sink));
            engine = made.get();
            return made;
        });
        MainWindow window(client, store, {});
        QSignalSpy ready(&window, &MainWindow::ready);
        window.restore();
        QVERIFY(ready.count() > 0 || ready.wait());
        QVERIFY(Theme::current().isHighContrast());
        QCOMPARE(Theme::current().percent(), 150);
    }

    void theLastChatIsOpenAgainWhereItWas() {
        qint64 id = 0;
        int place = 0;
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.import(writeConversation(folder_->path(), 8)));
            id = app.window.session()->conversation().id;
            app.window.page().view().scrollToRow(20);
            QTRY_VERIFY(app.window.page().view().verticalScrollBar()->value() > 0);
            place = app.window.page().view().rowTop(20);
            app.window.close();
        }
        {
            WindowFixture app(folder_->path());
            QTRY_COMPARE(app.window.session()->conversation().id, id);
            // Heights above may be other ones: what was seen is seen again.
            QTRY_COMPARE(app.window.page().view().rowTop(20), place);
            app.window.preferences().change([](Preferences& p) { p.restoresChat = false; });
            app.window.close();
        }
        WindowFixture app(folder_->path());
        QCOMPARE(app.window.session()->conversation().id, qint64{0});
    }

    void aChatThatIsGoneIsNotOpened() {
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.import(writeConversation(folder_->path(), 1)));
            app.window.conversations().deleteCurrent();
            app.window.conversations().flush();
            app.store.write([](Store& store) { return store.setSetting("window.chat", "77"); });
        }
        WindowFixture app(folder_->path());
        QVERIFY(app.isReady);
        QCOMPARE(app.window.session()->conversation().id, qint64{0});
    }

    void everyThemeHasReadableText() {
        const auto restore = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        const auto luminance = [](const QColor& color) {
            const auto linear = [](double c) {
                return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
            };
            return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
                   0.0722 * linear(color.blueF());
        };
        const auto contrast = [&](const QColor& a, const QColor& b) {
            const double high = std::max(luminance(a), luminance(b));
            const double low = std::min(luminance(a), luminance(b));
            return (high + 0.05) / (low + 0.05);
        };
        for (const auto choice : {ThemeChoice::kLight, ThemeChoice::kDark, ThemeChoice::kHighContrast}) {
            Theme::apply(choice, 100);
            const ThemeColors& c = Theme::current().colors();
            const double least = choice == ThemeChoice::kHighContrast ? 7.0 : 4.5;
            for (const QColor& behind : {c.background, c.surface, c.raised, c.accentSoft, c.hover}) {
                QVERIFY(contrast(c.text, behind) >= least);
            }
            for (const QColor& behind : {c.background, c.surface, c.raised}) {
                QVERIFY(contrast(c.secondaryText, behind) >= least);
                QVERIFY(contrast(c.accent, behind) >= least);
            }
            QVERIFY(contrast(c.onAccent, c.accent) >= least);
            QVERIFY(contrast(c.error, c.errorSoft) >= least);
            QVERIFY(contrast(c.warning, c.warningSoft) >= least);
            for (const QColor& kept : c.retained)
                QVERIFY(contrast(c.text, kept) >= 4.5);
        }
    }

    void aCommandIsTakenApartWithoutAShell_data() {
        QTest::addColumn<QStringList>("command");
        QTest::newRow("plain") << QStringList{u"ssh"_s, u"gpu-box"_s, u"epichat-engine"_s};
        QTest::newRow("spaces") << QStringList{u"/opt/my engine"_s, u"--models"_s, u"/a b"_s};
        QTest::newRow("quotes") << QStringList{u"engine"_s, u"a\"b"_s, u"\"x\""_s};
        QTest::newRow("shell signs") << QStringList{u"engine"_s, u"$(reboot)"_s, u";"_s, u"|"_s, u"*"_s};
    }
    void aCommandIsTakenApartWithoutAShell() {
        QFETCH(QStringList, command);
        QCOMPARE(QProcess::splitCommand(commandLine(command)), command);
    }

    void theDatabaseIsBackedUpWhileItIsOpen() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"What is the answer?"_s));
        auto* page = settings(app, SettingsSection::kData).findChild<DataPage*>();
        const QString copy = folder_->path() + u"/copy.db"_s;
        page->backUp(copy);
        QTRY_VERIFY2(page->backupText().startsWith(u"Copied to "_s), qPrintable(page->backupText()));
        auto opened = Store::open(toUtf8(copy));
        QVERIFY(opened);
        QCOMPARE(opened->conversations()->size(), std::size_t{1});
        QCOMPARE(opened->messages(1)->at(0).text, std::string("What is the answer?"));
    }

    void thePrivacyTextSaysWhatTheSystemForbids() {
        WindowFixture app(folder_->path());
        const auto says = [&](NetworkAccess network, const QString& text) {
            const GeneralPage page(app.window.preferences(), network);
            const auto labels = page.findChildren<QLabel*>();
            return std::ranges::any_of(labels, [&](const QLabel* label) {
                return label->text().startsWith(u"EpiChat's window opens no network connection"_s) &&
                       label->text().contains(text);
            });
        };
        QVERIFY(says(NetworkAccess::kForbidden, u"the system allows it none."_s));
        QVERIFY(says(NetworkAccess::kNeededByDisplay, u"display, which is on another machine."_s));
        QVERIFY(says(NetworkAccess::kNotForbidden, u"no means to refuse it one."_s));
    }

    void aBackupThatCannotBeWrittenIsReported() {
        WindowFixture app(folder_->path());
        auto* page = settings(app, SettingsSection::kData).findChild<DataPage*>();
        page->backUp(folder_->path() + u"/no/such/folder/copy.db"_s);
        QTRY_VERIFY(page->backupText().startsWith(u"No copy was made."_s));
        page->backUp(toQString(app.databaseFile));
        QTRY_VERIFY(page->backupText().contains(u"is the database itself"_s));
        QVERIFY(Store::open(app.databaseFile));
    }
};

QTEST_MAIN(TestSettings)
#include "tst_settings.moc"
