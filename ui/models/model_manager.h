#pragma once

#include <optional>

#include <QDialog>

#include "core/base/cancel_token.h"
#include "core/format/model_facts.h"
#include "ui/bridge/background.h"
#include "ui/bridge/engine_client.h"
#include "ui/models/model_download.h"
#include "ui/models/model_list_model.h"
#include "ui/settings/preferences.h"

class QBoxLayout;
class QLabel;
class QListView;
class QPushButton;
class QStackedWidget;

namespace epi {

class DownloadDialog;
class JobBoard;
class LoadPanel;

/// The models of this computer (or of the machine the engine runs on): add files and folders, see what is in
/// a file, what it needs in memory, load it, check it, move it to the trash. Loading goes on in the
/// background and never touches a chat. Not modal.
class ModelManager final : public QDialog {
    Q_OBJECT

public:
    struct Parts {
        EngineClient& engine;
        PreferenceStore& preferences;
        JobBoard& jobs;
        DownloadTool downloads = {};
    };

    ModelManager(Parts parts, QWidget* parent);
    ~ModelManager() override;

    /// Reads the folders again.
    void scan();
    /// Files and folders to look in from now on.
    void addPlaces(const QStringList& paths);
    void choose(const QString& name);
    /// Moves the chosen file to the trash, without asking.
    void removeChosen();
    void checkChosen();
    /// Asks what to fetch; null unless the user allows downloads.
    DownloadDialog* askForDownload();
    void download(const DownloadWish& wish);
    [[nodiscard]] bool isDownloading() const { return running_ > 0; }

    [[nodiscard]] ModelListModel& models() { return models_; }
    [[nodiscard]] LoadPanel& loadPanel() { return *load_; }
    [[nodiscard]] QString detailsText() const;
    [[nodiscard]] QString noticeText() const;

Q_SIGNALS:
    void scanned();
    void detailsShown();
    /// The user wants this model, with the defaults stored for it.
    void loadRequested(const QString& name);
    /// How a download ended: one sentence.
    void downloadEnded(const QString& text, bool isFetched);

protected:
    void changeEvent(QEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    QWidget* makeList();
    QWidget* makeDetails();
    void chooseFiles();
    void chooseFolder();
    void confirmRemoval();
    void showChosen();
    void showFacts(const ModelEntry& entry, const Result<ModelFacts>& facts);
    void refreshEngine();
    void refreshDownloads();
    void endDownload(const DownloadWish& wish, const Result<FetchedModel>& result);
    /// Below the list: that something was done, or with `isProblem` why not.
    void say(const QString& text, bool isProblem = false);
    void applyTheme();
    [[nodiscard]] const ModelEntry* chosen() const;
    [[nodiscard]] bool isEngineHere() const;

    EngineClient& engine_;
    PreferenceStore& preferences_;
    JobBoard& jobs_;
    DownloadTool downloads_;
    ModelListModel models_;
    QListView* list_ = nullptr;
    QStackedWidget* side_ = nullptr;
    QBoxLayout* addButtons_ = nullptr;
    QBoxLayout* fileButtons_ = nullptr;
    QLabel* title_ = nullptr;
    QLabel* details_ = nullptr;
    QLabel* notice_ = nullptr;
    QLabel* loadHeading_ = nullptr;
    LoadPanel* load_ = nullptr;
    QPushButton* download_ = nullptr;
    QLabel* downloadHint_ = nullptr;
    QPushButton* check_ = nullptr;
    QPushButton* remove_ = nullptr;
    QString shown_;    // whose details are on the right
    int running_ = 0;  // downloads
    QString fetched_;  // to be chosen when it is found
    int scan_ = 0;     // the newest; results of older ones are stale
    std::optional<CancelToken> checking_;
    Background background_;  // last: its work ends before what it tells
};

}  // namespace epi
