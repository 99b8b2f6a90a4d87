#pragma once

#include <QPointer>
#include <QWidget>

#include "ui/chat/chat_session.h"
#include "ui/memory/episode_model.h"

class QLabel;
class QListView;
class QPushButton;
class QScrollArea;
class QStackedWidget;
class QTabWidget;

namespace epi {

class LayerBars;

/// The right panel: the episodes of the open conversation's memory, and what each layer and KV head keeps of
/// the chosen one.
class MemoryPanel final : public QWidget {
    Q_OBJECT

public:
    enum Tab { kEpisodes, kLayers };

    explicit MemoryPanel(QWidget* parent = nullptr);

    void setSession(ChatSession* session);
    void showTab(Tab tab);
    [[nodiscard]] int episodeCount() const { return model_.rowCount(); }
    [[nodiscard]] int currentEpisode() const { return episode_; }
    /// Chooses an episode and asks for what it keeps.
    void choose(int episode);
    [[nodiscard]] LayerBars& layerBars() { return *bars_; }
    [[nodiscard]] EpisodeModel& episodes() { return model_; }
    void takeFocus();

Q_SIGNALS:
    void episodeChosen(int episode, qint64 firstTurn);
    /// The user would like the memory of this chat built.
    void buildRequested();

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* makeEpisodesTab();
    QWidget* makeNoEpisodes();
    QWidget* makeLayersTab();
    void refresh();
    void showTrace();
    void showWhatToDo();
    void applyTheme();

    QPointer<ChatSession> session_;
    EpisodeModel model_;
    int episode_ = 0;
    QTabWidget* tabs_;
    QStackedWidget* episodesStack_ = nullptr;
    QListView* list_ = nullptr;
    QLabel* noEpisodes_ = nullptr;
    QPushButton* build_ = nullptr;
    QStackedWidget* layersStack_ = nullptr;
    QLabel* layersTitle_ = nullptr;
    QLabel* noLayers_ = nullptr;
    QScrollArea* scroll_ = nullptr;
    LayerBars* bars_ = nullptr;
};

}  // namespace epi
