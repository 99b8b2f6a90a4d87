#pragma once

#include <vector>

#include <QCoreApplication>

#include "ui/chat/blocks/block_layout.h"
#include "ui/highlight/highlighter.h"

namespace epi {

/// Code in a box: the language's name, a button that copies it, and the lines, the long ones broken. Lines
/// are laid out in groups, so that code that grows costs its last group. Colours come when it is drawn.
class CodeBlock final : public BlockLayout {
    Q_DECLARE_TR_FUNCTIONS(epi::CodeBlock)

public:
    /// `before` gives up those of its groups that look the same.
    CodeBlock(markdown::Block block, int width, CodeBlock* before);

    [[nodiscard]] int changedFrom() const override { return changedFrom_; }

protected:
    void paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const override;
    [[nodiscard]] const TextPiece* pieceAt(QPoint point, QPoint* topLeft) const override;
    [[nodiscard]] const TextPiece* pieceOf(int position, QPoint* topLeft) const override;
    [[nodiscard]] QRect contentButton() const override { return button_; }

private:
    struct Group {
        int top = 0;
        std::unique_ptr<TextPiece> piece;
        mutable int revision = 0;  // of the colours it has
    };
    [[nodiscard]] bool takeOver(CodeBlock* before);
    [[nodiscard]] int firstColorChange(int top);
    [[nodiscard]] QPoint topLeftOf(const Group& group) const;
    void color(const Group& group) const;
    void colorWhatIsIn(const QRect& clip, QPoint origin) const;
    void paintHeader(QPainter& painter, QPoint origin, const BlockPaint& how) const;

    std::vector<Group> groups_;
    const CodeLanguage* language_ = nullptr;    // null: one without colours
    std::unique_ptr<Highlighter> highlighter_;  // the same
    mutable bool isColored_ = false;            // it was drawn
    int changedFrom_ = 0;
    QRect button_;
};

}  // namespace epi
