#pragma once

#include "ui/chat/blocks/block_layout.h"

namespace epi {

/// A line between two parts of a message.
class RuleBlock final : public BlockLayout {
public:
    RuleBlock(markdown::Block block, int width);

protected:
    void paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const override;
    [[nodiscard]] const TextPiece* pieceAt(QPoint, QPoint*) const override { return nullptr; }
    [[nodiscard]] const TextPiece* pieceOf(int, QPoint*) const override { return nullptr; }
};

}  // namespace epi
