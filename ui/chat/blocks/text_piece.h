#pragma once

#include <memory>
#include <vector>

#include <QFont>
#include <QList>
#include <QPointF>
#include <QRectF>
#include <QTextLayout>

#include "ui/chat/retained_tint.h"
#include "ui/highlight/code_span.h"
#include "ui/markdown/blocks.h"
#include "ui/markdown/document.h"

class QPainter;

namespace epi {

/// What is marked in a message's text just now. Positions are of its shown text, the tint's of its source.
struct TextMarks {
    markdown::Range selection;
    const std::vector<TintRun>* tint = nullptr;
    const std::vector<markdown::Range>* hits = nullptr;  // of a search, in order
    int currentHit = -1;
};

/// The marks that fall on one text, as formats of its layout; later ones lie over earlier ones.
QList<QTextLayout::FormatRange> formatsOf(const TextMarks& marks, const markdown::StyledText& text);

/// How a text is set as a whole.
struct PieceLook {
    QFont font;
    int lineHeight = 0;
    Qt::Alignment alignment = Qt::AlignLeft;
};

/// A text laid out in lines: what paragraphs, cells and code are made of. Coordinates are relative to its top
/// left corner, positions are of the message's shown text. GUI thread only.
class TextPiece {
public:
    TextPiece(markdown::StyledText text, PieceLook look);

    void setWidth(int width);
    [[nodiscard]] int height() const { return height_; }
    /// As wide as it would be without breaking lines, rounded up.
    [[nodiscard]] int naturalWidth() const;
    [[nodiscard]] const markdown::StyledText& text() const { return text_; }
    /// Takes over positions from a text that looks the same; false, and nothing is done, where it does not.
    bool adopt(const markdown::StyledText& text);
    /// Colours parts of it, counted from its own beginning. Once it has a width its size stays the same:
    /// should colours change where lines break, it has none.
    void setColors(const std::vector<CodeSpan>& spans);

    [[nodiscard]] int positionAt(QPointF point) const;
    /// The link at a point; null without one.
    [[nodiscard]] const markdown::Span* linkAt(QPointF point) const;
    /// The line that a position lies in.
    [[nodiscard]] QRectF lineOf(int position) const;
    /// `clip`: lines outside of it need not be drawn.
    void paint(QPainter& painter, QPointF origin, const TextMarks& marks, const QRectF& clip) const;

private:
    [[nodiscard]] int lineIndexAt(double y) const;
    [[nodiscard]] QList<QTextLayout::FormatRange> styleFormats() const;

    markdown::StyledText text_;
    PieceLook look_;
    std::vector<CodeSpan> colors_;
    std::unique_ptr<QTextLayout> layout_;
    int width_ = -1;
    int height_ = 0;
};

}  // namespace epi
