// What mouse and keyboard do in the message view.

#include <algorithm>
#include <limits>

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QMenu>
#include <QScrollBar>
#include <QTextBoundaryFinder>
#include <QToolTip>

#include "ui/chat/link_dialog.h"
#include "ui/chat/message_view.h"
#include "ui/chat/selection_copier.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kCopiedAtOnce = 200;  // messages of which the window can wait for the text

QString capped(const QString& text, int length) {
    const QString line = text.simplified();
    return line.size() <= length ? line : line.left(length - 1) + u'…';
}

/// A text for a menu entry, where "&" would mark a letter.
QString menuText(const QString& text) {
    return QString(text).replace(u'&', u"&&"_s);
}

void setClipboard(const QString& text) {
    if (!text.isEmpty()) QApplication::clipboard()->setText(text);
}

}  // namespace

markdown::Document MessageView::documentOf(int row) const {
    if (const MessageLayout* layout = layouts_.object(row)) return layout->body().document();
    const MessageItem& item = model_->at(row);
    return {item.text, MessageLayout::syntaxOf(item, showsSource(row))};
}

void MessageView::select(const MessageSelection& selection) {
    selection_ = selection;
    viewport()->update();
}

void MessageView::selectAll() {
    if (!model_ || model_->rowCount() == 0) return;
    const int last = model_->rowCount() - 1;
    const int end = model_->isLoaded(last) ? documentOf(last).shownLength() : std::numeric_limits<int>::max();
    select({.anchor = {0, 0}, .cursor = {last, end}});
}

QString MessageView::selectedText() const {
    return selectedParts(false);
}

QString MessageView::selectedSource() const {
    return selectedParts(true);
}

QString MessageView::selectedParts(bool isSource) const {
    QStringList parts;
    if (selection_.isEmpty()) return {};
    for (int row = selection_.begin().row; isRow(row) && row <= selection_.end().row; ++row) {
        if (model_->isLoaded(row)) parts << selectedPart(documentOf(row), selection_.in(row), isSource);
    }
    return parts.join(kBetweenMessages);
}

void MessageView::copySelection(bool isSource) {
    const int messages = selection_.end().row - selection_.begin().row + 1;
    bool isAllThere = messages <= kCopiedAtOnce;
    for (int row = selection_.begin().row; isRow(row) && row <= selection_.end().row && isAllThere; ++row)
        isAllThere = model_->isLoaded(row);
    if (isAllThere) return setClipboard(selectedParts(isSource));
    Q_EMIT
    copying(messages, false);
    copier_->start(*model_, selection_, {.isSource = isSource, .sourceShown = sourceShown_});
}

void MessageView::copy() {
    if (!selection_.isEmpty()) return copySelection(false);
    if (!isRow(currentRow_)) return;
    model_->load({currentRow_}, this, [this, id = model_->ids()[currentRow_]] {
        if (model_) setClipboard(documentOf(model_->rowOf(id)).shownText());
    });
}

void MessageView::copyAsMarkdown() {
    if (!selection_.isEmpty()) return copySelection(true);
    if (!isRow(currentRow_)) return;
    model_->load({currentRow_}, this, [this, id = model_->ids()[currentRow_]] {
        if (model_) setClipboard(model_->at(model_->rowOf(id)).text);
    });
}

void MessageView::copyBlock(BlockPlace place) {
    const MessageBody& body = layoutOf(place.row).body();
    if (place.block >= body.blockCount()) return;
    setClipboard(body.block(place.block).text.text);
    done_ = place;
    doneTimer_.start();
    viewport()->update();
}

void MessageView::keyPressEvent(QKeyEvent* event) {
    const int count = heights_.count();
    const bool isPlain = event->modifiers() == Qt::NoModifier;
    const bool movesMessage = event->modifiers() == Qt::AltModifier;
    if (event->matches(QKeySequence::Copy) || (isPlain && event->key() == Qt::Key_C)) {
        copy();
    } else if (event->matches(QKeySequence::SelectAll)) {
        selectAll();
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

ChatPosition MessageView::positionAt(QPoint point) {
    const int row = model_ ? rowAt(point) : -1;
    if (row < 0) return {};
    return {row, layoutOf(row).positionAt(point - QPoint(0, rowTop(row)))};
}

void MessageView::mousePressEvent(QMouseEvent* event) {
    const QPoint point = event->position().toPoint();
    const int row = model_ ? rowAt(point) : -1;
    if (row < 0 || event->button() != Qt::LeftButton) return;
    const QPoint local = point - QPoint(0, rowTop(row));
    const MessageLayout& layout = layoutOf(row);
    if (layout.chip().contains(local)) {
        setCurrentRow(row);
        Q_EMIT
        detailsRequested();
        return;
    }
    const int versionStep = layout.versionStepAt(local);
    const BodySpot spot = layout.spotAt(local);
    setCurrentRow(row);
    if (versionStep != 0) {
        Q_EMIT
        versionRequested(row, versionStep);
        return;
    }
    if (spot.isButton) return copyBlock({row, spot.block});
    const bool isThirdClick =
        doubleClicked_.isValid() && !doubleClicked_.hasExpired(QApplication::doubleClickInterval());
    doubleClicked_.invalidate();
    if (isThirdClick && spot.block >= 0) {
        const markdown::Range range = markdown::shownRangeOf(layout.body().block(spot.block));
        return select({.anchor = {row, range.begin}, .cursor = {row, range.end}});
    }
    pressedLink_ = spot.link;
    isSelecting_ = true;
    const ChatPosition position{row, spot.position};
    const bool isExtended = event->modifiers() == Qt::ShiftModifier && selection_.anchor.row >= 0;
    select({.anchor = isExtended ? selection_.anchor : position, .cursor = position});
}

void MessageView::extendSelection() {
    const QPoint point = viewport()->mapFromGlobal(QCursor::pos());
    const int beyond = point.y() < 0 ? point.y() : std::max(0, point.y() - viewport()->height());
    if (beyond == 0) return autoScroll_.stop();
    verticalScrollBar()->setValue(verticalScrollBar()->value() + beyond / 2);
    selection_.cursor = positionAt({point.x(), std::clamp(point.y(), 0, viewport()->height() - 1)});
    viewport()->update();
}

void MessageView::mouseMoveEvent(QMouseEvent* event) {
    const QPoint point = event->position().toPoint();
    if (event->buttons() & Qt::LeftButton) {
        if (!isSelecting_) return;
        const bool isBeyond = point.y() < 0 || point.y() >= viewport()->height();
        if (isBeyond && !autoScroll_.isActive()) autoScroll_.start();
        selection_.cursor = positionAt({point.x(), std::clamp(point.y(), 0, viewport()->height() - 1)});
        viewport()->update();
        return;
    }
    const int row = model_ ? rowAt(point) : -1;
    if (row < 0) return;
    const QPoint local = point - QPoint(0, rowTop(row));
    const MessageLayout& layout = layoutOf(row);
    const BodySpot spot = layout.spotAt(local);
    setHot(spot.isButton ? BlockPlace{row, spot.block} : BlockPlace{});
    const bool isPressable = layout.chip().contains(local) || spot.isButton || !spot.link.isEmpty() ||
                             layout.versionStepAt(local) != 0;
    viewport()->setCursor(isPressable   ? Qt::PointingHandCursor
                          : spot.isText ? Qt::IBeamCursor
                                        : Qt::ArrowCursor);
}

void MessageView::setHot(BlockPlace place) {
    if (hot_ == place) return;
    hot_ = place;
    viewport()->update();
}

void MessageView::mouseReleaseEvent(QMouseEvent* event) {
    autoScroll_.stop();
    if (!std::exchange(isSelecting_, false) || event->button() != Qt::LeftButton) return;
    const QString pressed = std::exchange(pressedLink_, {});
    const QPoint point = event->position().toPoint();
    const int row = model_ ? rowAt(point) : -1;
    if (pressed.isEmpty() || row < 0 || !selection_.isEmpty()) return;
    if (layoutOf(row).spotAt(point - QPoint(0, rowTop(row))).link == pressed) askToOpenLink(this, pressed);
}

void MessageView::mouseDoubleClickEvent(QMouseEvent* event) {
    const ChatPosition clicked = positionAt(event->position().toPoint());
    if (clicked.row < 0 || event->button() != Qt::LeftButton) return;
    const QString text = documentOf(clicked.row).shownText();
    QTextBoundaryFinder finder(QTextBoundaryFinder::Word, text);
    finder.setPosition(clicked.position);
    const auto begin = finder.isAtBoundary() ? clicked.position : finder.toPreviousBoundary();
    finder.setPosition(clicked.position);
    const auto end = finder.toNextBoundary();
    pressedLink_.clear();
    doubleClicked_.start();
    select({.anchor = {clicked.row, static_cast<int>(std::max<qsizetype>(begin, 0))},
            .cursor = {clicked.row, static_cast<int>(end < 0 ? clicked.position : end)}});
}

void MessageView::addBlockActions(QMenu* menu, int row) {
    const MessageBody& body = layoutOf(row).body();
    std::vector<int> codes;
    QStringList links;
    const auto collect = [&links](const markdown::StyledText& text) {
        for (const markdown::Span& span : text.spans) {
            if (!span.target.isEmpty() && !links.contains(span.target)) links << span.target;
        }
    };
    for (int i = 0; i < body.blockCount(); ++i) {
        const markdown::Block& block = body.block(i);
        if (block.kind == markdown::BlockKind::kCode) codes.push_back(i);
        collect(block.text);
        std::ranges::for_each(block.cells, collect);
    }
    const bool isOneCode = codes.size() == 1;
    QMenu* codeMenu = codes.empty() || isOneCode ? menu : menu->addMenu(tr("Cop&y code"));
    for (const int index : codes) {
        const QString first = capped(body.block(index).text.text.section(u'\n', 0, 0), 40);
        codeMenu->addAction(isOneCode ? tr("Cop&y code") : menuText(first), this, [this, row, index] {
            if (isRow(row)) copyBlock({row, index});
        });
    }
    if (links.isEmpty()) return;
    QMenu* linkMenu = menu->addMenu(tr("Open &link"));
    for (const QString& target : links) {
        linkMenu->addAction(
            menuText(capped(linkTip(target), 60)), this, [this, target] { askToOpenLink(this, target); });
    }
}

QMenu* MessageView::makeMenu(int row) {
    auto* menu = new QMenu(this);
    const MessageItem& item = model_->at(row);
    const bool isMarkdown = MessageLayout::syntaxOf(item, false) == markdown::Syntax::kMarkdown;
    if (!selection_.isEmpty()) {
        menu->addAction(tr("Copy &selection"), this, [this] { copySelection(false); });
        menu->addAction(tr("Copy selection as &Markdown"), this, [this] { copySelection(true); });
        menu->addSeparator();
    }
    menu->addAction(tr("&Copy message"), this, [text = documentOf(row).shownText()] { setClipboard(text); });
    if (isMarkdown)
        menu->addAction(tr("Copy message as Mar&kdown"), this, [text = item.text] { setClipboard(text); });
    addBlockActions(menu, row);
    if (isMarkdown) {
        QAction* source = menu->addAction(tr("Show so&urce"));
        source->setCheckable(true);
        source->setChecked(showsSource(row));
        connect(source, &QAction::toggled, this, [this, id = item.id](bool isOn) {
            if (model_) setShowsSource(model_->rowOf(id), isOn);
        });
    }
    if (actionOf(row) == Action::kAskAgain)
        menu->addAction(tr("Ask a&gain"), this, &MessageView::askAgainRequested);
    if (const int episode = item.episode; episode >= 0) {
        menu->addAction(tr("Show episode &%1").arg(episode + 1), this, [this, episode] {
            Q_EMIT
            episodeActivated(episode);
        });
    }
    Q_EMIT
    menuOpening(menu, row);
    return menu;
}

void MessageView::contextMenuEvent(QContextMenuEvent* event) {
    const bool isFromKeyboard = event->reason() == QContextMenuEvent::Keyboard;
    const int row =
        isFromKeyboard ? currentRow_ : (model_ ? rowAt(viewport()->mapFromGlobal(event->globalPos())) : -1);
    if (!isRow(row)) return;
    model_->load({row}, this, [this, id = model_->ids()[row], at = event->globalPos()] {
        if (!model_) return;
        QMenu* menu = makeMenu(model_->rowOf(id));
        menu->setAttribute(Qt::WA_DeleteOnClose);
        menu->popup(at);
    });
}

bool MessageView::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave) setHot({});
    if (event->type() != QEvent::ToolTip || !model_) return QAbstractScrollArea::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const int row = rowAt(help->pos());
    if (row < 0) return QAbstractScrollArea::viewportEvent(event);
    const QPoint local = help->pos() - QPoint(0, rowTop(row));
    const MessageLayout& layout = layoutOf(row);
    if (layout.chip().contains(local)) {
        const ReplyDetails& details = model_->at(row).details;
        QToolTip::showText(help->globalPos(),
                           tr("%1\nFirst token after %2 s. Click to see where the reply came from.")
                               .arg(MessageLayout::chipText(model_->at(row)),
                                    QLocale().toString(details.firstTokenSeconds, 'f', 1)),
                           viewport());
        return true;
    }
    const BodySpot spot = layout.spotAt(local);
    if (spot.link.isEmpty()) {
        QToolTip::hideText();
        return QAbstractScrollArea::viewportEvent(event);
    }
    QToolTip::showText(help->globalPos(), linkTip(spot.link), viewport());
    return true;
}

}  // namespace epi
