#include "ui/chat/blocks/block_layout.h"

#include <algorithm>

#include <QFontMetrics>
#include <QPainter>

#include "ui/chat/blocks/code_block.h"
#include "ui/chat/blocks/flow_block.h"
#include "ui/chat/blocks/rule_block.h"
#include "ui/chat/blocks/table_block.h"
#include "ui/theme/theme.h"

namespace epi {

using markdown::BlockKind;
using markdown::Container;

namespace {

constexpr double kLineHeight = 1.45;

int widthOf(const Container& container) {
    const Theme& theme = Theme::current();
    if (container.kind == Container::Kind::kQuote) return theme.px(16);
    const int digit = QFontMetrics(theme.font(TextSize::kBody)).horizontalAdvance(u'0');
    return std::max(theme.px(24), digit * container.markerCharacters + theme.px(10));
}

}  // namespace

int lineHeightOf(const QFont& font) {
    return std::max(static_cast<int>(font.pixelSize() * kLineHeight), QFontMetrics(font).height());
}

std::unique_ptr<BlockLayout> BlockLayout::make(markdown::Block block,
                                               int width,
                                               std::unique_ptr<BlockLayout> before) {
    if (before && before->width_ == width && before->block_ == block) return before;
    switch (block.kind) {
        case BlockKind::kCode:
            return std::make_unique<CodeBlock>(
                std::move(block), width, dynamic_cast<CodeBlock*>(before.get()));
        case BlockKind::kTable:
            return std::make_unique<TableBlock>(
                std::move(block), width, dynamic_cast<TableBlock*>(before.get()));
        case BlockKind::kRule:
            return std::make_unique<RuleBlock>(std::move(block), width);
        case BlockKind::kParagraph:
        case BlockKind::kHeading:
        case BlockKind::kPlain:
            break;
    }
    return std::make_unique<FlowBlock>(std::move(block), width);
}

int BlockLayout::estimateHeight(const markdown::Block& block, int width) {
    const Theme& theme = Theme::current();
    const int body = theme.font(TextSize::kBody).pixelSize();
    const int perLine = std::max(8, width * 100 / (body * 55));
    const auto rows = static_cast<int>(block.cells.size()) / std::max(block.columns, 1);
    const auto lines = static_cast<int>(block.text.length() / perLine + 1 + block.text.text.count(u'\n'));
    const int around = block.kind == BlockKind::kCode ? theme.px(50) : 0;
    return (lines + rows) * static_cast<int>(body * kLineHeight) + around;
}

BlockLayout::BlockLayout(markdown::Block block, int width) : block_(std::move(block)), width_(width) {
    for (const Container& container : block_.containers)
        contentLeft_ += widthOf(container);
    // Text in many lists keeps half of the width; what is deeper is not indented further.
    contentLeft_ = std::min(contentLeft_, width_ / 2);
}

BlockLayout::~BlockLayout() = default;

void BlockLayout::paint(QPainter& painter, QPoint origin, const BlockPaint& how) const {
    const Theme& theme = Theme::current();
    int x = 0;
    int shared = how.sharedContainers;
    for (const Container& container : block_.containers) {
        if (container.kind == Container::Kind::kQuote && x < contentLeft_) {
            const int gap = shared > 0 ? how.quoteGap : 0;
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.colors().border);
            painter.drawRect(QRect(origin + QPoint(x, -gap), QSize(theme.px(3), height_ + gap)));
        }
        --shared;
        x += widthOf(container);
    }
    if (!block_.marker.isEmpty()) {
        const QFont font = theme.font(TextSize::kBody);
        painter.setFont(font);
        painter.setPen(theme.colors().secondaryText);
        const QRect rect(origin.x(), origin.y(), contentLeft_ - theme.px(8), lineHeightOf(font));
        painter.drawText(rect, Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, block_.marker);
    }
    paintContent(painter, origin + QPoint(contentLeft_, 0), how);
}

int BlockLayout::positionAt(QPoint point) const {
    QPoint topLeft;
    const QPoint inside = point - QPoint(contentLeft_, 0);
    const TextPiece* piece = pieceAt(inside, &topLeft);
    return piece != nullptr ? piece->positionAt(inside - topLeft) : block_.text.shownBegin;
}

const markdown::Span* BlockLayout::linkAt(QPoint point) const {
    QPoint topLeft;
    const QPoint inside = point - QPoint(contentLeft_, 0);
    const TextPiece* piece = pieceAt(inside, &topLeft);
    return piece != nullptr ? piece->linkAt(inside - topLeft) : nullptr;
}

bool BlockLayout::isTextAt(QPoint point) const {
    QPoint topLeft;
    return point.x() >= contentLeft_ && !button().contains(point) &&
           pieceAt(point - QPoint(contentLeft_, 0), &topLeft) != nullptr;
}

QRect BlockLayout::lineOf(int position) const {
    QPoint topLeft;
    const TextPiece* piece = pieceOf(position, &topLeft);
    if (piece == nullptr) return {0, 0, width_, height_};
    return piece->lineOf(position).toAlignedRect().translated(topLeft + QPoint(contentLeft_, 0));
}

QRect BlockLayout::button() const {
    const QRect button = contentButton();
    return button.isEmpty() ? button : button.translated(contentLeft_, 0);
}

}  // namespace epi
