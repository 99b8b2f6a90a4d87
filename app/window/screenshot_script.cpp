#include "app/window/screenshot_script.h"

#include <chrono>
#include <map>
#include <memory>

#include <QAction>
#include <QDir>
#include <QFileInfo>
#include <QLineEdit>
#include <QPixmap>

#include "ui/bridge/text.h"
#include "ui/chat/chat_finder.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/message_view.h"
#include "ui/conversations/conversation_list.h"
#include "ui/conversations/search_panel.h"
#include "ui/evaluation/evaluation_window.h"
#include "ui/memory/memory_panel.h"
#include "ui/models/download_dialog.h"
#include "ui/models/load_panel.h"
#include "ui/models/model_manager.h"
#include "ui/settings/settings_dialog.h"
#include "ui/transfer/import_dialog.h"

namespace epi {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kTimeoutSeconds = 1800;

/// The options of a step over those last used.
MemoryOptions memoryOf(const QJsonObject& step, MemoryOptions options) {
    options.budget = step[u"budget"_s].toInt(options.budget);
    options.episodes = step[u"episodes"_s].toInt(options.episodes);
    options.block = step[u"block"_s].toInt(options.block);
    options.preset = toUtf8(step[u"preset"_s].toString(toQString(options.preset)));
    return options;
}

}  // namespace

bool saveScreenshot(QWidget& widget, const QString& file) {
    return QDir().mkpath(QFileInfo(file).absolutePath()) && widget.grab().save(file, "PNG");
}

ScreenshotScript::ScreenshotScript(MainWindow& window, QJsonArray steps, QObject* parent)
    : QObject(parent), window_(window), steps_(std::move(steps)) {
    polling_.setInterval(50ms);
    connect(&polling_, &QTimer::timeout, this, &ScreenshotScript::poll);
}

void ScreenshotScript::start() {
    next();
}

ScreenshotScript::Wait ScreenshotScript::done() {
    return [] {
        return Outcome{.isDone = true, .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::fail(const QString& error) {
    return [error] {
        return Outcome{.isDone = false, .error = error};
    };
}

void ScreenshotScript::next() {
    polling_.stop();
    if (++index_ >= steps_.size()) {
        Q_EMIT
        finished({});
        return;
    }
    elapsed_.start();
    wait_ = begin(steps_[index_].toObject());
    polling_.start();
}

void ScreenshotScript::poll() {
    const QJsonObject step = steps_[index_].toObject();
    const QString name = step[u"do"_s].toString();
    const Outcome outcome = wait_();
    if (outcome.isDone) {
        next();
        return;
    }
    QString error = outcome.error;
    const int timeout = step[u"timeout"_s].toInt(kTimeoutSeconds);
    if (error.isEmpty() && elapsed_.hasExpired(qint64{timeout} * 1000)) {
        error = u"not done after %1 s"_s.arg(timeout);
    }
    if (error.isEmpty()) return;
    polling_.stop();
    Q_EMIT
    finished(u"step %1 (%2): %3"_s.arg(index_ + 1).arg(name, error));
}

ScreenshotScript::Wait ScreenshotScript::begin(const QJsonObject& step) {
    static const std::map<QString, Step> kSteps{
        {u"ready"_s, &ScreenshotScript::ready},       {u"find"_s, &ScreenshotScript::find},
        {u"import"_s, &ScreenshotScript::import},     {u"open"_s, &ScreenshotScript::open},
        {u"new"_s, &ScreenshotScript::newChat},       {u"build"_s, &ScreenshotScript::build},
        {u"ask"_s, &ScreenshotScript::ask},           {u"panel"_s, &ScreenshotScript::panel},
        {u"evaluate"_s, &ScreenshotScript::evaluate}, {u"export"_s, &ScreenshotScript::exportResults},
        {u"tint"_s, &ScreenshotScript::tint},         {u"scroll"_s, &ScreenshotScript::scroll},
        {u"resize"_s, &ScreenshotScript::resize},     {u"theme"_s, &ScreenshotScript::theme},
        {u"settings"_s, &ScreenshotScript::settings}, {u"models"_s, &ScreenshotScript::models},
        {u"action"_s, &ScreenshotScript::action},     {u"screenshot"_s, &ScreenshotScript::screenshot},
        {u"search"_s, &ScreenshotScript::search},     {u"preview import"_s, &ScreenshotScript::previewImport},
        {u"download"_s, &ScreenshotScript::download}, {u"wait"_s, &ScreenshotScript::pause}};
    const auto found = kSteps.find(step[u"do"_s].toString());
    return found == kSteps.end() ? fail(u"no such step"_s) : (this->*found->second)(step);
}

ScreenshotScript::Wait ScreenshotScript::ready(const QJsonObject&) {
    return [this] {
        const auto state = window_.engine().state();
        const bool isUseless = state == EngineClient::State::kNoModel;
        return Outcome{.isDone = state == EngineClient::State::kReady,
                       .error = isUseless ? u"no model can be loaded"_s : QString()};
    };
}

ScreenshotScript::Wait ScreenshotScript::import(const QJsonObject& step) {
    const auto outcome = std::make_shared<Outcome>();
    auto* context = new QObject(this);
    connect(&window_, &MainWindow::imported, context, [outcome] { outcome->isDone = true; });
    connect(&window_, &MainWindow::importFailed, context, [outcome](const QString&, const QString& reason) {
        outcome->error = reason;
    });
    window_.importFiles({step[u"file"_s].toString()});
    return [this, outcome, context] {
        const bool isListed = window_.conversations().model().rowCount() > 0;
        const Outcome now{.isDone = outcome->isDone && isListed, .error = outcome->error};
        if (now.isDone) context->deleteLater();
        return now;
    };
}

ScreenshotScript::Wait ScreenshotScript::open(const QJsonObject& step) {
    const QString wanted = step[u"conversation"_s].toString();
    const ConversationModel& model = window_.conversations().model();
    for (int row = 0; row < model.rowCount(); ++row) {
        const ConversationRecord& record = model.at(row);
        const bool isWanted = toQString(record.sourceId) == wanted || toQString(record.title) == wanted ||
                              QString::number(record.id) == wanted;
        if (!isWanted) continue;
        window_.openConversation(record.id);
        return [this] {
            return Outcome{.isDone = window_.session()->isLoaded(), .error = {}};
        };
    }
    return fail(u"no conversation '%1'"_s.arg(wanted));
}

ScreenshotScript::Wait ScreenshotScript::newChat(const QJsonObject&) {
    window_.newChat();
    return done();
}

ScreenshotScript::Wait ScreenshotScript::build(const QJsonObject& step) {
    MemorySession& memory = window_.session()->memory();
    const auto error = std::make_shared<QString>();
    connect(
        &memory, &MemorySession::failed, this, [error](const Error& failure) { *error = describe(failure); });
    memory.build(memoryOf(step, memory.options()));
    if (!step[u"wait"_s].toBool(true)) return done();
    return [&memory, error] {
        return Outcome{.isDone = !memory.isBuilding() && memory.lastBuilt(), .error = *error};
    };
}

ScreenshotScript::Wait ScreenshotScript::ask(const QJsonObject& step) {
    ChatSession* session = window_.session();
    if (!session->send(step[u"text"_s].toString())) return fail(u"the question was not taken"_s);
    window_.page().view().scrollToEnd();
    if (!step[u"wait"_s].toBool(true)) return done();
    return [session] {
        if (session->isAnswering()) return Outcome{};
        if (session->messages().rowCount() == 0)
            return Outcome{.isDone = false, .error = u"the question was not stored"_s};
        const MessageItem& reply = session->messages().at(session->messages().rowCount() - 1);
        const bool isComplete = reply.role == Role::kAssistant && reply.state == MessageState::kComplete;
        return Outcome{.isDone = isComplete,
                       .error = isComplete ? QString() : u"no answer: "_s + reply.details.error};
    };
}

ScreenshotScript::Wait ScreenshotScript::panel(const QJsonObject& step) {
    window_.showMemoryPanel(true);
    const bool isLayers = step[u"tab"_s].toString() == "layers"_L1;
    window_.memoryPanel().showTab(isLayers ? MemoryPanel::kLayers : MemoryPanel::kEpisodes);
    const int episode = step[u"episode"_s].toInt(1) - 1;
    if (window_.memoryPanel().episodes().rowOf(episode) < 0) return fail(u"no such episode"_s);
    window_.memoryPanel().choose(episode);
    window_.page().setTintEpisode(episode);
    return [this, episode] {
        return Outcome{.isDone = window_.session()->memory().trace(episode) != nullptr, .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::evaluate(const QJsonObject& step) {
    window_.showEvaluation();
    EvaluationWindow* evaluation = window_.evaluation();
    const auto isStarted = std::make_shared<bool>(false);
    const bool mustWait = step[u"wait"_s].toBool(true);
    return [evaluation, step, isStarted, mustWait] {
        using State = EvaluationSession::State;
        const State state = evaluation->session().state();
        if (!*isStarted) {
            if (state == State::kEmpty || state == State::kStarting) return Outcome{};
            EvaluationPlan plan = evaluation->plan();
            plan.memory = memoryOf(step, plan.memory);
            plan.limit = step[u"questions"_s].toInt(plan.limit);
            plan.categories.clear();
            for (const QJsonValue& category : step[u"categories"_s].toArray()) {
                plan.categories.insert(category.toInt());
            }
            evaluation->setPlan(plan);
            evaluation->toggleRun();
            *isStarted = true;
            return Outcome{};
        }
        if (state == State::kPaused) return Outcome{.isDone = false, .error = u"the run stopped"_s};
        const bool isRunning = state == State::kRunning && evaluation->session().answerCount() > 0;
        return Outcome{.isDone = state == State::kDone || (!mustWait && isRunning), .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::exportResults(const QJsonObject& step) {
    if (window_.evaluation() == nullptr) return fail(u"nothing was evaluated"_s);
    const QString file = step[u"file"_s].toString();
    const auto outcome = std::make_shared<Outcome>();
    connect(window_.evaluation(), &EvaluationWindow::exported, this, [outcome] { outcome->isDone = true; });
    window_.evaluation()->exportTo(file);
    return [outcome] {
        return *outcome;
    };
}

ScreenshotScript::Wait ScreenshotScript::tint(const QJsonObject& step) {
    const bool isOn = step[u"on"_s].toBool(true);
    if (window_.page().isTintOn() != isOn) window_.toggleTint();
    return [this, isOn] {
        const bool isShown = window_.session()->messages().isTinted();
        return Outcome{.isDone = isShown == isOn, .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::scroll(const QJsonObject& step) {
    const QString to = step[u"to"_s].toString();
    MessageView& view = window_.page().view();
    if (to == "end"_L1) {
        view.scrollToEnd();
        return done();
    }
    if (to == "top"_L1) {
        view.scrollToRow(0);
        return done();
    }
    const auto outcome = std::make_shared<Outcome>();
    findMessage(to, 0, outcome);
    return [outcome] {
        return *outcome;
    };
}

void ScreenshotScript::findMessage(const QString& sourceId, int first, std::shared_ptr<Outcome> outcome) {
    MessageModel& messages = window_.session()->messages();
    if (first >= messages.rowCount()) {
        outcome->error = u"no message '%1'"_s.arg(sourceId);
        return;
    }
    messages.read(first, 256, this, [this, sourceId, first, outcome](MessageModel::Items items) {
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (items[i].sourceId != sourceId) continue;
            window_.page().view().scrollToRow(first + static_cast<int>(i));
            outcome->isDone = true;
            return;
        }
        if (items.empty()) outcome->error = u"the chat has changed"_s;
        if (!items.empty()) findMessage(sourceId, first + static_cast<int>(items.size()), outcome);
    });
}

ScreenshotScript::Wait ScreenshotScript::resize(const QJsonObject& step) {
    window_.resize(step[u"width"_s].toInt(window_.width()), step[u"height"_s].toInt(window_.height()));
    return done();
}

ScreenshotScript::Wait ScreenshotScript::theme(const QJsonObject& step) {
    const QString name = step[u"name"_s].toString();
    window_.setAppearance(themeFromName(name).value_or(Theme::current().choice()),
                          step[u"scale"_s].toInt(Theme::current().percent()));
    return done();
}

ScreenshotScript::Wait ScreenshotScript::settings(const QJsonObject& step) {
    window_.showSettings(static_cast<SettingsSection>(step[u"section"_s].toInt()));
    return done();
}

ScreenshotScript::Wait ScreenshotScript::models(const QJsonObject&) {
    window_.showModels();
    ModelManager* manager = window_.modelManager();
    return [manager] {
        const bool hasDetails = manager->loadPanel().estimate().has_value();
        return Outcome{.isDone = manager->models().rowCount() == 0 || hasDetails, .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::download(const QJsonObject& step) {
    window_.preferences().change([](Preferences& p) { p.allowsDownloads = true; });
    window_.showModels();
    ModelManager* manager = window_.modelManager();
    DownloadDialog* dialog = manager->askForDownload();
    if (dialog == nullptr) return fail(u"the engine is on another machine"_s);
    dialog->addressField().setText(step[u"url"_s].toString());
    dialog->nameField().setText(step[u"name"_s].toString());
    dialog->checksumField().setText(step[u"sha256"_s].toString());
    if (!step[u"start"_s].toBool(true)) return done();
    if (!dialog->wish()) return fail(dialog->summaryText());
    const auto outcome = std::make_shared<Outcome>();
    connect(manager, &ModelManager::downloadEnded, this, [outcome](const QString& text, bool isFetched) {
        outcome->isDone = isFetched;
        if (!isFetched) outcome->error = text;
    });
    Q_EMIT
    dialog->downloadRequested(*dialog->wish());
    dialog->close();
    return [outcome] {
        return *outcome;
    };
}

ScreenshotScript::Wait ScreenshotScript::action(const QJsonObject& step) {
    QAction* action = window_.actions().find(step[u"id"_s].toString());
    if (action == nullptr) return fail(u"no action '%1'"_s.arg(step[u"id"_s].toString()));
    action->trigger();
    return done();
}

ScreenshotScript::Wait ScreenshotScript::screenshot(const QJsonObject& step) {
    QWidget* widget = &window_;
    const QString name = step[u"window"_s].toString(u"main"_s);
    if (name == "evaluation"_L1) {
        widget = window_.evaluation();
    } else if (name == "import"_L1) {
        widget = window_.findChild<ImportDialog*>();
    } else if (name != "main"_L1) {
        widget = window_.findChild<QWidget*>(name);
    }
    if (widget == nullptr) return fail(u"the window '%1' is not open"_s.arg(name));
    const QString file = step[u"file"_s].toString();
    return [widget, file] {
        const bool isSaved = saveScreenshot(*widget, file);
        return Outcome{.isDone = isSaved, .error = isSaved ? QString() : u"cannot write %1"_s.arg(file)};
    };
}

ScreenshotScript::Wait ScreenshotScript::search(const QJsonObject& step) {
    window_.conversations().searchField().setText(step[u"text"_s].toString());
    return [this] {
        return Outcome{.isDone = window_.conversations().search().model().rowCount() > 0, .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::find(const QJsonObject& step) {
    FindBar& bar = window_.page().findBar();
    bar.open();
    bar.field().setText(step[u"text"_s].toString());
    return [&bar, text = step[u"text"_s].toString()] {
        const ChatFinder& finder = bar.finder();
        return Outcome{.isDone = finder.text() == text && !finder.isSearching(), .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::previewImport(const QJsonObject& step) {
    window_.previewImport({step[u"file"_s].toString()});
    return [this] {
        const auto* dialog = window_.findChild<ImportDialog*>();
        return Outcome{.isDone = dialog != nullptr && !dialog->isReading(), .error = {}};
    };
}

ScreenshotScript::Wait ScreenshotScript::pause(const QJsonObject& step) {
    const int ms = step[u"ms"_s].toInt();
    return [this, ms] {
        return Outcome{.isDone = elapsed_.hasExpired(ms), .error = {}};
    };
}

}  // namespace epi
