#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include <QHash>
#include <QObject>
#include <QPointer>
#include <QString>

#include "ui/bridge/background.h"
#include "ui/chat/message_model.h"
#include "ui/chat/message_selection.h"
#include "ui/markdown/document.h"

namespace epi {

/// Finds a text in what the messages of a chat show, without regard to case. The messages are read page by
/// page and searched by a worker, so that a long chat holds up neither the window nor fills the memory; hits
/// are counted as they come, from a given row on and around. GUI thread only.
class ChatFinder final : public QObject {
    Q_OBJECT

public:
    /// A hit: the `index`th of its row.
    struct Hit {
        int row = -1;
        int index = -1;
        bool operator==(const Hit&) const = default;
    };

    explicit ChatFinder(QObject* parent = nullptr);
    ~ChatFinder() override;

    /// Searches in these messages from now on, anew where something is searched for. No hit becomes the
    /// current one: who opens another chat does not ask to be taken elsewhere in it.
    void setModel(MessageModel* model);
    /// An empty text finds nothing. The first hit at or behind `fromRow` becomes the current one.
    void search(const QString& text, int fromRow);
    [[nodiscard]] const QString& text() const { return text_; }
    [[nodiscard]] bool isSearching() const { return isSearching_; }

    [[nodiscard]] int hitCount() const { return hitCount_; }
    [[nodiscard]] Hit current() const { return current_; }
    /// Which of all hits the current one is, from 1; 0 without one.
    [[nodiscard]] int currentNumber() const;
    /// Where the current hit begins.
    [[nodiscard]] ChatPosition currentPosition() const;
    /// Makes the next or the one before the current hit, around both ends; the first at or behind `fromRow`
    /// where none is current.
    void step(bool isForward, int fromRow);
    /// The hits of a row in order; null without any.
    [[nodiscard]] const std::vector<markdown::Range>* hitsIn(int row) const;

Q_SIGNALS:
    /// More hits, or others.
    void changed();
    /// Another hit is the current one.
    void currentChanged();

private:
    struct Job;
    struct Found {
        std::vector<std::pair<int, int>> counts;  // row, hits
        bool isLast = false;
    };
    void restart(int fromRow);
    void readNext(std::shared_ptr<Job> job);
    void search(const std::shared_ptr<Job>& job, std::vector<MessageItem> items);
    void take(const Found& found);
    void rowsChanged(int first, int last, const QList<int>& roles);
    void setCurrent(Hit hit);

    QPointer<MessageModel> model_;
    QString text_;
    std::map<int, int> counts_;  // hits by row
    int hitCount_ = 0;
    bool isSearching_ = false;
    bool choosesFirst_ = false;  // the first hit that comes becomes the current one
    Hit current_;
    mutable QHash<int, std::vector<markdown::Range>> shown_;  // of rows that were drawn
    std::shared_ptr<std::atomic<bool>> isCancelled_;
    Background background_;
};

/// Where `text` is in what a message shows, without regard to case; hits do not overlap. Any thread.
std::vector<markdown::Range> findIn(const QString& source, markdown::Syntax syntax, const QString& text);

}  // namespace epi
