#pragma once

#include <vector>

#include "ui/chat/blocks/block_layout.h"

namespace epi {

/// A table: columns as wide as their cells need, narrower and with broken lines where there is no room.
class TableBlock final : public BlockLayout {
public:
    /// `before` gives up those of its cells that look the same.
    TableBlock(markdown::Block block, int width, TableBlock* before);

protected:
    void paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const override;
    [[nodiscard]] const TextPiece* pieceAt(QPoint point, QPoint* topLeft) const override;
    [[nodiscard]] const TextPiece* pieceOf(int position, QPoint* topLeft) const override;

private:
    struct Cell {
        int naturalWidth = 0;
        std::unique_ptr<TextPiece> piece;
    };
    void makeCells(TableBlock* before);
    void shareWidth();
    void stackRows();
    [[nodiscard]] int columns() const { return block().columns; }
    [[nodiscard]] int rowCount() const { return static_cast<int>(rowTops_.size()) - 1; }
    [[nodiscard]] QPoint topLeftOf(std::size_t cell) const;

    std::vector<Cell> cells_;
    std::vector<int> lefts_;    // of the columns, and the right edge of the last
    std::vector<int> rowTops_;  // and the bottom of the last
};

/// Widths of columns that would like `natural` ones and have `available` in all: those that need less than an
/// equal share get what they need, the others share the rest.
std::vector<int> sharedWidths(const std::vector<int>& natural, int available);

}  // namespace epi
