#pragma once

#include <deque>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>

#include <QMainWindow>
#include <QPointer>

#include "ui/actions/action_registry.h"
#include "ui/bridge/background.h"
#include "ui/bridge/cache_releaser.h"
#include "ui/bridge/conversation_sync.h"
#include "ui/bridge/engine_client.h"
#include "ui/bridge/import_client.h"
#include "ui/bridge/store_client.h"
#include "ui/chat/chat_session.h"
#include "ui/jobs/job_board.h"
#include "ui/models/model_download.h"
#include "ui/settings/network_access.h"
#include "ui/settings/preferences.h"
#include "ui/theme/theme.h"

class QActionGroup;
class QDockWidget;
class QMenu;
class QSplitter;

namespace epi {

class ChatPage;
class FirstSteps;
class ModelManager;
class ConversationList;
class DraftKeeper;
class EvaluationSession;
class EvaluationWindow;
class MemoryPanel;
class NoticeBar;
class SettingsDialog;
class SidePanels;
class StatusStrip;
class TurnActions;
enum class SettingsSection;

/// What the command line decides; what it leaves open comes from the settings in the store.
struct WindowOptions {
    std::optional<ThemeChoice> theme;
    std::optional<int> percent;
    /// Makes the engine behind a command; without arguments the one on this computer. Empty: the client's own
    /// engine stays, whatever the settings say.
    std::function<EngineFactory(const QStringList& command)> engineFor = {};
    /// What the settings say of privacy.
    NetworkAccess network = NetworkAccess::kNotForbidden;
    DownloadTool downloads = {};
};

/// The window: conversations left, the open one in the middle, its memory right. Puts the parts together and
/// owns the opened sessions; all work happens on other threads.
class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    MainWindow(EngineClient& engine, StoreClient& store, WindowOptions options, QWidget* parent = nullptr);
    ~MainWindow() override;

    /// Reads settings and conversations, then shows the window and sends `ready`.
    void restore();

    void newChat();
    void openConversation(qint64 id);
    /// Imports at once; `previewImport` shows first what is in the files.
    void importFiles(const QStringList& paths);
    void previewImport(const QStringList& paths);
    void showMemoryPanel(bool isShown);
    void toggleTint();
    void showEvaluation();
    void setAppearance(ThemeChoice choice, int percent);
    void showSettings(SettingsSection section);
    void showChatSettings();
    void showPalette();
    void showModels();
    void showJobs();
    /// Brings the window to the front, for a second start of the program.
    void raiseWindow();

    [[nodiscard]] ActionRegistry& actions() { return actions_; }
    [[nodiscard]] PreferenceStore& preferences() { return preferences_; }
    [[nodiscard]] ChatSession* session() const { return current_; }
    [[nodiscard]] ChatPage& page() { return *page_; }
    [[nodiscard]] ConversationList& conversations() { return *list_; }
    [[nodiscard]] MemoryPanel& memoryPanel() { return *panel_; }
    [[nodiscard]] StatusStrip& status() { return *status_; }
    [[nodiscard]] NoticeBar& notice() { return *notice_; }
    [[nodiscard]] EvaluationWindow* evaluation() const;
    [[nodiscard]] ModelManager* modelManager() const;
    [[nodiscard]] FirstSteps& firstSteps() { return *firstSteps_; }
    [[nodiscard]] JobBoard& jobs() { return jobs_; }
    [[nodiscard]] EngineClient& engine() { return engine_; }

Q_SIGNALS:
    void ready();
    void imported(const QString& path, const QList<qint64>& conversations);
    void importFailed(const QString& path, const QString& reason);

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    struct Settings;

    void buildLayout();
    void registerActions();
    void registerFileActions();
    void registerChatActions();
    void registerViewActions();
    void registerToolActions();
    void fillMenu(QMenu* menu, std::initializer_list<const char*> ids);
    void buildMenus();
    void buildThemeMenu(QMenu* menu);
    void buildModelMenu();
    void refreshModelMenu();
    void connectEngine();
    void connectParts();
    void applySettings(const Settings& settings);
    void saveSettings();
    void onPreferences(const Preferences& before);
    void chooseFiles();
    void chooseModelFile();
    void useModel(const QString& model);
    void sendModel(const QString& model);
    void useEngine(const QStringList& command);
    void restoreChat(const SettingValues& values);
    void rememberChat();
    void scrollTo(qint64 message, int top);
    bool confirmClose();
    void watchModel();
    void trimCaches();
    void watchJobs(ChatSession* session);
    void watchEvaluation(EvaluationSession& session);
    struct RunningImport {
        int job = 0;  // of the board
        qint64 bytes = 0;
    };
    void endImport();
    void onImported(const ImportResult& result);
    void exportChats(std::optional<qint64> conversation);
    void openMessage(qint64 conversation, qint64 message);
    void onEngineLost(const QString& reason, bool isRestarting);
    void show(ChatSession* session);
    ChatSession* sessionFor(const ConversationRecord& conversation);
    void connectSession(ChatSession* session);
    void refreshJob();
    void chooseEpisode(int episode);
    void cyclePanes();
    void stepChat(int rows);

    EngineClient& engine_;
    StoreClient& store_;
    ConversationSync sync_{engine_, store_};
    CacheReleaser cacheReleaser_{engine_, store_};
    WindowOptions options_;
    PreferenceStore preferences_;
    ActionRegistry actions_;
    JobBoard jobs_;
    int modelJob_ = 0;    // of the board
    QString lossReason_;  // of an engine that is being started again
    std::deque<RunningImport> imports_;
    ImportClient importer_;
    std::map<qint64, std::unique_ptr<ChatSession>> sessions_;
    std::unique_ptr<ChatSession> draft_;
    QPointer<ChatSession> current_;
    QSplitter* splitter_ = nullptr;
    ConversationList* list_ = nullptr;
    NoticeBar* notice_ = nullptr;
    ChatPage* page_ = nullptr;
    DraftKeeper* drafts_ = nullptr;
    TurnActions* turns_ = nullptr;
    QDockWidget* dock_ = nullptr;
    MemoryPanel* panel_ = nullptr;
    SidePanels* sides_ = nullptr;
    StatusStrip* status_ = nullptr;
    QPointer<EvaluationWindow> evaluation_;
    QPointer<SettingsDialog> settings_;
    QPointer<ModelManager> models_;
    FirstSteps* firstSteps_ = nullptr;
    bool isRestored_ = false;
    bool isClosing_ = false;
    Background background_;
    QMenu* modelMenu_ = nullptr;
    QActionGroup* themeActions_ = nullptr;
    QAction* tintAction_ = nullptr;
    QAction* stopAction_ = nullptr;
};

}  // namespace epi
