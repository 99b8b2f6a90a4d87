#include "ui/chat/blocks/flow_block.h"

#include <QPainter>

#include "ui/theme/theme.h"

namespace epi {
namespace {

QFont fontOf(const markdown::Block& block) {
    const Theme& theme = Theme::current();
    if (block.kind != markdown::BlockKind::kHeading) return theme.font(TextSize::kBody);
    if (block.level == 1) return theme.font(TextSize::kTitle, QFont::DemiBold);
    return theme.font(block.level == 2 ? TextSize::kLarge : TextSize::kBody, QFont::DemiBold);
}

PieceLook lookOf(const markdown::Block& block) {
    const QFont font = fontOf(block);
    return {.font = font, .lineHeight = lineHeightOf(font)};
}

}  // namespace

FlowBlock::FlowBlock(markdown::Block block, int width)
    : BlockLayout(std::move(block), width), piece_(this->block().text, lookOf(this->block())) {
    piece_.setWidth(contentWidth());
    setHeight(piece_.height());
}

void FlowBlock::paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const {
    painter.setPen(Theme::current().colors().text);
    piece_.paint(painter, origin, how.marks, how.clip);
}

const TextPiece* FlowBlock::pieceAt(QPoint, QPoint* topLeft) const {
    *topLeft = {};
    return &piece_;
}

const TextPiece* FlowBlock::pieceOf(int, QPoint* topLeft) const {
    *topLeft = {};
    return &piece_;
}

}  // namespace epi
