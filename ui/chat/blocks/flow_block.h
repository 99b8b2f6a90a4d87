#pragma once

#include "ui/chat/blocks/block_layout.h"

namespace epi {

/// A paragraph, a heading, an item's text, or plain text.
class FlowBlock final : public BlockLayout {
public:
    FlowBlock(markdown::Block block, int width);

protected:
    void paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const override;
    [[nodiscard]] const TextPiece* pieceAt(QPoint point, QPoint* topLeft) const override;
    [[nodiscard]] const TextPiece* pieceOf(int position, QPoint* topLeft) const override;

private:
    TextPiece piece_;
};

}  // namespace epi
