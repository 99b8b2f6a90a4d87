#pragma once

#include <vector>

#include <QCoreApplication>

#include "ui/chat/blocks/block_layout.h"

namespace epi {

/// Code in a box: the language's name, a button that copies it, and the lines, the long ones broken. Lines
/// are laid out in groups, so that code that grows costs its last group.
class CodeBlock final : public BlockLayout {
    Q_DECLARE_TR_FUNCTIONS(epi::CodeBlock)

public:
    /// `before` gives up those of its groups that look the same.
    CodeBlock(markdown::Block block, int width, CodeBlock* before);

protected:
    void paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const override;
    [[nodiscard]] const TextPiece* pieceAt(QPoint point, QPoint* topLeft) const override;
    [[nodiscard]] const TextPiece* pieceOf(int position, QPoint* topLeft) const override;
    [[nodiscard]] QRect contentButton() const override { return button_; }

private:
    struct Group {
        int top = 0;
        std::unique_ptr<TextPiece> piece;
    };
    [[nodiscard]] QPoint topLeftOf(const Group& group) const;
    void paintHeader(QPainter& painter, QPoint origin, const BlockPaint& how) const;

    std::vector<Group> groups_;
    QRect button_;
};

}  // namespace epi
