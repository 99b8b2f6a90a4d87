#include "ui/chat/message_view.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <QAccessible>
#include <QEvent>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>

#include "ui/chat/accessible_messages.h"
#include "ui/chat/chat_finder.h"
#include "ui/chat/selection_copier.h"
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
    : QAbstractScrollArea(parent),
      layouts_(kCachedLayouts),
      action_(new QPushButton(viewport())),
      copier_(new SelectionCopier(this)) {
    AccessibleMessages::install();  // before anything is told of this view: then Qt keeps what it makes for
                                    // it
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Messages"));
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
    describeAction(Action::kAskAgain);
    action_->setFocusPolicy(Qt::StrongFocus);
    action_->hide();
    connect(action_, &QPushButton::clicked, this, [this] {
        if (actionOf(heights_.count() - 1) == Action::kContinue) {
            Q_EMIT
            continueRequested();
        } else {
            Q_EMIT
            askAgainRequested();
        }
    });
    connect(copier_, &SelectionCopier::ended, this, [this](int messages) {
        Q_EMIT
        copying(messages, true);
    });
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
        connect(model_, &MessageModel::rowsInserted, this, [this](const QModelIndex&, int first, int last) {
            rowsInserted(first, last);
        });
        connect(model_, &MessageModel::rowsRemoved, this, [this](const QModelIndex&, int first, int last) {
            rowsRemoved(first, last);
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
    const HeightEstimate estimate(viewport()->width());
    std::vector<std::pair<int, int>> known;
    qint64 sum = 0;
    if (model_) {
        model_->eachLoaded([&](int row, const MessageItem& item) {
            known.emplace_back(row, estimate.of(item, model_->startsSession(row)));
            sum += known.back().second;
        });
    }
    typicalHeight_ = known.empty() ? estimate.of({}, false) : static_cast<int>(sum / std::ssize(known));
    std::vector<int> heights(static_cast<std::size_t>(count), typicalHeight_);
    for (const auto& [row, height] : known)
        heights[static_cast<std::size_t>(row)] = height;
    heights_.assign(heights);
    settle();
}

int MessageView::estimateOf(const HeightEstimate& estimate, int row) const {
    const MessageItem& item = model_->at(row);
    return item.isLoaded ? estimate.of(item, model_->startsSession(row)) : typicalHeight_;
}

int MessageView::anchorRow() const {
    const int first = rowAt({0, 0});
    const bool isBegun = first >= 0 && rowTop(first) < 0;
    const bool isNextSeen = first + 1 < heights_.count() && rowTop(first + 1) < viewport()->height();
    return isBegun && isNextSeen ? first + 1 : first;
}

template <typename Change>
void MessageView::keepingTheTop(Change change) {
    const int anchor = anchorRow();
    const int top = anchor >= 0 ? rowTop(anchor) : 0;
    const int moved = change(anchor);
    isSettling_ = true;
    updateScrollBar();
    if (!followsEnd_ && moved >= 0 && moved < heights_.count())
        verticalScrollBar()->setValue(padding() + heights_.top(moved) - top);
    isSettling_ = false;
}

void MessageView::rowsInserted(int first, int last) {
    const int added = last - first + 1;
    if (first == heights_.count()) {
        const HeightEstimate estimate(viewport()->width());
        for (int row = first; row <= last; ++row) {
            heights_.append(estimateOf(estimate, row));
            isExact_.push_back(false);
        }
    } else {
        replaceRows(first, 0, added);
    }
    if (first > 0) rowsChanged(first - 1, first - 1, {});  // it is not the last one any more
    settle();
}

void MessageView::rowsRemoved(int first, int last) {
    replaceRows(first, last - first + 1, 0);
    if (first > 0) rowsChanged(first - 1, first - 1, {});
    settle();
}

void MessageView::replaceRows(int first, int removed, int added) {
    const int end = first + removed;
    // Where a row goes; one that was removed leaves its place to what follows it, or to the last one.
    const auto moved = [&](int row) {
        if (row < first) return row;
        return row >= end ? row + added - removed : std::min(first, heights_.count() - 1);
    };
    for (const int row : layouts_.keys()) {
        if (row >= first) layouts_.remove(row);
    }
    QSet<int> changed;
    for (const int row : std::exchange(changed_, {})) {
        if (row < first || row >= end) changed.insert(moved(row));
    }
    changed_ = changed;
    const auto place = isExact_.erase(isExact_.begin() + first, isExact_.begin() + end);
    isExact_.insert(place, static_cast<std::size_t>(added), false);
    std::vector<int> heights;
    const HeightEstimate estimate(viewport()->width());
    for (int row = first; row < first + added; ++row)
        heights.push_back(estimateOf(estimate, row));
    keepingTheTop([&](int anchor) {
        heights_.replace(first, removed, heights);
        return moved(anchor);
    });
    const auto isGone = [&](int row) {
        return row >= first && row < end;
    };
    if (isGone(selection_.anchor.row) || isGone(selection_.cursor.row)) selection_ = {};
    selection_.anchor.row = moved(selection_.anchor.row);
    selection_.cursor.row = moved(selection_.cursor.row);
    if (currentRow_ >= 0) {
        currentRow_ = isGone(currentRow_) ? first - 1 : moved(currentRow_);
        model_->setCurrent(currentRow_);
    }
    hot_ = {};
    done_ = {};
}

void MessageView::rowsLoaded(int first, int last) {
    const HeightEstimate estimate(viewport()->width());
    keepingTheTop([&](int anchor) {
        for (int row = first; row <= std::min(last, heights_.count() - 1); ++row) {
            if (isExact_[static_cast<std::size_t>(row)] || !model_->isLoaded(row)) continue;
            layouts_.remove(row);
            heights_.set(row, estimateOf(estimate, row));
        }
        return anchor;
    });
    // It may begin a session, as is known now.
    if (last < heights_.count() && isExact_[static_cast<std::size_t>(last)]) rowsChanged(last, last, {});
    settle();
}

void MessageView::rowsChanged(int first, int last, const QList<int>& roles) {
    const bool keepsLayout =
        roles == QList<int>{Qt::BackgroundRole} || roles == QList<int>{Qt::DecorationRole};
    if (keepsLayout) {
        viewport()->update();
        return;
    }
    if (roles == QList<int>{MessageModel::kLoadedRole}) return rowsLoaded(first, last);
    for (int row = first; row <= std::min(last, heights_.count() - 1); ++row) {
        if (model_->isLoaded(row)) {
            changed_.insert(row);
        } else {
            layouts_.remove(row);
            isExact_[static_cast<std::size_t>(row)] = false;
        }
    }
    // Text that grows waits for the next frame; everything else is shown at once.
    const bool isGrowing = first == last && model_->at(first).state == MessageState::kStreaming;
    if (!isGrowing || !frame_.isActive()) showChanges();
}

void MessageView::showChanges() {
    if (changed_.isEmpty() || !model_) return;
    const QSet<int> rows = std::exchange(changed_, {});
    int changedFrom = 0;
    for (const int row : rows) {
        if (row >= heights_.count()) continue;
        if (MessageLayout* layout = layouts_.object(row))
            changedFrom = layout->update(model_->at(row), surroundings(row));
        isExact_[static_cast<std::size_t>(row)] = false;
    }
    frame_.start();
    // A reply that arrives is drawn again only from where it changes.
    const int growing = *rows.begin();
    const bool isGrowing =
        rows.size() == 1 && isRow(growing) && model_->at(growing).state == MessageState::kStreaming;
    if (!isGrowing || settleQuietly(growing)) return settle();
    const int top = std::max(rowTop(growing) + changedFrom, 0);
    if (top < viewport()->height())
        viewport()->update(0, top, viewport()->width(), viewport()->height() - top);
}

MessageSurroundings MessageView::surroundings(int row) const {
    return {.width = viewport()->width(),
            .startsSession = model_->startsSession(row),
            .hasAction = actionOf(row) != Action::kNone,
            .showsSource = showsSource(row)};
}

MessageView::Action MessageView::actionOf(int row) const {
    if (!canAskAgain_ || row < 0 || row != model_->rowCount() - 1) return Action::kNone;
    const MessageItem& item = model_->at(row);
    if (item.role != Role::kAssistant) return Action::kNone;
    const bool isUnfinished = item.state == MessageState::kCutOff || item.state == MessageState::kFailed ||
                              item.state == MessageState::kStopped;
    if (isUnfinished) return Action::kAskAgain;
    const bool isAtLimit = item.state == MessageState::kComplete && item.details.endedAtLimit();
    return isAtLimit && !item.text.isEmpty() ? Action::kContinue : Action::kNone;
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

QRect MessageView::rowRect(int row) const {
    return {0, rowTop(row), viewport()->width(), heights_.height(row)};
}

int MessageView::rowAtPoint(QPoint point) const {
    const int row = model_ ? rowAt(point) : -1;
    return row >= 0 && rowRect(row).contains(point) ? row : -1;
}

bool MessageView::settleOnce(QSet<int>* resized) {
    bool isChanged = false;
    if (followsEnd_) verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    for (int row = std::max(rowAt({0, 0}), 0); row < heights_.count() && rowTop(row) < viewport()->height();
         ++row) {
        const int top = rowTop(row);
        if (!model_->isLoaded(row)) continue;
        MessageLayout& layout = layoutOf(row);
        const bool isExact = isExact_[static_cast<std::size_t>(row)];
        int grownAbove = top < 0 && !isExact ? layout.height() - heights_.height(row) : 0;
        grownAbove += layout.settle(model_->at(row), surroundings(row), -top, viewport()->height() - top);
        isExact_[static_cast<std::size_t>(row)] = true;
        if (layout.height() == heights_.height(row)) continue;
        isChanged = true;
        resized->insert(row);
        heights_.set(row, layout.height());
        updateScrollBar();
        // What is in sight stays in place when something above it becomes higher.
        if (grownAbove != 0 && !followsEnd_) {
            verticalScrollBar()->setValue(verticalScrollBar()->value() + grownAbove);
            resized->insert(-1);
        }
    }
    return isChanged;
}

void MessageView::settle() {
    if (isSettling_) return;
    settleQuietly(-1);
    viewport()->update();
}

/// Returns whether anything must be drawn again besides `growing`, a row that became higher, and what it
/// moves.
bool MessageView::settleQuietly(int growing) {
    if (isSettling_) return false;
    QSet<int> resized;
    isSettling_ = true;
    updateScrollBar();
    for (int pass = 0; pass < kSettlingPasses && settleOnce(&resized); ++pass) {
    }
    if (followsEnd_) verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    isSettling_ = false;
    placeAction();
    if (model_) model_->want(rowAt({0, 0}), rowAt({0, viewport()->height() - 1}));
    resized.remove(growing);
    return !resized.isEmpty();
}

void MessageView::updateScrollBar() {
    const int height = viewport()->height();
    verticalScrollBar()->setPageStep(height);
    verticalScrollBar()->setSingleStep(Theme::current().px(44));
    verticalScrollBar()->setRange(0, std::max(0, heights_.total() + 2 * padding() - height));
}

void MessageView::describeAction(Action action) {
    const bool continues = action == Action::kContinue;
    action_->setText(continues ? tr("Con&tinue") : tr("Ask a&gain"));
    action_->setAccessibleDescription(continues
                                          ? tr("Goes on with the reply, which ended at a limit")
                                          : tr("Repeats the last question; its answer was not finished"));
}

void MessageView::placeAction() {
    const int last = heights_.count() - 1;
    const Action action = last < 0 ? Action::kNone : actionOf(last);
    if (action == Action::kNone || rowTop(last) > viewport()->height()) {
        action_->hide();
        return;
    }
    describeAction(action);
    action_->adjustSize();
    action_->move(layoutOf(last).action() + QPoint(0, rowTop(last)));
    action_->show();
}

void MessageView::scrollToRow(int row) {
    if (row < 0 || row >= heights_.count()) return;
    followsEnd_ = false;
    setCurrentRow(row);
    isSettling_ = true;
    QSet<int> resized;
    for (int pass = 0; pass < kSettlingPasses; ++pass) {
        verticalScrollBar()->setValue(heights_.top(row));
        if (!settleOnce(&resized)) break;
    }
    isSettling_ = false;
    settle();
}

void MessageView::showRowAt(int row, int top) {
    if (row < 0 || row >= heights_.count()) return;
    followsEnd_ = false;
    verticalScrollBar()->setValue(padding() + heights_.top(row) - top);
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
    // In a very long message heights are guesses until they are in sight.
    for (int pass = 0; pass < kSettlingPasses && !isInSight(); ++pass) {
        const int third = viewport()->height() / 3;
        verticalScrollBar()->setValue(verticalScrollBar()->value() + placeOf().top() - third);
    }
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
    const bool isAnother = currentRow_ != row;
    currentRow_ = row;
    if (isAnother && model_) model_->setCurrent(row);
    viewport()->update();
    if (!isAnother || !hasFocus() || !isRow(row)) return;
    // An interface of another kind would be asked for a child that it does not have.
    if (dynamic_cast<AccessibleMessages*>(QAccessible::queryAccessibleInterface(this)) == nullptr) return;
    QAccessibleEvent focus(this, QAccessible::Focus);
    focus.setChild(row);
    QAccessible::updateAccessibility(&focus);
}

void MessageView::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    painter.fillRect(event->rect(), Theme::current().colors().background);
    if (!model_ || heights_.count() == 0) return;
    const QRect dirty = event->rect();
    for (int row = std::max(rowAt(dirty.topLeft()), 0); row < heights_.count(); ++row) {
        const int top = rowTop(row);
        if (top > dirty.bottom()) break;
        const MessageItem& item = model_->at(row);
        if (!item.isLoaded) {
            paintUnloaded(painter, {0, top, viewport()->width(), heights_.height(row)});
            continue;
        }
        BodyPaint body{.marks = {.selection = selection_.in(row), .tint = model_->tintOf(item.id)},
                       .clip = dirty,
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
    layOutAnew();
}

/// All rows have other heights; what is at the top, current and selected stays so.
void MessageView::layOutAnew() {
    const bool wasAtEnd = followsEnd_;
    const int anchor = model_ ? anchorRow() : -1;
    const int top = anchor >= 0 ? rowTop(anchor) : 0;
    const int height = anchor >= 0 ? std::max(heights_.height(anchor), 1) : 1;
    const int current = currentRow_;
    const MessageSelection selection = selection_;
    reset();
    currentRow_ = current;
    if (model_) model_->setCurrent(current);
    selection_ = selection;
    if (wasAtEnd || anchor < 0) return;
    followsEnd_ = false;
    // In a row that fills the view the place is about as far from its beginning as before.
    const auto above = static_cast<int>(qint64{std::max(-top, 0)} * heights_.height(anchor) / height);
    verticalScrollBar()->setValue(padding() + heights_.top(anchor) - (top < 0 ? -above : top));
    settle();
}

void MessageView::scrollContentsBy(int, int dy) {
    // Pixels that are there are moved; a fraction of a pixel cannot be.
    const double ratio = devicePixelRatioF();
    if (ratio == std::floor(ratio)) {
        viewport()->scroll(0, dy);
    } else {
        viewport()->update();
    }
    if (isSettling_) return;
    followsEnd_ = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - Theme::current().px(8);
    if (settleQuietly(-1)) viewport()->update();
}

void MessageView::changeEvent(QEvent* event) {
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::StyleChange) layOutAnew();
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
