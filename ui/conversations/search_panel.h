#pragma once

#include <memory>

#include <QHash>
#include <QWidget>

#include "ui/bridge/store_client.h"
#include "ui/conversations/search_model.h"

class QBoxLayout;
class QComboBox;
class QLabel;
class QListView;

namespace epi {

/// What a search over all chats found while it is typed. Searches run on a thread with a reading connection
/// of their own, so that they wait for no import and no reply; while one runs, only the newest text is kept.
/// The newest hits are shown at once; where the best are wanted, they take their place as soon as all hits
/// are weighed, on a second such thread.
class SearchPanel final : public QWidget {
    Q_OBJECT

public:
    /// `store` is the writing one; searches begin once it is open.
    SearchPanel(StoreClient& store, QWidget* parent = nullptr);

    /// `titles` of the conversations that can be opened.
    void search(const QString& text, const QHash<qint64, QString>& titles);
    /// Gives the list the focus, its first hit chosen.
    void takeFocus();
    [[nodiscard]] SearchModel& model() { return model_; }
    /// Opens the chosen hit, or the first.
    void openChosen();

Q_SIGNALS:
    /// `messageId` is 0 when the title matched.
    void hitChosen(qint64 conversationId, qint64 messageId);
    void searched();

protected:
    void changeEvent(QEvent* event) override;

private:
    void run();
    void rank();
    void show(const Result<SearchResults>& results);
    StoreClient& readerIn(std::unique_ptr<StoreClient>& place);

    StoreClient& store_;
    std::unique_ptr<StoreClient> reader_;
    std::unique_ptr<StoreClient> ranker_;
    QComboBox* order_;
    SearchModel model_;
    QBoxLayout* orderRow_ = nullptr;
    QListView* view_;
    QLabel* message_;
    QString wanted_;
    QHash<qint64, QString> titles_;
    bool isRunning_ = false;
    bool isStale_ = false;  // the text changed while a search ran
    bool isRanking_ = false;
};

}  // namespace epi
