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

#include "app/window/desktop_opener.h"
#include "app/window/network_ban.h"
#include "app/window/screenshot_script.h"
#include "app/window/single_instance.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/process/launcher.h"
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

/// Gives up the network, or says in the log why not.
epi::NetworkAccess giveUpNetwork() {
    const QByteArray display = qgetenv("DISPLAY");
    if (epi::displayNeedsNetwork(qgetenv("QT_QPA_PLATFORM").toStdString(), display.toStdString())) {
        epi::logWarning("the window may open network connections: its display " + display.toStdString() +
                        " is reached by one");
        return epi::NetworkAccess::kNeededByDisplay;
    }
    if (auto forbidden = epi::forbidNetwork(); !forbidden) {
        epi::logWarning(forbidden.error().message);
        return epi::NetworkAccess::kNotForbidden;
    }
    return epi::NetworkAccess::kForbidden;
}

epi::EngineFactory engineBehind(const QStringList& command, std::shared_ptr<epi::ProcessStarter> starter) {
    epi::RemoteEngineConfig config;
    config.starter = std::move(starter);
    for (const QString& part : command)
        config.command.push_back(epi::toUtf8(part));
    return [config](epi::EventSink sink) {
        return epi::makeRemoteEngine(config, std::move(sink));
    };
}

QString besideThisProgram(const QString& program) {
    return QDir(QCoreApplication::applicationDirPath()).filePath(program);
}

QStringList localEngine() {
    return {besideThisProgram(u"epichat-engine"_s)};
}

/// Whether another window has this profile open and was raised.
bool raiseOther(const epi::SingleInstance& instance) {
    return instance.role() == epi::SingleInstance::Role::kSecond &&
           instance.askToRaise(qgetenv("XDG_ACTIVATION_TOKEN"));
}

void raise(epi::MainWindow* window, const QByteArray& token) {
    if (window == nullptr) return;
    if (!token.isEmpty()) qputenv("XDG_ACTIVATION_TOKEN", token);
    window->raiseWindow();
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

    // What must reach the network, as `ssh gpu-box epichat-engine`, is started by a process from before the
    // ban.
    auto begun = epi::Launcher::begin();
    if (!begun) return quitWith(epi::toQString(begun.error().message));
    const std::shared_ptr<epi::Launcher> launcher = *std::move(begun);
    const epi::NetworkAccess network = giveUpNetwork();

    QApplication application(argc, argv);
    QApplication::setApplicationName(u"epichat"_s);
    QApplication::setApplicationDisplayName(u"EpiChat"_s);
    QApplication::setDesktopFileName(u"epichat"_s);
    QApplication::setApplicationVersion(QStringLiteral(EPI_VERSION));
    epi::WindowOptions options{
        .theme = epi::themeFromName(epi::toQString(arguments.theme)),
        .percent = arguments.percent,
        .network = network,
        .downloads = {.command = {besideThisProgram(u"epichat-download"_s)}, .starter = launcher}};
    const epi::DesktopOpener opener(launcher);
    epi::Theme::apply(options.theme.value_or(epi::ThemeChoice::kSystem), options.percent.value_or(100));

    const std::filesystem::path database = arguments.database.empty()
                                               ? epi::paths::data() / "epichat.db"
                                               : std::filesystem::path(arguments.database);
    const bool isScripted = !arguments.script.empty() || !arguments.screenshot.empty();
    std::unique_ptr<epi::SingleInstance> instance;
    if (!isScripted) instance = std::make_unique<epi::SingleInstance>(database);
    if (instance && raiseOther(*instance)) return 0;

    const QString given = arguments.engineCommand.empty() ? qEnvironmentVariable("EPICHAT_ENGINE")
                                                          : epi::toQString(arguments.engineCommand);
    const QStringList command = given.isEmpty() ? localEngine() : QProcess::splitCommand(given);
    // A command given here is for this run; the settings decide otherwise.
    if (given.isEmpty()) {
        options.engineFor = [launcher](const QStringList& chosen) {
            return engineBehind(chosen.isEmpty() ? localEngine() : chosen, launcher);
        };
    }
    epi::StoreClient store(database);
    epi::EngineClient engine(engineBehind(command, launcher));
    // The window's texts are made once, in the language that the settings name.
    std::unique_ptr<epi::MainWindow> window;
    store.request(
        &application,
        [](epi::Store& opened) { return opened.setting("general.language"); },
        [&](const epi::Result<std::optional<std::string>>& language) {
            const std::string code = language ? language->value_or("") : std::string();
            epi::installTranslations(application, epi::toQString(code));
            window = std::make_unique<epi::MainWindow>(engine, store, options);
            if (isScripted) {
                QObject::connect(window.get(), &epi::MainWindow::ready, window.get(), [&] {
                    runScript(*window, arguments);
                });
            }
            if (instance) {
                QObject::connect(instance.get(),
                                 &epi::SingleInstance::raiseRequested,
                                 window.get(),
                                 [&window](const QByteArray& token) { raise(window.get(), token); });
            }
            window->restore();
        });
    return QApplication::exec();
}
