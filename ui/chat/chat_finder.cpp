#include "ui/chat/chat_finder.h"

#include <algorithm>

#include "ui/chat/message_layout.h"

namespace epi {

namespace {

constexpr int kRowsPerStep = 500;  // some 20 ms of a worker: as long as a new search waits for the old one

/// Whether a message may show the text though its source does not hold it as it stands.
bool mayHideInMarkup(const QString& source) {
    return std::ranges::any_of(source, [](QChar character) {
        static constexpr QStringView kMarkup = u"*_`~[]<>&\\#|\n\r";
        return kMarkup.contains(character);
    });
}

}  // namespace

struct ChatFinder::Job {
    QString text;
    int begin = 0;  // row
    int count = 0;
    int done = 0;
    std::shared_ptr<std::atomic<bool>> isCancelled;

    [[nodiscard]] int nextRow() const { return (begin + done) % count; }
};

std::vector<markdown::Range> findIn(const QString& source, markdown::Syntax syntax, const QString& text) {
    std::vector<markdown::Range> hits;
    if (text.isEmpty()) return hits;
    if (!source.contains(text, Qt::CaseInsensitive)) {
        if (syntax == markdown::Syntax::kPlain || !mayHideInMarkup(source)) return hits;
    }
    const QString shown = markdown::Document(source, syntax).shownText();
    for (qsizetype at = shown.indexOf(text, 0, Qt::CaseInsensitive); at >= 0;
         at = shown.indexOf(text, at + text.size(), Qt::CaseInsensitive)) {
        hits.push_back({static_cast<int>(at), static_cast<int>(at + text.size())});
    }
    return hits;
}

ChatFinder::ChatFinder(QObject* parent) : QObject(parent) {}

ChatFinder::~ChatFinder() {
    if (isCancelled_) *isCancelled_ = true;
}

void ChatFinder::setModel(MessageModel* model) {
    if (model_ == model) return;
    if (model_) model_->disconnect(this);
    model_ = model;
    choosesFirst_ = false;
    if (model_) {
        connect(model_, &MessageModel::modelReset, this, [this] { restart(0); });
        connect(model_, &MessageModel::rowsRemoved, this, [this] { restart(current_.row); });
        connect(model_, &MessageModel::rowsInserted, this, [this](const QModelIndex&, int first, int last) {
            // In the middle of the chat all rows behind change their numbers.
            if (last + 1 < model_->rowCount()) return restart(current_.row);
            rowsChanged(first, last, {});
        });
        connect(model_,
                &MessageModel::dataChanged,
                this,
                [this](const QModelIndex& first, const QModelIndex& last, const QList<int>& roles) {
                    rowsChanged(first.row(), last.row(), roles);
                });
    }
    restart(0);
}

void ChatFinder::search(const QString& text, int fromRow) {
    text_ = text;
    choosesFirst_ = true;
    restart(fromRow);
}

void ChatFinder::restart(int fromRow) {
    if (isCancelled_) *isCancelled_ = true;
    counts_.clear();
    shown_.clear();
    hitCount_ = 0;
    isSearching_ = model_ && !text_.isEmpty() && model_->rowCount() > 0;
    current_ = {};
    if (isSearching_) {
        isCancelled_ = std::make_shared<std::atomic<bool>>(false);
        const int count = model_->rowCount();
        readNext(std::make_shared<Job>(Job{.text = text_,
                                           .begin = std::clamp(fromRow, 0, count - 1),
                                           .count = count,
                                           .isCancelled = isCancelled_}));
    }
    Q_EMIT
    changed();
}

void ChatFinder::readNext(std::shared_ptr<Job> job) {
    if (*job->isCancelled || !model_) return;
    const int first = job->nextRow();
    const int rows = std::min({kRowsPerStep, job->count - first, job->count - job->done});
    model_->read(first, rows, this, [this, job = std::move(job)](MessageModel::Items items) {
        // Without any the rows are others now, and a new search has begun.
        if (!items.empty() && !*job->isCancelled) search(job, std::move(items));
    });
}

void ChatFinder::search(const std::shared_ptr<Job>& job, std::vector<MessageItem> items) {
    background_.run(
        this,
        [job, items = std::move(items)] {
            Found found;
            for (const MessageItem& item : items) {
                if (*job->isCancelled) break;
                const auto hits = findIn(item.text, MessageLayout::syntaxOf(item, false), job->text).size();
                if (hits > 0) found.counts.emplace_back(job->nextRow(), static_cast<int>(hits));
                ++job->done;
            }
            found.isLast = job->done == job->count;
            return found;
        },
        [this, job](const Found& found) {
            if (*job->isCancelled) return;
            take(found);
            if (!found.isLast) readNext(job);
        });
}

void ChatFinder::take(const Found& found) {
    isSearching_ = !found.isLast;
    for (const auto& [row, count] : found.counts) {
        if (counts_.contains(row)) continue;  // it changed, and was searched, in the meantime
        counts_[row] = count;
        hitCount_ += count;
    }
    if (choosesFirst_ && !found.counts.empty()) setCurrent({found.counts.front().first, 0});
    Q_EMIT
    changed();
}

void ChatFinder::rowsChanged(int first, int last, const QList<int>& roles) {
    const bool keepsText = roles == QList<int>{Qt::BackgroundRole} || roles == QList<int>{Qt::DecorationRole};
    if (text_.isEmpty() || keepsText || roles == QList<int>{MessageModel::kLoadedRole}) return;
    // What is not in memory is searched as all is.
    for (int row = first; row <= last; ++row) {
        if (!model_->isLoaded(row)) return restart(current_.row);
    }
    for (int row = first; row <= last; ++row) {
        const MessageItem& item = model_->at(row);
        std::vector<markdown::Range> hits = findIn(item.text, MessageLayout::syntaxOf(item, false), text_);
        const auto before = counts_.find(row);
        if (before != counts_.end()) {
            hitCount_ -= before->second;
            counts_.erase(before);
        }
        shown_.remove(row);
        if (!hits.empty()) {
            counts_[row] = static_cast<int>(hits.size());
            hitCount_ += static_cast<int>(hits.size());
            shown_.insert(row, std::move(hits));
        }
        const auto now = counts_.find(row);
        const bool isGone = current_.row == row && (now == counts_.end() || current_.index >= now->second);
        if (isGone) current_ = {};
    }
    Q_EMIT
    changed();
}

int ChatFinder::currentNumber() const {
    if (current_.row < 0) return 0;
    int number = current_.index + 1;
    for (const auto& [row, count] : counts_) {
        if (row >= current_.row) break;
        number += count;
    }
    return number;
}

ChatPosition ChatFinder::currentPosition() const {
    const std::vector<markdown::Range>* hits = hitsIn(current_.row);
    if (hits == nullptr || current_.index >= static_cast<int>(hits->size())) return {};
    return {current_.row, (*hits)[static_cast<std::size_t>(current_.index)].begin};
}

void ChatFinder::step(bool isForward, int fromRow) {
    if (counts_.empty()) return;
    auto row = counts_.find(current_.row);
    if (row == counts_.end()) {
        const auto next = counts_.lower_bound(fromRow);
        return setCurrent({next != counts_.end() ? next->first : counts_.begin()->first, 0});
    }
    if (isForward) {
        if (current_.index + 1 < row->second) return setCurrent({row->first, current_.index + 1});
        if (++row == counts_.end()) row = counts_.begin();
        return setCurrent({row->first, 0});
    }
    if (current_.index > 0) return setCurrent({row->first, current_.index - 1});
    if (row == counts_.begin()) row = counts_.end();
    --row;
    setCurrent({row->first, row->second - 1});
}

void ChatFinder::setCurrent(Hit hit) {
    current_ = hit;
    choosesFirst_ = false;
    if (!model_) return;
    // Where it begins is seen when its message is there.
    model_->load({hit.row}, this, [this, hit] {
        if (current_ == hit) Q_EMIT
        currentChanged();
    });
}

const std::vector<markdown::Range>* ChatFinder::hitsIn(int row) const {
    if (!model_ || row < 0 || row >= model_->rowCount() || !counts_.contains(row)) return nullptr;
    if (!model_->isLoaded(row)) return nullptr;
    auto hits = shown_.constFind(row);
    if (hits == shown_.constEnd()) {
        const MessageItem& item = model_->at(row);
        hits = shown_.insert(row, findIn(item.text, MessageLayout::syntaxOf(item, false), text_));
    }
    return &*hits;
}

}  // namespace epi
