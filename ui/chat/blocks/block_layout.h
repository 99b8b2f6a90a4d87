#pragma once

#include <memory>

#include <QPoint>
#include <QRect>

#include "ui/chat/blocks/text_piece.h"
#include "ui/markdown/blocks.h"

class QPainter;

namespace epi {

/// How a block is drawn just now.
struct BlockPaint {
    TextMarks marks;
    QRect clip;                 // in the painter's coordinates
    int quoteGap = 0;           // how far the bars of quotes reach up, to the block before
    int sharedContainers = 0;   // how many of its containers the block before stands in too
    bool isButtonHot = false;   // the mouse is over its button
    bool isButtonDone = false;  // it was just pressed
};

/// One block of a message laid out for a width, its indentation, list marker and quote bars included.
/// Coordinates are relative to its top left corner, positions are of the message's shown text. GUI thread
/// only.
class BlockLayout {
public:
    /// `before` showed this block when it was shorter, or is null: what of it looks the same is used again.
    static std::unique_ptr<BlockLayout> make(markdown::Block block,
                                             int width,
                                             std::unique_ptr<BlockLayout> before = nullptr);
    /// A cheap guess of a block's height at a width.
    static int estimateHeight(const markdown::Block& block, int width);
    virtual ~BlockLayout();
    BlockLayout(const BlockLayout&) = delete;
    BlockLayout& operator=(const BlockLayout&) = delete;

    [[nodiscard]] const markdown::Block& block() const { return block_; }
    [[nodiscard]] int height() const { return height_; }
    /// Above this it looks as the block looked that it was made from; 0 without one.
    [[nodiscard]] virtual int changedFrom() const { return 0; }
    void paint(QPainter& painter, QPoint origin, const BlockPaint& how) const;

    [[nodiscard]] int positionAt(QPoint point) const;
    [[nodiscard]] const markdown::Span* linkAt(QPoint point) const;
    /// Whether text that can be selected is there.
    [[nodiscard]] bool isTextAt(QPoint point) const;
    /// The line of a position.
    [[nodiscard]] QRect lineOf(int position) const;
    /// The button that copies the block's text; empty without one.
    [[nodiscard]] QRect button() const;

protected:
    BlockLayout(markdown::Block block, int width);

    /// The same in coordinates of the content: what is right of markers and bars.
    virtual void paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const = 0;
    [[nodiscard]] virtual const TextPiece* pieceAt(QPoint point, QPoint* topLeft) const = 0;
    [[nodiscard]] virtual const TextPiece* pieceOf(int position, QPoint* topLeft) const = 0;
    [[nodiscard]] virtual QRect contentButton() const { return {}; }

    [[nodiscard]] int contentWidth() const { return width_ - contentLeft_; }
    void setHeight(int height) { height_ = height; }

private:
    markdown::Block block_;
    int width_;
    int contentLeft_ = 0;
    int height_ = 0;
};

/// The height of a line of text of this size.
int lineHeightOf(const QFont& font);

}  // namespace epi
