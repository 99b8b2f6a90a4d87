#include <memory>

#include <QApplication>
#include <QMessageBox>
#include <QPushButton>

#include "core/base/paths.h"
#include "core/format/cache_folder.h"
#include "ui/bridge/text.h"
#include "ui/evaluation/evaluation_window.h"
#include "ui/first_steps.h"
#include "ui/jobs/jobs_popover.h"
#include "ui/main_window.h"
#include "ui/memory/job_strip.h"
#include "ui/models/model_manager.h"
#include "ui/notice_bar.h"
#include "ui/settings/settings_dialog.h"
#include "ui/status_strip.h"

// The window's side of the engine: which one, which model, what runs, and what is said when something fails.
namespace epi {

using namespace Qt::StringLiterals;

void MainWindow::connectEngine() {
    connect(&engine_, &EngineClient::stateChanged, this, [this] {
        status_->showEngine(engine_);
        firstSteps_->showEngine(engine_);
        watchModel();
        refreshModelMenu();
        if (engine_.state() != EngineClient::State::kReady) return;
        const QString notice = describe(engine_.model()->notices);
        if (const QString reason = std::exchange(lossReason_, {}); !reason.isEmpty()) {
            const bool isRemote = !preferences_.current().engineCommand.isEmpty();
            notice_->show(NoticeKind::kWarning,
                          isRemote
                              ? tr("Connected again; the connection to the engine was lost: %1.").arg(reason)
                              : tr("The engine was started again after it stopped: %1.").arg(reason));
        } else if (notice.isEmpty()) {
            notice_->hide();
        } else {
            notice_->show(NoticeKind::kInformation, notice);
        }
    });
    connect(&engine_, &EngineClient::progressed, this, [this](JobId job, const Progress& progress) {
        if (job == engine_.modelJob()) jobs_.advance(modelJob_, progress);
    });
    connect(&engine_, &EngineClient::modelFailed, this, [this](const Error& error) {
        if (engine_.isReplacing()) return;  // what that means is told with the loss
        const bool isCancelled = error.code == ErrorCode::kCancelled;
        QString text = tr("Loading the model was stopped.");
        if (engine_.model()) {
            // Neither this nor the next start tries again what failed.
            preferences_.change(
                [chosen = toQString(engine_.chosenModel().model)](Preferences& p) { p.model = chosen; });
            const QString title = toQString(engine_.model()->title);
            text = isCancelled
                       ? tr("Loading the model was stopped. %1 answers as before.").arg(title)
                       : tr("The model was not loaded; %1 answers as before. %2").arg(title, describe(error));
        } else if (!isCancelled) {
            text = tr("No model is loaded. You can read your conversations; to ask, choose a model. %1")
                       .arg(describe(error));
        }
        const auto kind = isCancelled ? NoticeKind::kInformation : NoticeKind::kError;
        notice_->show(kind, text, tr("&Models…"), [this] { showModels(); });
    });
    connect(&engine_, &EngineClient::engineLost, this, &MainWindow::onEngineLost);
    status_->showEngine(engine_);
    firstSteps_->showEngine(engine_);
}

void MainWindow::onEngineLost(const QString& reason, bool isRestarting) {
    const QString firstLine = messageText(toUtf8(reason.section(u'\n', 0, 0)));
    const bool isRemote = !preferences_.current().engineCommand.isEmpty();
    lossReason_ = isRestarting && !engine_.isReplacing() ? firstLine : QString();
    if (engine_.isReplacing()) {
        notice_->show(NoticeKind::kInformation, tr("Connecting to the engine…"));
    } else if (isRestarting) {
        notice_->show(NoticeKind::kWarning,
                      isRemote
                          ? tr("The connection to the engine was lost: %1. Connecting again…").arg(firstLine)
                          : tr("The engine stopped: %1. Restarting…").arg(firstLine));
    } else {
        notice_->show(
            NoticeKind::kError,
            isRemote ? tr("The engine cannot be reached: %1. Your conversations are safe.").arg(firstLine)
                     : tr("The engine stopped: %1. Your conversations are safe.").arg(firstLine),
            tr("&Try again"),
            [this] { engine_.reconnect(); });
    }
    notice_->setToolTip(u"<pre>"_s + reason.toHtmlEscaped() + u"</pre>"_s);
}

void MainWindow::useEngine(const QStringList& command) {
    if (!options_.engineFor) return;
    // A path of this computer says nothing to another.
    preferences_.change([](Preferences& p) { p.model.clear(); });
    engine_.setModel(LoadModel());
    engine_.restart(options_.engineFor(command));
}

void MainWindow::sendModel(const QString& model) {
    const ModelDefaults defaults = preferences_.current().defaultsOf(model);
    LoadModel command;
    command.model = toUtf8(model);
    command.device = defaults.device;
    command.compute = defaults.compute.value_or(command.compute);
    engine_.setModel(command);
}

void MainWindow::useModel(const QString& model) {
    preferences_.change([&model](Preferences& p) { p.model = model; });
    sendModel(model);
}

void MainWindow::showModels() {
    if (!models_) {
        models_ = new ModelManager(
            {.engine = engine_, .preferences = preferences_, .jobs = jobs_, .downloads = options_.downloads},
            this);
        connect(models_, &ModelManager::loadRequested, this, &MainWindow::useModel);
        connect(models_, &ModelManager::downloadEnded, this, [this](const QString& text, bool isFetched) {
            if (models_->isVisible()) return;  // where it is written already
            notice_->show(isFetched ? NoticeKind::kInformation : NoticeKind::kWarning, text);
        });
    }
    models_->show();
    models_->raise();
    models_->activateWindow();
}

ModelManager* MainWindow::modelManager() const {
    return models_;
}

void MainWindow::watchModel() {
    const bool isLoading = engine_.state() == EngineClient::State::kLoadingModel;
    if (isLoading && modelJob_ == 0) {
        modelJob_ = jobs_.begin(tr("Loading the model"), [this] { engine_.cancelLoading(); });
    } else if (!isLoading) {
        jobs_.end(std::exchange(modelJob_, 0));
    }
}

void MainWindow::trimCaches() {
    const qint64 limit = preferences_.current().cacheLimitBytes;
    if (limit == 0) return;
    background_.run(
        this,
        [limit] { return trimCacheFolder(paths::episodeCaches(), limit); },
        [this](const Result<FolderUse>& removed) {
            if (removed) return;
            notice_->show(NoticeKind::kWarning,
                          tr("The episode caches could not be kept below their limit. %1")
                              .arg(describe(removed.error())),
                          tr("&Settings…"),
                          [this] { showSettings(SettingsSection::kData); });
        });
}

void MainWindow::watchJobs(ChatSession* session) {
    const auto answering = std::make_shared<int>(0);
    const auto building = std::make_shared<int>(0);
    const auto title = [](ChatSession* of) {
        const QString name = toQString(of->conversation().title);
        return name.isEmpty() ? tr("New chat") : name;
    };
    connect(session, &ChatSession::answeringChanged, this, [this, session, answering, title] {
        if (session->isAnswering() && *answering == 0) {
            *answering =
                jobs_.begin(tr("Answering in “%1”").arg(title(session)), [session] { session->stop(); });
        } else if (!session->isAnswering()) {
            jobs_.end(std::exchange(*answering, 0));
        }
    });
    connect(session, &ChatSession::progressed, this, [this, answering](const Progress& progress) {
        jobs_.advance(*answering, progress);
    });
    MemorySession* memory = &session->memory();
    connect(memory, &MemorySession::buildingChanged, this, [this, session, memory, building, title] {
        if (memory->isBuilding() && *building == 0) {
            *building =
                jobs_.begin(tr("Memory of “%1”").arg(title(session)), [memory] { memory->cancelBuild(); });
        } else if (!memory->isBuilding()) {
            jobs_.end(std::exchange(*building, 0));
        }
    });
    connect(memory, &MemorySession::progressed, this, [this, building](const Progress& progress) {
        jobs_.advance(*building, progress);
    });
}

void MainWindow::watchEvaluation(EvaluationSession& session) {
    const auto job = std::make_shared<int>(0);
    connect(&session, &EvaluationSession::stateChanged, this, [this, &session, job] {
        const bool isRunning = session.state() == EvaluationSession::State::kRunning;
        if (isRunning && *job == 0) {
            *job =
                jobs_.begin(tr("Evaluation of “%1”").arg(session.title()), [&session] { session.pause(); });
        } else if (!isRunning) {
            jobs_.end(std::exchange(*job, 0));
        }
    });
    connect(&session, &EvaluationSession::answered, this, [this, &session, job] {
        jobs_.advance(*job,
                      {.phase = "answering",
                       .done = session.answerCount(),
                       .total = std::ssize(session.selected()),
                       .unit = "questions"});
    });
    // What a memory needs before the first question is answered.
    connect(&session, &EvaluationSession::progressed, this, [this, job](const Progress& progress) {
        jobs_.advance(*job, progress);
    });
}

void MainWindow::refreshJob() {
    const bool isBusy = current_ && (current_->isAnswering() || current_->memory().isBuilding());
    stopAction_->setEnabled(isBusy);
    const auto& jobs = jobs_.jobs();
    if (jobs.empty()) {
        status_->endJob();
        return;
    }
    const JobBoard::Job& newest = jobs.back();
    const QString text = newest.progress ? jobText(newest.title, *newest.progress) : newest.title;
    status_->showJob(text, static_cast<int>(jobs.size()), static_cast<bool>(newest.cancel));
}

void MainWindow::showJobs() {
    auto* popover = new JobsPopover(jobs_, this);
    popover->setAttribute(Qt::WA_DeleteOnClose);
    popover->popUp(mapToGlobal(QPoint(width(), height() - status_->height())));
}

bool MainWindow::confirmClose() {
    const auto isBuilding = [](const auto& entry) {
        return entry.second && entry.second->memory().isBuilding();
    };
    const bool isAnyBuilding = std::ranges::any_of(sessions_, isBuilding);
    const bool isDownloading = models_ && models_->isDownloading();
    if (isClosing_ || (!isAnyBuilding && !isDownloading)) return true;
    auto* question = new QMessageBox(this);
    question->setAttribute(Qt::WA_DeleteOnClose);
    question->setWindowTitle(tr("Quit"));
    question->setTextFormat(Qt::PlainText);
    question->setText(isAnyBuilding ? tr("A memory is being built.") : tr("A model is being downloaded."));
    question->setInformativeText(isAnyBuilding
                                     ? tr("Finished episodes are kept; the rest is built when it is needed.")
                                     : tr("What is there is kept, and the next download goes on from it."));
    QPushButton* quit = question->addButton(tr("&Stop and quit"), QMessageBox::AcceptRole);
    question->addButton(tr("&Go on"), QMessageBox::RejectRole);
    connect(quit, &QPushButton::clicked, this, [this] {
        isClosing_ = true;
        close();
    });
    question->open();
    return false;
}

}  // namespace epi
