#pragma once

#include <QLineEdit>
#include <QStackedWidget>
#include <QTabWidget>

#include "tests/ui/window_fixture.h"
#include "ui/actions/command_palette.h"
#include "ui/chat/chat_settings_dialog.h"
#include "ui/chat/edit_banner.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/reply_details_dialog.h"
#include "ui/jobs/jobs_popover.h"
#include "ui/models/download_dialog.h"
#include "ui/models/model_manager.h"
#include "ui/settings/settings_dialog.h"

namespace epi::test {

/// Opens what the program has to show, one after the other, and calls `look` with each while it is shown.
template <typename Look>
bool showEverything(WindowFixture& app, const QString& folder, Look look) {
    if (!QTest::qWaitFor([&] { return app.client.state() == EngineClient::State::kReady; })) return false;
    look(QStringLiteral("first steps"), &app.window);
    if (!app.import(writeConversation(folder, 3))) return false;
    look(QStringLiteral("imported chat"), &app.window);
    if (!app.build({.budget = 256})) return false;
    app.window.showMemoryPanel(true);
    app.window.memoryPanel().choose(1);
    app.window.toggleTint();
    if (!app.ask(QStringLiteral("What about gardens?"))) return false;
    look(QStringLiteral("answered chat"), &app.window);
    app.window.page().findBar().open();
    app.window.page().findBar().field().setText(QStringLiteral("gardens"));
    look(QStringLiteral("search in the chat"), &app.window);
    app.window.page().findBar().dismiss();
    // Where the search led, if it had time to, need not be a reply.
    app.window.page().view().setCurrentRow(app.messages().rowCount() - 1);
    app.window.actions().find(QStringLiteral("turn.details"))->trigger();
    // It opens once the messages that were quoted are there.
    const auto details = [&] {
        return app.window.findChild<ReplyDetailsDialog*>();
    };
    if (!QTest::qWaitFor([&] { return details() != nullptr; })) return false;
    look(QStringLiteral("where a reply came from"), static_cast<QWidget*>(details()));
    details()->close();
    app.window.showChatSettings();
    look(QStringLiteral("chat settings"), static_cast<QWidget*>(app.window.findChild<ChatSettingsDialog*>()));
    app.window.findChild<ChatSettingsDialog*>()->close();
    app.window.page().beginEdit(app.messages().rowCount() - 2);
    look(QStringLiteral("edited message"), &app.window);
    app.window.page().editBanner().cancel();
    for (int section = 0; section <= static_cast<int>(SettingsSection::kData); ++section) {
        app.window.showSettings(static_cast<SettingsSection>(section));
        look(QStringLiteral("settings %1").arg(section), app.window.findChild<SettingsDialog*>());
    }
    app.window.findChild<SettingsDialog*>()->close();
    app.window.showModels();
    look(QStringLiteral("models"), static_cast<QWidget*>(app.window.modelManager()));
    app.window.preferences().change([](Preferences& p) { p.allowsDownloads = true; });
    DownloadDialog* download = app.window.modelManager()->askForDownload();
    if (download == nullptr) return false;
    download->addressField().setText(QStringLiteral("https://example.org/a.gguf"));
    look(QStringLiteral("models with downloads"), static_cast<QWidget*>(app.window.modelManager()));
    look(QStringLiteral("download"), static_cast<QWidget*>(download));
    download->close();
    app.window.modelManager()->close();
    app.window.showEvaluation();
    const auto isIdle = [&] {
        return app.window.evaluation()->session().state() == EvaluationSession::State::kIdle;
    };
    if (!QTest::qWaitFor(isIdle)) return false;
    look(QStringLiteral("evaluation"), static_cast<QWidget*>(app.window.evaluation()));
    app.window.showPalette();
    look(QStringLiteral("palette"), static_cast<QWidget*>(app.window.findChild<CommandPalette*>()));
    app.window.findChild<CommandPalette*>()->close();
    return true;
}

}  // namespace epi::test
