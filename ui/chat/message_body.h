#pragma once

#include <memory>
#include <vector>

#include <QPoint>
#include <QRect>

#include "ui/chat/blocks/block_layout.h"
#include "ui/markdown/document.h"

class QPainter;

namespace epi {

/// What is at a point of a message's text.
struct BodySpot {
    int position = 0;  // of the shown text, the nearest
    int block = -1;
    bool isText = false;
    bool isButton = false;  // the block's button that copies it
    QString link;           // its target as it was written; empty without one
};

/// How a message's text is drawn just now.
struct BodyPaint {
    TextMarks marks;
    QRect clip;          // in the painter's coordinates
    int hotBlock = -1;   // the mouse is over this block's button
    int doneBlock = -1;  // this block was just copied
};

/// A message's text laid out for a width, block by block. Text that grows costs the blocks that change; of a
/// very long one, blocks have guessed heights until they come into sight (`settle`). Coordinates are relative
/// to its top left corner. GUI thread only.
class MessageBody {
public:
    MessageBody(markdown::Syntax syntax, int width) : document_({}, syntax), width_(width) {}

    /// Returns where what is shown changes: everything above is as it was.
    int setText(const QString& text);
    /// Lays out what lies between two heights. Returns by how much what is above `from` has become higher.
    int settle(int from, int to);
    [[nodiscard]] const markdown::Document& document() const { return document_; }
    [[nodiscard]] int width() const { return width_; }
    [[nodiscard]] int height() const { return height_; }
    [[nodiscard]] int blockCount() const { return static_cast<int>(blocks_.size()); }
    [[nodiscard]] const markdown::Block& block(int index) const {
        return blockOf(blocks_[static_cast<std::size_t>(index)]);
    }
    /// Null where the block was not in sight yet.
    [[nodiscard]] const BlockLayout* layoutOf(int index) const {
        return blocks_[static_cast<std::size_t>(index)].layout.get();
    }

    [[nodiscard]] int positionAt(QPoint point) const;
    [[nodiscard]] BodySpot spotAt(QPoint point) const;
    /// The line of a position of the shown text.
    [[nodiscard]] QRect lineOf(int position) const;
    void paint(QPainter& painter, QPoint origin, const BodyPaint& how) const;

private:
    struct Placed {
        int top = 0;
        int gap = 0;               // to the block before
        int sharedContainers = 0;  // with the block before
        int height = 0;
        std::size_t section = 0;  // where the block stands in the document
        std::size_t index = 0;
        std::unique_ptr<BlockLayout> layout;  // null: the height is a guess
    };
    [[nodiscard]] int indexAt(int y) const;
    [[nodiscard]] const markdown::Block& blockOf(const Placed& placed) const {
        return document_.sections()[placed.section].blocks[placed.index];
    }
    void place(Placed placed, bool isFirstOfSection);
    void stackFrom(std::size_t index);

    markdown::Document document_;
    int width_;
    int height_ = 0;
    std::vector<Placed> blocks_;
};

}  // namespace epi
