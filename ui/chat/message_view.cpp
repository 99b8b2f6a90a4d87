#include "ui/chat/message_view.h"

#include <algorithm>
#include <chrono>

#include <QEvent>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>

#include "ui/chat/chat_finder.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace std::chrono_literals;

namespace {

constexpr int kCachedLayouts = 200;
constexpr int kSettlingPasses = 6;  // rows in sight get their heights in one or two; more never happened

int padding() {
    return Theme::current().px(12);
}

}  // namespace

MessageView::MessageView(QWidget* parent)
    : QAbstractScrollArea(parent), layouts_(kCachedLayouts), askAgain_(new QPushButton(viewport())) {
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Messages"));
    viewport()->setMouseTracking(true);
    askAgain_->setText(tr("Ask &again"));
    askAgain_->setAccessibleDescription(tr("Repeats the last question; its answer was not finished"));
    askAgain_->setFocusPolicy(Qt::StrongFocus);
    askAgain_->hide();
    connect(askAgain_, &QPushButton::clicked, this, &MessageView::askAgainRequested);
    frame_.setSingleShot(true);
    frame_.setInterval(16ms);
    connect(&frame_, &QTimer::timeout, this, &MessageView::showChanges);
    autoScroll_.setInterval(30ms);
    connect(&autoScroll_, &QTimer::timeout, this, &MessageView::extendSelection);
    doneTimer_.setSingleShot(true);
    doneTimer_.setInterval(2s);
    connect(&doneTimer_, &QTimer::timeout, this, [this] {
        done_ = {};
        viewport()->update();
    });
}

void MessageView::setModel(MessageModel* model) {
    if (model_ == model) return;
    if (model_) model_->disconnect(this);
    model_ = model;
    if (model_) {
        connect(model_, &MessageModel::modelReset, this, &MessageView::reset);
        connect(model_, &MessageModel::rowsInserted, this, [this](const QModelIndex&, int first) {
            rowsInserted(first);
        });
        connect(model_, &MessageModel::rowsRemoved, this, [this](const QModelIndex&, int first) {
            rowsRemoved(first);
        });
        connect(model_,
                &MessageModel::dataChanged,
                this,
                [this](const QModelIndex& first, const QModelIndex& last, const QList<int>& roles) {
                    rowsChanged(first.row(), last.row(), roles);
                });
    }
    reset();
    Q_EMIT
    modelChanged();
}

void MessageView::setFinder(const ChatFinder* finder) {
    finder_ = finder;
    viewport()->update();
}

void MessageView::setCanAskAgain(bool canAskAgain) {
    if (canAskAgain_ == canAskAgain) return;
    canAskAgain_ = canAskAgain;
    if (model_ && model_->rowCount() > 0) rowsChanged(model_->rowCount() - 1, model_->rowCount() - 1, {});
}

void MessageView::reset() {
    selection_ = {};
    isSelecting_ = false;
    autoScroll_.stop();
    hot_ = {};
    done_ = {};
    currentRow_ = -1;
    followsEnd_ = true;
    layouts_.clear();
    changed_.clear();
    const int count = model_ ? model_->rowCount() : 0;
    isExact_.assign(static_cast<std::size_t>(count), false);
    std::vector<int> heights(static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
        heights[static_cast<std::size_t>(row)] =
            MessageLayout::estimateHeight(model_->at(row), surroundings(row));
    }
    heights_.assign(heights);
    settle();
}

void MessageView::rowsInserted(int first) {
    keepRowsBefore(first);
    if (first > 0) rowsChanged(first - 1, first - 1, {});  // it is not the last one any more
    while (heights_.count() < model_->rowCount()) {
        const int row = heights_.count();
        heights_.append(MessageLayout::estimateHeight(model_->at(row), surroundings(row)));
        isExact_.push_back(false);
    }
    settle();
}

void MessageView::rowsRemoved(int first) {
    keepRowsBefore(first);
    rowsInserted(first);
}

/// Forgets what is known of a row and all behind it.
void MessageView::keepRowsBefore(int row) {
    if (row >= heights_.count()) return;
    std::vector<int> kept;
    for (int i = 0; i < row; ++i)
        kept.push_back(heights_.height(i));
    for (int i = row; i < heights_.count(); ++i)
        layouts_.remove(i);
    heights_.assign(kept);
    isExact_.resize(static_cast<std::size_t>(row));
    changed_.removeIf([row](int changed) { return changed >= row; });
    if (selection_.anchor.row >= row || selection_.cursor.row >= row) selection_ = {};
    if (currentRow_ >= row) currentRow_ = row - 1;
    hot_ = {};
    done_ = {};
}

void MessageView::rowsChanged(int first, int last, const QList<int>& roles) {
    const bool keepsLayout =
        roles == QList<int>{Qt::BackgroundRole} || roles == QList<int>{Qt::DecorationRole};
    if (!keepsLayout) {
        for (int row = first; row <= std::min(last, heights_.count() - 1); ++row)
            changed_.insert(row);
        // Text that grows waits for the next frame; everything else is shown at once.
        const bool isGrowing = first == last && model_->at(first).state == MessageState::kStreaming;
        if (!isGrowing || !frame_.isActive()) showChanges();
    }
    viewport()->update();
}

void MessageView::showChanges() {
    if (changed_.isEmpty() || !model_) return;
    for (const int row : std::exchange(changed_, {})) {
        if (row >= heights_.count()) continue;
        if (MessageLayout* layout = layouts_.object(row)) layout->update(model_->at(row), surroundings(row));
        isExact_[static_cast<std::size_t>(row)] = false;
    }
    frame_.start();
    settle();
}

MessageSurroundings MessageView::surroundings(int row) const {
    return {.width = viewport()->width(),
            .startsSession = model_->startsSession(row),
            .hasAction = hasAction(row),
            .showsSource = showsSource(row)};
}

bool MessageView::hasAction(int row) const {
    if (!canAskAgain_ || row != model_->rowCount() - 1) return false;
    const MessageItem& item = model_->at(row);
    const bool isUnfinished = item.state == MessageState::kCutOff || item.state == MessageState::kFailed ||
                              item.state == MessageState::kStopped;
    return item.role == Role::kAssistant && isUnfinished;
}

MessageLayout& MessageView::layoutOf(int row) {
    if (MessageLayout* cached = layouts_.object(row)) return *cached;
    auto* layout = new MessageLayout(model_->at(row), surroundings(row));
    layouts_.insert(row, layout);
    return *layout;
}

int MessageView::rowTop(int row) const {
    return padding() + heights_.top(row) - verticalScrollBar()->value();
}

int MessageView::rowAt(QPoint point) const {
    return heights_.rowAt(point.y() + verticalScrollBar()->value() - padding());
}

bool MessageView::settleOnce() {
    bool isChanged = false;
    if (followsEnd_) verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    for (int row = std::max(rowAt({0, 0}), 0); row < heights_.count() && rowTop(row) < viewport()->height();
         ++row) {
        if (isExact_[static_cast<std::size_t>(row)]) continue;
        const int difference = layoutOf(row).height() - heights_.height(row);
        const bool isAboveTop = rowTop(row) < 0;
        isExact_[static_cast<std::size_t>(row)] = true;
        if (difference == 0) continue;
        isChanged = true;
        heights_.set(row, heights_.height(row) + difference);
        updateScrollBar();
        // What is in sight stays in place when a row grows that begins above it.
        if (isAboveTop && !followsEnd_) {
            verticalScrollBar()->setValue(verticalScrollBar()->value() + difference);
        }
    }
    return isChanged;
}

void MessageView::settle() {
    if (isSettling_) return;
    isSettling_ = true;
    updateScrollBar();
    for (int pass = 0; pass < kSettlingPasses && settleOnce(); ++pass) {
    }
    if (followsEnd_) verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    isSettling_ = false;
    placeAction();
    viewport()->update();
}

void MessageView::updateScrollBar() {
    const int height = viewport()->height();
    verticalScrollBar()->setPageStep(height);
    verticalScrollBar()->setSingleStep(Theme::current().px(44));
    verticalScrollBar()->setRange(0, std::max(0, heights_.total() + 2 * padding() - height));
}

void MessageView::placeAction() {
    const int last = heights_.count() - 1;
    if (last < 0 || !hasAction(last) || rowTop(last) > viewport()->height()) {
        askAgain_->hide();
        return;
    }
    askAgain_->adjustSize();
    askAgain_->move(layoutOf(last).action() + QPoint(0, rowTop(last)));
    askAgain_->show();
}

void MessageView::scrollToRow(int row) {
    if (row < 0 || row >= heights_.count()) return;
    followsEnd_ = false;
    setCurrentRow(row);
    isSettling_ = true;
    for (int pass = 0; pass < kSettlingPasses; ++pass) {
        verticalScrollBar()->setValue(heights_.top(row));
        if (!settleOnce()) break;
    }
    isSettling_ = false;
    settle();
}

void MessageView::scrollToEnd() {
    followsEnd_ = true;
    settle();
}

void MessageView::scrollToPosition(ChatPosition position) {
    if (!isRow(position.row)) return;
    const auto placeOf = [&] {
        return layoutOf(position.row).lineOf(position.position).translated(0, rowTop(position.row));
    };
    const auto isInSight = [&] {
        const int row = position.row;
        const bool isNear = rowTop(row) < viewport()->height() && rowTop(row) + heights_.height(row) > 0;
        return isNear && placeOf().top() >= 0 && placeOf().bottom() < viewport()->height();
    };
    if (isInSight()) return setCurrentRow(position.row);
    scrollToRow(position.row);
    if (isInSight()) return;
    const int third = viewport()->height() / 3;
    verticalScrollBar()->setValue(verticalScrollBar()->value() + placeOf().top() - third);
}

void MessageView::setShowsSource(int row, bool showsSource) {
    if (!isRow(row)) return;
    if (showsSource) {
        sourceShown_.insert(model_->at(row).id);
    } else {
        sourceShown_.remove(model_->at(row).id);
    }
    if (row == selection_.anchor.row || row == selection_.cursor.row) selection_ = {};
    rowsChanged(row, row, {});
}

bool MessageView::showsSource(int row) const {
    return sourceShown_.contains(model_->at(row).id);
}

void MessageView::setCurrentRow(int row) {
    currentRow_ = row;
    setAccessibleDescription(row >= 0 && row < heights_.count()
                                 ? model_->data(model_->index(row), Qt::AccessibleTextRole).toString()
                                 : QString());
    viewport()->update();
}

void MessageView::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    painter.fillRect(event->rect(), Theme::current().colors().background);
    if (!model_ || heights_.count() == 0) return;
    for (int row = std::max(rowAt({0, 0}), 0); row < heights_.count(); ++row) {
        const int top = rowTop(row);
        if (top >= viewport()->height()) break;
        const MessageItem& item = model_->at(row);
        BodyPaint body{.marks = {.selection = selection_.in(row), .tint = model_->tintOf(item.id)},
                       .clip = event->rect(),
                       .hotBlock = hot_.row == row ? hot_.block : -1,
                       .doneBlock = done_.row == row ? done_.block : -1};
        if (finder_ != nullptr && !showsSource(row)) {
            body.marks.hits = finder_->hitsIn(row);
            body.marks.currentHit = finder_->current().row == row ? finder_->current().index : -1;
        }
        const MessagePaint how{.isCurrent = row == currentRow_ && hasFocus(), .body = body};
        layoutOf(row).paint(painter, {0, top}, item, how);
    }
}

void MessageView::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    if (!model_ || heights_.count() == 0) return;
    if (event->oldSize().width() == event->size().width()) {
        settle();
        return;
    }
    const bool wasAtEnd = followsEnd_;
    const int anchor = rowAt({0, 0});
    const int current = currentRow_;
    reset();
    currentRow_ = current;
    if (!wasAtEnd && anchor >= 0) {
        followsEnd_ = false;
        verticalScrollBar()->setValue(heights_.top(anchor));
        settle();
    }
}

void MessageView::scrollContentsBy(int, int) {
    if (!isSettling_) {
        followsEnd_ = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - Theme::current().px(8);
        settle();
    }
    viewport()->update();
}

void MessageView::changeEvent(QEvent* event) {
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::StyleChange) {
        const bool wasAtEnd = followsEnd_;
        const int anchor = model_ ? rowAt({0, 0}) : -1;
        reset();
        if (!wasAtEnd) scrollToRow(anchor);
    }
    viewport()->update();
}

void MessageView::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    const bool isByKey = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason ||
                         event->reason() == Qt::ShortcutFocusReason;
    if (isByKey && currentRow_ < 0 && heights_.count() > 0) setCurrentRow(heights_.count() - 1);
    viewport()->update();
}

void MessageView::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

}  // namespace epi
