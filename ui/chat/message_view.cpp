#include "ui/chat/message_view.h"

#include <algorithm>

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QEvent>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>
#include <QTextBoundaryFinder>
#include <QToolTip>

#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

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
}

void MessageView::setModel(MessageModel* model) {
    if (model_ == model) return;
    if (model_) model_->disconnect(this);
    model_ = model;
    if (model_) {
        connect(model_, &MessageModel::modelReset, this, &MessageView::reset);
        connect(model_, &MessageModel::rowsInserted, this, &MessageView::rowsInserted);
        connect(model_,
                &MessageModel::dataChanged,
                this,
                [this](const QModelIndex& first, const QModelIndex& last, const QList<int>& roles) {
                    rowsChanged(first.row(), last.row(), roles);
                });
    }
    reset();
}

void MessageView::setCanAskAgain(bool canAskAgain) {
    if (canAskAgain_ == canAskAgain) return;
    canAskAgain_ = canAskAgain;
    if (model_ && model_->rowCount() > 0) rowsChanged(model_->rowCount() - 1, model_->rowCount() - 1, {});
}

void MessageView::reset() {
    selection_ = {};
    currentRow_ = -1;
    followsEnd_ = true;
    layouts_.clear();
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

void MessageView::rowsInserted() {
    if (heights_.count() > 0) rowsChanged(heights_.count() - 1, heights_.count() - 1, {});
    while (heights_.count() < model_->rowCount()) {
        const int row = heights_.count();
        heights_.append(MessageLayout::estimateHeight(model_->at(row), surroundings(row)));
        isExact_.push_back(false);
    }
    settle();
}

void MessageView::rowsChanged(int first, int last, const QList<int>& roles) {
    const bool keepsLayout =
        roles == QList<int>{Qt::BackgroundRole} || roles == QList<int>{Qt::DecorationRole};
    if (!keepsLayout) {
        for (int row = first; row <= std::min(last, heights_.count() - 1); ++row) {
            layouts_.remove(row);
            isExact_[static_cast<std::size_t>(row)] = false;
        }
        settle();
    }
    viewport()->update();
}

MessageSurroundings MessageView::surroundings(int row) const {
    return {.width = viewport()->width(),
            .startsSession = model_->startsSession(row),
            .hasAction = hasAction(row)};
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

void MessageView::setCurrentRow(int row) {
    currentRow_ = row;
    setAccessibleDescription(row >= 0 && row < heights_.count()
                                 ? model_->data(model_->index(row), Qt::AccessibleTextRole).toString()
                                 : QString());
    viewport()->update();
}

QString MessageView::selectedText() const {
    if (!model_ || selection_.row < 0 || selection_.row >= model_->rowCount()) return {};
    return model_->at(selection_.row).text.mid(selection_.begin(), selection_.end() - selection_.begin());
}

void MessageView::copy() {
    QString text = selectedText();
    if (text.isEmpty() && currentRow_ >= 0 && currentRow_ < heights_.count())
        text = model_->at(currentRow_).text;
    if (!text.isEmpty()) QApplication::clipboard()->setText(text);
}

void MessageView::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    painter.fillRect(event->rect(), Theme::current().colors().background);
    if (!model_ || heights_.count() == 0) return;
    for (int row = std::max(rowAt({0, 0}), 0); row < heights_.count(); ++row) {
        const int top = rowTop(row);
        if (top >= viewport()->height()) break;
        const MessageItem& item = model_->at(row);
        const bool isSelected = selection_.row == row;
        const MessagePaint how{.isCurrent = row == currentRow_ && hasFocus(),
                               .selectionBegin = isSelected ? selection_.begin() : 0,
                               .selectionEnd = isSelected ? selection_.end() : 0,
                               .tint = model_->tintOf(item.id)};
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

void MessageView::keyPressEvent(QKeyEvent* event) {
    const int count = heights_.count();
    const bool isPlain = event->modifiers() == Qt::NoModifier;
    const bool movesMessage = event->modifiers() == Qt::AltModifier;
    if (event->matches(QKeySequence::Copy) || (isPlain && event->key() == Qt::Key_C)) {
        copy();
    } else if (isPlain && event->key() == Qt::Key_H) {
        Q_EMIT
        tintToggled();
    } else if (movesMessage && event->key() == Qt::Key_Up && count > 0) {
        scrollToRow(std::max(0, (currentRow_ < 0 ? count : currentRow_) - 1));
    } else if (movesMessage && event->key() == Qt::Key_Down && count > 0) {
        scrollToRow(std::min(count - 1, currentRow_ + 1));
    } else if (event->key() == Qt::Key_Home) {
        verticalScrollBar()->setValue(0);
    } else if (event->key() == Qt::Key_End) {
        scrollToEnd();
    } else {
        QAbstractScrollArea::keyPressEvent(event);
    }
}

void MessageView::mousePressEvent(QMouseEvent* event) {
    const QPoint point = event->position().toPoint();
    const int row = model_ ? rowAt(point) : -1;
    if (row < 0 || event->button() != Qt::LeftButton) return;
    const QPoint local = point - QPoint(0, rowTop(row));
    const MessageLayout& layout = layoutOf(row);
    if (layout.chip().contains(local)) {
        Q_EMIT
        episodeActivated(model_->at(row).details.episode.value_or(0));
        return;
    }
    const int position = layout.positionAt(local);
    selection_ = {.row = row, .anchor = position, .cursor = position};
    setCurrentRow(row);
}

void MessageView::mouseMoveEvent(QMouseEvent* event) {
    const QPoint point = event->position().toPoint();
    if (event->buttons() & Qt::LeftButton) {
        if (selection_.row < 0) return;
        selection_.cursor = layoutOf(selection_.row).positionAt(point - QPoint(0, rowTop(selection_.row)));
        viewport()->update();
        return;
    }
    const int row = model_ ? rowAt(point) : -1;
    if (row < 0) return;
    const QPoint local = point - QPoint(0, rowTop(row));
    const MessageLayout& layout = layoutOf(row);
    viewport()->setCursor(layout.chip().contains(local)   ? Qt::PointingHandCursor
                          : layout.text().contains(local) ? Qt::IBeamCursor
                                                          : Qt::ArrowCursor);
}

void MessageView::mouseDoubleClickEvent(QMouseEvent* event) {
    const QPoint point = event->position().toPoint();
    const int row = model_ ? rowAt(point) : -1;
    if (row < 0) return;
    const int position = layoutOf(row).positionAt(point - QPoint(0, rowTop(row)));
    QTextBoundaryFinder finder(QTextBoundaryFinder::Word, model_->at(row).text);
    finder.setPosition(position);
    const auto begin = finder.isAtBoundary() ? position : finder.toPreviousBoundary();
    finder.setPosition(position);
    const auto end = finder.toNextBoundary();
    selection_ = {.row = row,
                  .anchor = static_cast<int>(std::max<qsizetype>(begin, 0)),
                  .cursor = static_cast<int>(end < 0 ? position : end)};
    viewport()->update();
}

void MessageView::contextMenuEvent(QContextMenuEvent* event) {
    const bool isFromKeyboard = event->reason() == QContextMenuEvent::Keyboard;
    const int row =
        isFromKeyboard ? currentRow_ : (model_ ? rowAt(viewport()->mapFromGlobal(event->globalPos())) : -1);
    if (row < 0) return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QString selected = selectedText();
    if (!selected.isEmpty()) {
        menu->addAction(
            tr("Copy &selection"), this, [selected] { QApplication::clipboard()->setText(selected); });
    }
    menu->addAction(tr("&Copy message"), this, [text = model_->at(row).text] {
        QApplication::clipboard()->setText(text);
    });
    if (hasAction(row)) menu->addAction(tr("Ask &again"), this, &MessageView::askAgainRequested);
    if (const int episode = model_->at(row).episode; episode >= 0) {
        menu->addAction(tr("Show episode &%1").arg(episode + 1), this, [this, episode] {
            Q_EMIT
            episodeActivated(episode);
        });
    }
    menu->popup(event->globalPos());
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

bool MessageView::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip && model_) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int row = rowAt(help->pos());
        if (row >= 0 && layoutOf(row).chip().contains(help->pos() - QPoint(0, rowTop(row)))) {
            const ReplyDetails& details = model_->at(row).details;
            QToolTip::showText(help->globalPos(),
                               tr("%1\nFirst token after %2 s. Click to see the episode.")
                                   .arg(MessageLayout::chipText(model_->at(row)),
                                        QLocale().toString(details.firstTokenSeconds, 'f', 1)),
                               viewport());
            return true;
        }
    }
    return QAbstractScrollArea::viewportEvent(event);
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
