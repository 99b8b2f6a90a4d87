// What one chat is answered with: its own settings, the defaults, personas.

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QPlainTextEdit>

#include "core/policy/preset.h"
#include "core/sampling/sampler.h"
#include "tests/ui/window_fixture.h"
#include "ui/bridge/text.h"
#include "ui/chat/chat_settings_dialog.h"
#include "ui/memory/memory_form.h"
#include "ui/settings/sampling_form.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

class TestChatSettings : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

    /// Opens the dialog of the shown chat.
    static ChatSettingsDialog* settings(WindowFixture& app) {
        app.window.showChatSettings();
        return app.window.findChild<ChatSettingsDialog*>();
    }
    static void enter(ChatSettingsDialog& dialog, const QString& prompt, const SamplingOptions& sampling) {
        dialog.findChild<QPlainTextEdit*>()->setPlainText(prompt);
        dialog.findChild<SamplingForm*>()->setOptions(sampling);
    }
    static void finish(ChatSettingsDialog* dialog) {
        dialog->apply();
        delete dialog;
    }

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void aChatKeepsItsOwnSettings() {
        qint64 id = 0;
        const SamplingOptions sampling{.temperature = 0.8,
                                       .topK = 40,
                                       .topP = 0.9,
                                       .minP = 0.05,
                                       .repetitionPenalty = 1.1,
                                       .seed = 7,
                                       .maxTokens = 99};
        {
            WindowFixture app(folder_->path());
            // Before the chat has a row.
            ChatSettingsDialog* dialog = settings(app);
            QVERIFY(dialog != nullptr);
            QCOMPARE(dialog->costText(), QString());
            enter(*dialog, u"Be brief."_s, sampling);
            dialog->findChild<MemoryForm*>()->setOptions({.budget = 777});
            finish(dialog);
            QVERIFY(app.ask(u"First?"_s));
            id = app.window.session()->conversation().id;
            const Ask ask = last<Ask>(app.engine->posted());
            QVERIFY(ask.sampling == sampling);
            QCOMPARE(ask.memory.budget, 777);
            QCOMPARE(last<SyncConversation>(app.engine->posted()).systemPrompt, std::string("Be brief."));
        }
        WindowFixture app(folder_->path());
        app.window.openConversation(id);
        QTRY_VERIFY(app.window.session()->isLoaded());
        QVERIFY(app.window.session()->sampling() == sampling);
        QVERIFY(app.ask(u"Second?"_s));
        QVERIFY(last<Ask>(app.engine->posted()).sampling == sampling);
        QCOMPARE(last<SyncConversation>(app.engine->posted()).systemPrompt, std::string("Be brief."));
        // Another chat has the defaults.
        app.window.newChat();
        QVERIFY(app.ask(u"Third?"_s));
        QCOMPARE(last<Ask>(app.engine->posted()).sampling.temperature, 0.0);
        QCOMPARE(last<SyncConversation>(app.engine->posted()).systemPrompt, std::string());
    }

    void aSeedOfZeroIsANewOneForEachReply() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s));
        const auto first = last<Ask>(app.engine->posted()).sampling.seed;
        QVERIFY(app.ask(u"Second?"_s));
        QVERIFY(last<Ask>(app.engine->posted()).sampling.seed != first);
    }

    void defaultsCountForChatsWithoutTheirOwn() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s));
        app.window.preferences().change([](Preferences& p) {
            p.replies.sampling.temperature = 0.5;
            p.replies.systemPrompt = u"Speak like a sailor."_s;
        });
        QVERIFY(app.ask(u"Second?"_s));
        QCOMPARE(last<Ask>(app.engine->posted()).sampling.temperature, 0.5);
        // The prompt of a chat that has begun is its own.
        QCOMPARE(last<SyncConversation>(app.engine->posted()).systemPrompt, std::string());
        app.window.newChat();
        QVERIFY(app.ask(u"Third?"_s));
        QCOMPARE(last<SyncConversation>(app.engine->posted()).systemPrompt,
                 std::string("Speak like a sailor."));
    }

    void saysWhatAnotherPromptCostsBeforeItIsApplied() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s) && app.ask(u"Second?"_s));
        ChatSettingsDialog* dialog = settings(app);
        QCOMPARE(dialog->costText(), QString());
        dialog->findChild<QPlainTextEdit*>()->setPlainText(u"Be brief."_s);
        QVERIFY(dialog->costText().contains(u"read again from its beginning"_s));
        dialog->findChild<QPlainTextEdit*>()->setPlainText({});
        QCOMPARE(dialog->costText(), QString());
        dialog->findChild<MemoryForm*>()->setOptions({.budget = 512});
        QVERIFY(dialog->costText().contains(u"built anew"_s));
        // Nothing has changed yet.
        QCOMPARE(app.window.session()->memory().options().budget, 0);
        finish(dialog);
        QCOMPARE(app.window.session()->memory().options().budget, 512);
        QVERIFY(app.ask(u"Third?"_s));
        QCOMPARE(last<Ask>(app.engine->posted()).memory.budget, 512);
    }

    void personasAreSavedChosenRenamedAndDeleted() {
        const SamplingOptions sampling{.temperature = 0.8, .seed = 3};
        {
            WindowFixture app(folder_->path());
            ChatSettingsDialog* dialog = settings(app);
            enter(*dialog, u"Be brief."_s, sampling);
            dialog->savePersona(u"Short & \"sharp\""_s);
            enter(*dialog, u"Be kind."_s, {});
            dialog->savePersona(u"Kind"_s);
            QVERIFY(!dialog->renamePersona(u"Kind"_s, u"Short & \"sharp\""_s));
            QVERIFY(!dialog->renamePersona(u"Kind"_s, QString()));
            QVERIFY(dialog->renamePersona(u"Kind"_s, u"Gentle"_s));
            delete dialog;
        }
        WindowFixture app(folder_->path());
        ChatSettingsDialog* dialog = settings(app);
        auto* box = dialog->findChild<QComboBox*>();
        QStringList names;
        for (int i = 0; i < box->count(); ++i)
            names << box->itemData(i).toString();
        QCOMPARE(names, (QStringList{QString(), u"Gentle"_s, u"Short & \"sharp\""_s}));
        dialog->choosePersona(u"Short & \"sharp\""_s);
        QCOMPARE(dialog->findChild<QPlainTextEdit*>()->toPlainText(), u"Be brief."_s);
        QVERIFY(dialog->findChild<SamplingForm*>()->options() == sampling);
        QCOMPARE(box->currentIndex(), 2);
        // What differs from every persona has no name.
        dialog->findChild<QPlainTextEdit*>()->setPlainText(u"Be very brief."_s);
        QCOMPARE(box->currentIndex(), 0);
        dialog->removePersona(u"Gentle"_s);
        QCOMPARE(app.window.preferences().current().personas.size(), std::size_t{1});
        delete dialog;
    }

    void whatIsLeftToTheEngineStaysSo() {
        MemoryForm form;
        const MemoryOptions automatic{.budget = 0, .block = 0, .episodes = 0};
        form.setOptions(automatic);
        QVERIFY(form.options() == automatic);
    }

    void offersEveryPreset() {
        MemoryForm form;
        const auto* box = form.findChild<QComboBox*>();
        for (const MemoryPreset& preset : allPresets()) {
            const int index = box->findData(toQString(preset.id));
            QVERIFY2(index >= 0, preset.id.data());
            QVERIFY2(!box->itemData(index, Qt::ToolTipRole).toString().isEmpty(), preset.id.data());
        }
    }

    void anotherPresetIsChosenAsItIs() {
        MemoryForm form;
        const MemoryOptions changed{.preset = "epichat",
                                    .budget = 512,
                                    .level = BudgetLevel::kPair,
                                    .score = "recency",
                                    .headFloor = 0.5,
                                    .online = {.recallTokens = 0}};
        form.setOptions(changed);
        QVERIFY(form.options() == changed);
        auto* box = form.findChild<QComboBox*>();
        box->setCurrentIndex(box->findData(u"kvzip"_s));
        QVERIFY(form.options() == (MemoryOptions{.preset = "kvzip", .budget = 512}));
        // The choice is taken back.
        box->setCurrentIndex(box->findData(u"epichat"_s));
        QVERIFY(form.options() == changed);
    }

    void valuesOutOfRangeAreBroughtInsideAndItIsSaid() {
        SamplingForm form;
        QCOMPARE(form.problem(), QString());
        form.setOptions({.temperature = -1.0});
        QVERIFY(form.problem().contains(u"temperature must be from 0 to 100"_s));
        QCOMPARE(form.options().temperature, 0.0);
        form.setOptions({.topP = 7.0, .maxTokens = 0});
        QVERIFY(!form.problem().isEmpty());
        QVERIFY(checkSampling(form.options()));
        form.setOptions({});
        QCOMPARE(form.problem(), QString());
        // At temperature 0 nothing is drawn.
        QVERIFY(!form.findChildren<QDoubleSpinBox*>().at(1)->isEnabled());
    }

    void settingsOfAChatThatCannotBeUsedAreReported() {
        qint64 id = 0;
        {
            WindowFixture app(folder_->path());
            QVERIFY(app.ask(u"First?"_s));
            id = app.window.session()->conversation().id;
            bool isDone = false;
            app.store.request(
                &app.window,
                [id](Store& store) { return store.setInstructions(id, "", R"({"temperature": -4})"); },
                [&](const Result<void>& stored) { isDone = stored.has_value(); });
            QTRY_VERIFY(isDone);
        }
        WindowFixture app(folder_->path());
        app.window.openConversation(id);
        QTRY_VERIFY(app.window.session()->isLoaded());
        QCOMPARE(app.window.session()->sampling().temperature, 0.0);
        QTRY_VERIFY(app.window.page().notice().text().contains(u"temperature must be from 0 to 100"_s));
    }

    void preferencesKeepWhatIsNoSamplingOut() {
        const Preferences defaults;
        QVERIFY(fromSettings({{"chat.sampling", R"({"temperature": 1000})"},
                              {"chat.personas", R"({"a": {"sampling": {"temperature": "hot"}}, "": {}})"}}) ==
                defaults);
    }
};

QTEST_MAIN(TestChatSettings)
#include "tst_chat_settings.moc"
