#include "ui/main_window.h"

#include <algorithm>

#include <QActionGroup>
#include <QCloseEvent>
#include <QDesktopServices>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMimeData>
#include <QSplitter>
#include <QStatusBar>
#include <QTimer>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/chat_settings_dialog.h"
#include "ui/chat/composer.h"
#include "ui/chat/edit_banner.h"
#include "ui/chat/message_view.h"
#include "ui/chat/turn_actions.h"
#include "ui/conversations/conversation_list.h"
#include "ui/conversations/draft_keeper.h"
#include "ui/evaluation/evaluation_window.h"
#include "ui/first_steps.h"
#include "ui/memory/memory_panel.h"
#include "ui/models/model_manager.h"
#include "ui/notice_bar.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side_panels.h"
#include "ui/status_strip.h"
#include "ui/transfer/export_client.h"
#include "ui/transfer/import_dialog.h"
#include "ui/transfer/import_text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

void openDataFolder(const StoreClient& store) {
    QDesktopServices::openUrl(QUrl::fromLocalFile(toQString(store.file().parent_path().string())));
}

constexpr char kGeometryKey[] = "window.geometry";
constexpr char kStateKey[] = "window.state";
constexpr char kSplitterKey[] = "window.splitter";
constexpr char kSidesKey[] = "window.sides";  // text size in per cent, widths of list and panel
constexpr char kChatKey[] = "window.chat";
constexpr char kPlaceKey[] = "window.place";  // the message at the top and where its top is; empty: the end

QByteArray fromBase64(const SettingValues& values, const char* key) {
    const auto found = values.find(key);
    return found != values.end() ? QByteArray::fromBase64(QByteArray::fromStdString(found->second))
                                 : QByteArray();
}

std::string toBase64(const QByteArray& bytes) {
    return bytes.toBase64().toStdString();
}

}  // namespace

struct MainWindow::Settings {
    SettingValues values;
    bool isReadOnly = false;
};

MainWindow::MainWindow(EngineClient& engine, StoreClient& store, WindowOptions options, QWidget* parent)
    : QMainWindow(parent),
      engine_(engine),
      store_(store),
      options_(options),
      preferences_(store),
      actions_(this),
      importer_(store) {
    setWindowTitle(tr("EpiChat"));
    setWindowIcon(QIcon(u":/epichat/epichat.svg"_s));
    setAcceptDrops(true);
    buildLayout();
    registerActions();
    buildMenus();
    connectParts();
    connectEngine();
    newChat();
}

MainWindow::~MainWindow() {
    // The parts look at sessions until they are told otherwise; sessions go first.
    page_->setSession(nullptr);
    panel_->setSession(nullptr);
}

void MainWindow::buildLayout() {
    auto* centre = new QWidget(this);
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    notice_ = new NoticeBar(centre);
    splitter_ = new QSplitter(Qt::Horizontal, centre);
    list_ = new ConversationList(store_, splitter_);
    page_ = new ChatPage(splitter_);
    drafts_ = new DraftKeeper(store_, page_->composer(), this);
    turns_ = new TurnActions(*page_, this);
    splitter_->addWidget(list_);
    splitter_->addWidget(page_);
    splitter_->setStretchFactor(0, 0);
    splitter_->setStretchFactor(1, 1);
    splitter_->setChildrenCollapsible(false);
    splitter_->setHandleWidth(1);
    firstSteps_ = new FirstSteps(page_);
    page_->setEmptyState(firstSteps_);
    column->addWidget(notice_);
    column->addWidget(splitter_, 1);
    setCentralWidget(centre);

    dock_ = new QDockWidget(tr("Memory"), this);
    dock_->setObjectName(u"memory"_s);
    dock_->setTitleBarWidget(new QWidget(dock_));
    dock_->setFeatures(QDockWidget::DockWidgetClosable);
    dock_->setAllowedAreas(Qt::RightDockWidgetArea);
    panel_ = new MemoryPanel(dock_);
    dock_->setWidget(panel_);
    addDockWidget(Qt::RightDockWidgetArea, dock_);
    sides_ = new SidePanels(*this, *splitter_, *dock_);

    status_ = new StatusStrip(this);
    statusBar()->setSizeGripEnabled(false);
    statusBar()->addPermanentWidget(status_, 1);
    resize(1360, 860);
}

void MainWindow::connectParts() {
    connect(list_, &ConversationList::newRequested, this, &MainWindow::newChat);
    connect(list_, &ConversationList::importRequested, this, &MainWindow::chooseFiles);
    connect(list_, &ConversationList::opened, this, &MainWindow::openConversation);
    connect(list_, &ConversationList::chosen, this, [this] { page_->composer().takeFocus(); });
    connect(list_, &ConversationList::deleted, this, [this](qint64 id) {
        if (current_ && current_->conversation().id == id) newChat();
        cacheReleaser_.run();
    });
    connect(list_, &ConversationList::renamed, this, [this](qint64 id, const QString& title) {
        if (const auto found = sessions_.find(id); found != sessions_.end()) found->second->setTitle(title);
        page_->refreshHeader();
    });
    connect(&store_, &StoreClient::failed, this, [this](const Error& error) {
        notice_->show(NoticeKind::kError,
                      tr("Your data could not be stored. %1").arg(describe(error)),
                      tr("&Open data folder"),
                      [this] { openDataFolder(store_); });
    });
    connect(list_, &ConversationList::messageOpened, this, &MainWindow::openMessage);
    connect(list_, &ConversationList::exportRequested, this, [this](qint64 id) { exportChats(id); });
    connect(&importer_, &ImportClient::progressed, this, [this](double share) {
        if (imports_.empty()) return;
        const auto [job, bytes] = imports_.front();
        jobs_.advance(job,
                      {.phase = "checking",
                       .done = static_cast<std::int64_t>(share * static_cast<double>(bytes)),
                       .total = bytes,
                       .unit = "bytes"});
    });
    connect(&importer_, &ImportClient::finished, this, &MainWindow::onImported);
    connect(&importer_, &ImportClient::failed, this, [this](const QString& path, const Error& error) {
        endImport();
        const QString text = tr("%1 was not imported. %2").arg(QFileInfo(path).fileName(), describe(error));
        notice_->show(NoticeKind::kError, text, tr("&Import another…"), [this] { chooseFiles(); });
        Q_EMIT
        importFailed(path, text);
    });
    connect(panel_, &MemoryPanel::episodeChosen, this, [this](int episode, qint64 firstTurn) {
        page_->setTintEpisode(episode);
        page_->view().scrollToRow(page_->view().model() ? page_->view().model()->rowOf(firstTurn) : -1);
    });
    connect(panel_, &MemoryPanel::buildRequested, page_, &ChatPage::offerBuild);
    connect(page_, &ChatPage::episodeActivated, this, &MainWindow::chooseEpisode);
    connect(&page_->editBanner(), &EditBanner::editingChanged, drafts_, &DraftKeeper::setAside);
    connect(page_, &ChatPage::tintToggled, this, &MainWindow::toggleTint);
    connect(&preferences_, &PreferenceStore::changed, this, &MainWindow::onPreferences);
    connect(&actions_, &ActionRegistry::customised, this, [this] {
        preferences_.change([this](Preferences& p) { p.shortcuts = actions_.customShortcuts(); });
    });
    connect(status_, &StatusStrip::jobsRequested, this, &MainWindow::showJobs);
    connect(status_, &StatusStrip::cancelRequested, this, [this] {
        if (jobs_.jobs().empty()) return;
        const std::function<void()> cancel = jobs_.jobs().back().cancel;
        if (cancel) cancel();
    });
    connect(&jobs_, &JobBoard::changed, this, &MainWindow::refreshJob);
    connect(&jobs_, &JobBoard::advanced, this, &MainWindow::refreshJob);
    connect(firstSteps_, &FirstSteps::modelsRequested, this, &MainWindow::showModels);
    connect(firstSteps_, &FirstSteps::importRequested, this, &MainWindow::chooseFiles);
    connect(firstSteps_, &FirstSteps::writeRequested, this, [this] { page_->composer().takeFocus(); });
    connect(list_, &ConversationList::refreshed, this, [this] {
        firstSteps_->setChatCount(list_->model().rowCount());
    });
}

void MainWindow::restore() {
    store_.request(
        this,
        [](Store& store) -> Result<Settings> {
            Settings settings{.values = {}, .isReadOnly = store.isReadOnly()};
            std::vector<std::string> keys = settingKeys();
            keys.insert(keys.end(), {kGeometryKey, kStateKey, kSplitterKey, kSidesKey, kChatKey, kPlaceKey});
            for (const std::string& key : keys) {
                EPI_TRY_ASSIGN(const auto value, store.setting(key));
                if (value) settings.values[key] = *value;
            }
            return settings;
        },
        [this](Result<Settings> settings) {
            if (settings) {
                applySettings(*settings);
            } else {
                notice_->show(NoticeKind::kError,
                              tr("Your conversations cannot be opened. %1").arg(describe(settings.error())),
                              tr("&Open data folder"),
                              [this] { openDataFolder(store_); });
            }
            QWidget::show();
            page_->composer().takeFocus();
            if (settings) restoreChat(settings->values);
            isRestored_ = settings.has_value();
            engine_.start();
            list_->refresh();
            trimCaches();
            Q_EMIT
            ready();
        });
}

void MainWindow::applySettings(const Settings& settings) {
    preferences_.assign(settings.values);
    const Preferences& chosen = preferences_.current();
    setAppearance(options_.theme.value_or(chosen.theme), options_.percent.value_or(chosen.percent));
    actions_.applyCustomShortcuts(chosen.shortcuts);
    restoreGeometry(fromBase64(settings.values, kGeometryKey));
    restoreState(fromBase64(settings.values, kStateKey));
    if (settings.values.contains(kSplitterKey)) {
        splitter_->restoreState(fromBase64(settings.values, kSplitterKey));
    }
    if (settings.values.contains(kSidesKey)) sides_->restore(toQString(settings.values.at(kSidesKey)));
    if (!chosen.engineCommand.isEmpty() && options_.engineFor) {
        engine_.setFactory(options_.engineFor(chosen.engineCommand));
    }
    sendModel(chosen.model);
    if (settings.isReadOnly) {
        notice_->show(NoticeKind::kWarning,
                      tr("Another program has these conversations open: here they can only be read."));
    }
}

void MainWindow::onPreferences(const Preferences& before) {
    const Preferences& now = preferences_.current();
    if (now.theme != before.theme || now.percent != before.percent) {
        if (now.theme != before.theme) options_.theme.reset();
        if (now.percent != before.percent) options_.percent.reset();
        setAppearance(options_.theme.value_or(now.theme), options_.percent.value_or(now.percent));
    }
    if (now.engineCommand != before.engineCommand) useEngine(now.engineCommand);
    if (now.replies != before.replies) {
        for (const auto& [id, session] : sessions_)
            if (session) session->setDefaults(now.replies);
        if (draft_) draft_->setDefaults(now.replies);
    }
}

void MainWindow::restoreChat(const SettingValues& values) {
    if (!preferences_.current().restoresChat || !values.contains(kChatKey)) return;
    const qint64 id = QByteArray::fromStdString(values.at(kChatKey)).toLongLong();
    const auto stored = values.find(kPlaceKey);
    const QList<QByteArray> place =
        stored != values.end() ? QByteArray::fromStdString(stored->second).split(' ') : QList<QByteArray>();
    connect(
        list_,
        &ConversationList::refreshed,
        this,
        [this, id, place] {
            // Whoever was faster than the database stays where they are.
            if (current_ != draft_.get() || !page_->composer().text().isEmpty()) return;
            openConversation(id);
            if (current_ == draft_.get() || place.size() != 2) return;
            const auto goBack = [this, place] {
                scrollTo(place[0].toLongLong(), place[1].toInt());
            };
            if (current_->isLoaded()) return goBack();
            connect(current_, &ChatSession::loaded, page_, goBack, Qt::SingleShotConnection);
        },
        Qt::SingleShotConnection);
}

void MainWindow::rememberChat() {
    // Not before the last one was read.
    if (!isRestored_ || !current_) return;
    store_.write([id = std::to_string(current_->conversation().id)](Store& store) -> Result<void> {
        return store.isReadOnly() ? Result<void>() : store.setSetting(kChatKey, id);
    });
}

void MainWindow::scrollTo(qint64 message, int top) {
    // A turn of the event loop later the view knows its height.
    QTimer::singleShot(0, page_, [this, message, top] {
        if (current_) page_->view().showRowAt(current_->messages().rowOf(message), top);
    });
}

void MainWindow::saveSettings() {
    SettingValues values{{kGeometryKey, toBase64(saveGeometry())},
                         {kStateKey, toBase64(saveState())},
                         {kSplitterKey, toBase64(splitter_->saveState())},
                         {kSidesKey, toUtf8(sides_->saved())}};
    const MessageView& view = page_->view();
    const int row = view.anchorRow();
    const bool isPlace = view.model() != nullptr && row >= 0 && !view.followsEnd();
    values[kPlaceKey] =
        isPlace ? std::to_string(view.model()->ids()[row]) + ' ' + std::to_string(view.rowTop(row))
                : std::string();
    store_.write([values = std::move(values)](Store& store) -> Result<void> {
        if (store.isReadOnly()) return {};
        for (const auto& [key, value] : values)
            EPI_TRY(store.setSetting(key, value));
        return {};
    });
}

void MainWindow::setAppearance(ThemeChoice choice, int percent) {
    const int before = Theme::current().percent();
    Theme::apply(choice, percent);
    const Theme& theme = Theme::current();
    sides_->rescale(before);
    // The width is what list, conversation and panel need, as far as they are shown.
    setMinimumHeight(theme.px(400));
    for (QAction* action : themeActions_->actions()) {
        action->setChecked(action->data().toInt() == static_cast<int>(theme.choice()));
    }
}

void MainWindow::newChat() {
    if (!draft_) {
        draft_ = std::make_unique<ChatSession>(engine_, store_, sync_, ConversationRecord{});
        connectSession(draft_.get());
    }
    draft_->memory().setDefaults(preferences_.current().memoryOf(preferences_.current().model));
    draft_->setDefaults(preferences_.current().replies);
    show(draft_.get());
    list_->setCurrent(0);
    page_->composer().takeFocus();
}

ChatSession* MainWindow::sessionFor(const ConversationRecord& conversation) {
    auto& session = sessions_[conversation.id];
    if (!session) {
        session = std::make_unique<ChatSession>(engine_, store_, sync_, conversation);
        connectSession(session.get());
        session->memory().setDefaults(preferences_.current().memoryOf(preferences_.current().model));
        session->setDefaults(preferences_.current().replies);
        session->load();
    }
    return session.get();
}

void MainWindow::connectSession(ChatSession* session) {
    connect(session, &ChatSession::created, this, [this, session](qint64 id) {
        sessions_[id] = std::move(draft_);
        if (current_ != session) return;
        drafts_->adopt(id);
        list_->setCurrent(id);
        rememberChat();
    });
    connect(session, &ChatSession::stored, list_, &ConversationList::refresh);
    watchJobs(session);
    const auto showReply = [this, session] {
        if (current_ == session) status_->showReply(session->lastReply(), session->memory().options().budget);
    };
    connect(session, &ChatSession::replyFinished, this, showReply);
    connect(session, &ChatSession::loaded, this, showReply);
    connect(session, &ChatSession::measured, this, showReply);
    connect(session, &ChatSession::branchChanged, this, showReply);
    connect(&session->memory(), &MemorySession::changed, this, showReply);
}

void MainWindow::openConversation(qint64 id) {
    const ConversationRecord* conversation = list_->model().find(id);
    if (conversation == nullptr) return;
    show(sessionFor(*conversation));
    list_->setCurrent(id);
}

void MainWindow::show(ChatSession* session) {
    current_ = session;
    page_->setSession(session);
    drafts_->show(session->conversation().id);
    panel_->setSession(session);
    status_->showReply(session->lastReply(), session->memory().options().budget);
    refreshJob();
    rememberChat();
    if (evaluation_ && session->conversation().id != 0)
        evaluation_->setConversation(session->conversation().id);
}

void MainWindow::chooseEpisode(int episode) {
    showMemoryPanel(true);
    panel_->choose(episode);
    page_->setTintEpisode(episode);
}

void MainWindow::showMemoryPanel(bool isShown) {
    dock_->setVisible(isShown);
    if (isShown) panel_->takeFocus();
}

void MainWindow::toggleTint() {
    const bool isOn = !page_->isTintOn();
    tintAction_->setChecked(isOn);
    page_->setTint(isOn);
}

void MainWindow::showEvaluation() {
    if (!evaluation_) {
        // Kept when it is closed: a run goes on, as one of the jobs.
        evaluation_ = new EvaluationWindow(engine_, store_, sync_, this);
        watchEvaluation(evaluation_->session());
    }
    if (current_ && current_->conversation().id != 0)
        evaluation_->setConversation(current_->conversation().id);
    evaluation_->show();
    evaluation_->raise();
    evaluation_->activateWindow();
}

void MainWindow::showSettings(SettingsSection section) {
    if (!settings_) {
        settings_ = new SettingsDialog({.preferences = preferences_,
                                        .actions = actions_,
                                        .engine = engine_,
                                        .store = store_,
                                        .network = options_.network},
                                       this);
        connect(settings_, &SettingsDialog::modelsRequested, this, &MainWindow::showModels);
    }
    settings_->show(section);
}

void MainWindow::showChatSettings() {
    if (!current_ || !current_->isLoaded()) return;
    if (current_->isAnswering() || current_->memory().isBuilding()) {
        notice_->show(NoticeKind::kInformation,
                      tr("The chat's settings can be changed when the running job has ended."));
        return;
    }
    auto* dialog = new ChatSettingsDialog(*current_, preferences_, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, page_, &ChatPage::refreshHeader);
    dialog->open();
}

void MainWindow::raiseWindow() {
    setWindowState(windowState() & ~Qt::WindowMinimized);
    QWidget::show();
    raise();
    activateWindow();
}

EvaluationWindow* MainWindow::evaluation() const {
    return evaluation_;
}

void MainWindow::importFiles(const QStringList& paths) {
    for (const QString& path : paths) {
        const QFileInfo file(path);
        notice_->show(NoticeKind::kInformation, tr("Importing %1…").arg(file.fileName()));
        importer_.start(path);
        const int job = jobs_.begin(tr("Import of %1").arg(file.fileName()), [this] { importer_.cancel(); });
        imports_.push_back({.job = job, .bytes = file.size()});
    }
}

void MainWindow::endImport() {
    if (imports_.empty()) return;
    jobs_.end(imports_.front().job);
    imports_.pop_front();
}

void MainWindow::onImported(const ImportResult& result) {
    endImport();
    list_->refresh();
    QString text = tr("Imported %n conversation(s) from %1.", nullptr, static_cast<int>(result.lines.size()))
                       .arg(QFileInfo(result.path).fileName());
    const bool isAllNew = std::ranges::all_of(
        result.lines, [](const ImportLine& line) { return line.outcome.change == ImportChange::kAdded; });
    if (!isAllNew) text += u" "_s + resultText(result);
    const QStringList report = reportLines(result.summary);
    if (report.isEmpty()) {
        notice_->show(NoticeKind::kInformation, text);
    } else {
        const QString count = tr("%n part(s) could not be used.", nullptr, static_cast<int>(report.size()));
        notice_->show(NoticeKind::kWarning, text + u" "_s + count, tr("&Details"), [this, text, report] {
            notice_->show(NoticeKind::kWarning, text + u"\n"_s + report.join(u'\n'));
        });
    }
    QList<qint64> ids;
    for (const ImportLine& line : result.lines)
        ids.append(line.outcome.conversationId);
    Q_EMIT
    imported(result.path, ids);
}

void MainWindow::previewImport(const QStringList& paths) {
    for (const QString& path : paths) {
        auto* dialog = new ImportDialog(store_, path, this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(dialog, &ImportDialog::imported, list_, &ConversationList::refresh);
        connect(dialog, &ImportDialog::anotherRequested, this, &MainWindow::chooseFiles);
        connect(dialog, &ImportDialog::openRequested, this, [this](qint64 id) {
            const auto open = [this, id] {
                openConversation(id);
                page_->composer().takeFocus();
            };
            if (list_->model().find(id) != nullptr) return open();
            connect(list_, &ConversationList::refreshed, page_, open, Qt::SingleShotConnection);
        });
        dialog->open();
    }
}

void MainWindow::exportChats(std::optional<qint64> conversation) {
    const ConversationRecord* record = conversation ? list_->model().find(*conversation) : nullptr;
    if (conversation && record == nullptr) return;
    exportWithDialog(store_,
                     conversation,
                     record != nullptr ? toQString(record->title) : tr("EpiChat chats"),
                     this,
                     [this](bool isFine, const QString& sentence) {
                         notice_->show(isFine ? NoticeKind::kInformation : NoticeKind::kError, sentence);
                     });
}

void MainWindow::openMessage(qint64 conversation, qint64 message) {
    openConversation(conversation);
    ChatSession* session = current_;
    if (session == nullptr || session->conversation().id != conversation || message == 0) return;
    const auto scroll = [this, session, message] {
        if (current_ != session) return;
        page_->view().scrollToRow(session->messages().rowOf(message));
        page_->view().setFocus(Qt::ShortcutFocusReason);
    };
    const auto show = [this, session, message, scroll] {
        if (session->messages().rowOf(message) >= 0) return scroll();
        // In another version of the chat, which is shown then.
        connect(session, &ChatSession::revealed, this, scroll, Qt::SingleShotConnection);
        session->reveal(message);
    };
    if (session->isLoaded()) {
        show();
    } else {
        connect(session, &ChatSession::loaded, this, show, Qt::SingleShotConnection);
    }
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (!confirmClose()) {
        event->ignore();
        return;
    }
    list_->flush();
    drafts_->save();
    saveSettings();
    if (evaluation_) evaluation_->close();
    QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    QStringList paths;
    QStringList models;
    for (const QUrl& url : event->mimeData()->urls()) {
        if (!url.isLocalFile()) continue;
        const QString path = url.toLocalFile();
        (path.endsWith(u".gguf"_s, Qt::CaseInsensitive) ? models : paths) << path;
    }
    if (!models.isEmpty()) {
        showModels();
        models_->addPlaces(models);
        models_->choose(models.first());
    }
    previewImport(paths);
}

}  // namespace epi
