#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QProcess>

#include "app/window/screenshot_script.h"
#include "core/base/paths.h"
#include "core/wire/remote_engine.h"
#include "ui/bridge/text.h"
#include "ui/main_window.h"
#include "ui/theme/translations.h"

#include <CLI/CLI.hpp>

namespace {

using namespace Qt::StringLiterals;

struct Arguments {
    std::string database;
    std::string engineCommand;
    std::string theme;
    std::optional<int> percent;
    std::string screenshot;
    std::string script;
};

/// The exit code when the program is to end here.
std::optional<int> parse(int argc, char** argv, Arguments* arguments) {
    CLI::App app{"EpiChat: chat with a local language model whose memory does not run out"};
    app.add_option("--db", arguments->database, "database file")
        ->default_str((epi::paths::data() / "epichat.db").string());
    app.add_option(
        "--engine-command",
        arguments->engineCommand,
        "program, with its arguments, that runs the models (default: $EPICHAT_ENGINE, or epichat-engine "
        "beside this program)");
    app.add_option("--theme", arguments->theme, "light, dark, high-contrast or system")
        ->check(CLI::IsMember({"light", "dark", "high-contrast", "system"}));
    app.add_option("--scale", arguments->percent, "size of text and controls in percent")
        ->check(CLI::Range(epi::Theme::kSmallestPercent, epi::Theme::kLargestPercent));
    app.add_option("--screenshot",
                   arguments->screenshot,
                   "save a picture of the window when the script is done, and quit");
    app.add_option("--script", arguments->script, "JSON file with steps to take; quits after the last")
        ->check(CLI::ExistingFile);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    return std::nullopt;
}

std::vector<std::string> engineCommand(const std::string& given) {
    const QString text = given.empty() ? qEnvironmentVariable("EPICHAT_ENGINE") : epi::toQString(given);
    std::vector<std::string> command;
    for (const QString& part : QProcess::splitCommand(text))
        command.push_back(epi::toUtf8(part));
    if (command.empty()) {
        command.push_back(
            epi::toUtf8(QDir(QCoreApplication::applicationDirPath()).filePath(u"epichat-engine"_s)));
    }
    return command;
}

int quitWith(const QString& error) {
    if (error.isEmpty()) return 0;
    std::fprintf(stderr, "epichat: %s\n", error.toUtf8().constData());
    return 1;
}

/// Runs the script when there is one, takes the picture when one is wanted, and quits.
void runScript(epi::MainWindow& window, const Arguments& arguments) {
    QJsonArray steps;
    if (!arguments.script.empty()) {
        QFile file(epi::toQString(arguments.script));
        QJsonParseError problem;
        const bool isOpen = file.open(QIODevice::ReadOnly);
        const QJsonDocument document =
            isOpen ? QJsonDocument::fromJson(file.readAll(), &problem) : QJsonDocument();
        if (!document.isArray()) {
            QCoreApplication::exit(quitWith(file.fileName() + u": an array of steps expected"_s));
            return;
        }
        steps = document.array();
    }
    if (!arguments.screenshot.empty()) {
        steps.append(
            QJsonObject{{u"do"_s, u"screenshot"_s}, {u"file"_s, epi::toQString(arguments.screenshot)}});
    }
    auto* script = new epi::ScreenshotScript(window, steps, &window);
    QObject::connect(script, &epi::ScreenshotScript::finished, &window, [&window](const QString& error) {
        window.close();
        QCoreApplication::exit(quitWith(error));
    });
    script->start();
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (const auto code = parse(argc, argv, &arguments)) return *code;

    QApplication application(argc, argv);
    QApplication::setApplicationName(u"epichat"_s);
    QApplication::setApplicationDisplayName(u"EpiChat"_s);
    QApplication::setDesktopFileName(u"epichat"_s);
    QApplication::setApplicationVersion(QStringLiteral(EPI_VERSION));
    const epi::WindowOptions options{.theme = epi::themeFromName(epi::toQString(arguments.theme)),
                                     .percent = arguments.percent};
    epi::Theme::apply(options.theme.value_or(epi::ThemeChoice::kSystem), options.percent.value_or(100));

    const std::filesystem::path database = arguments.database.empty()
                                               ? epi::paths::data() / "epichat.db"
                                               : std::filesystem::path(arguments.database);
    epi::StoreClient store(database);
    epi::EngineClient engine([command = engineCommand(arguments.engineCommand)](epi::EventSink sink) {
        epi::RemoteEngineConfig config;
        config.command = command;
        return epi::makeRemoteEngine(config, std::move(sink));
    });
    // The window's texts are made once, in the language that the settings name.
    std::unique_ptr<epi::MainWindow> window;
    store.request(
        &application,
        [](epi::Store& opened) { return opened.setting("general.language"); },
        [&](const epi::Result<std::optional<std::string>>& language) {
            const std::string code = language ? language->value_or("") : std::string();
            epi::installTranslations(application, epi::toQString(code));
            window = std::make_unique<epi::MainWindow>(engine, store, options);
            if (!arguments.script.empty() || !arguments.screenshot.empty()) {
                QObject::connect(window.get(), &epi::MainWindow::ready, window.get(), [&] {
                    runScript(*window, arguments);
                });
            }
            window->restore();
        });
    return QApplication::exec();
}
