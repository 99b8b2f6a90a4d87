#include "ui/chat/blocks/text_piece.h"

#include <algorithm>
#include <cmath>

#include <QPainter>

#include "ui/markdown/link.h"
#include "ui/theme/theme.h"

namespace epi {

using markdown::SourceStretch;
using markdown::Span;
using markdown::StyledText;

namespace {

constexpr int kUnbroken = 1 << 22;

void addTint(const std::vector<TintRun>& runs,
             const StyledText& text,
             QList<QTextLayout::FormatRange>* formats) {
    const ThemeColors& colors = Theme::current().colors();
    for (const SourceStretch& stretch : text.sources) {
        const int sourceEnd = stretch.source + stretch.sourceLength;
        auto run = std::ranges::upper_bound(runs, stretch.source, {}, &TintRun::end);
        for (; run != runs.end() && run->begin < sourceEnd; ++run) {
            int begin = stretch.shown;
            int end = stretch.shown + stretch.length;
            if (stretch.length == stretch.sourceLength) {
                begin += std::max(0, run->begin - stretch.source);
                end -= std::max(0, sourceEnd - run->end);
            }
            QTextCharFormat format;
            if (run->level == 0) {
                format.setUnderlineStyle(QTextCharFormat::DotLine);
                format.setUnderlineColor(colors.secondaryText);
            } else {
                format.setBackground(colors.retained[static_cast<std::size_t>(run->level)]);
                format.setForeground(colors.text);  // links as well: their colour is too near to the tint's
            }
            formats->append({.start = begin, .length = end - begin, .format = format});
        }
    }
}

void addMark(markdown::Range mark,
             const StyledText& text,
             const QTextCharFormat& format,
             QList<QTextLayout::FormatRange>* formats) {
    const int begin = std::max(mark.begin - text.shownBegin, 0);
    const int end = std::min(mark.end - text.shownBegin, text.length());
    if (begin < end) formats->append({.start = begin, .length = end - begin, .format = format});
}

QTextCharFormat filled(const QColor& ground, const QColor& text) {
    QTextCharFormat format;
    format.setBackground(ground);
    format.setForeground(text);
    return format;
}

}  // namespace

QList<QTextLayout::FormatRange> formatsOf(const TextMarks& marks, const StyledText& text) {
    QList<QTextLayout::FormatRange> formats;
    const ThemeColors& colors = Theme::current().colors();
    if (marks.tint != nullptr) addTint(*marks.tint, text, &formats);
    if (marks.hits != nullptr) {
        const auto first = std::ranges::upper_bound(*marks.hits, text.shownBegin, {}, &markdown::Range::end);
        for (auto hit = first; hit != marks.hits->end() && hit->begin < text.shownEnd(); ++hit) {
            const bool isCurrent = hit - marks.hits->begin() == marks.currentHit;
            QTextCharFormat format = isCurrent
                                         ? filled(colors.foundCurrent, Theme::textOn(colors.foundCurrent))
                                         : filled(colors.found, colors.text);
            if (isCurrent) format.setUnderlineStyle(QTextCharFormat::SingleUnderline);
            addMark(*hit, text, format, &formats);
        }
    }
    addMark(marks.selection, text, filled(colors.accent, colors.onAccent), &formats);
    return formats;
}

TextPiece::TextPiece(StyledText text, PieceLook look)
    : text_(std::move(text)), look_(std::move(look)), layout_(std::make_unique<QTextLayout>()) {
    QString shown = text_.text;
    shown.replace(u'\n', QChar::LineSeparator);
    layout_->setText(shown);
    layout_->setFont(look_.font);
    layout_->setCacheEnabled(true);
    layout_->setFormats(styleFormats());
    QTextOption option(look_.alignment);
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    option.setTextDirection(
        Qt::LayoutDirectionAuto);  // as the text begins, whatever the window's language is
    option.setTabStopDistance(QFontMetricsF(look_.font).horizontalAdvance(u' ') * 4);
    layout_->setTextOption(option);
}

QList<QTextLayout::FormatRange> TextPiece::styleFormats() const {
    QList<QTextLayout::FormatRange> formats;
    const Theme& theme = Theme::current();
    for (const Span& span : text_.spans) {
        QTextCharFormat format;
        QFont font = look_.font;
        if ((span.styles & markdown::kInlineCode) != 0) {
            font = theme.codeFont(TextSize::kBody);
            font.setPixelSize(std::max(look_.font.pixelSize() * 93 / 100, 1));
            font.setWeight(look_.font.weight());
            format.setBackground(theme.colors().hover);
        }
        if ((span.styles & markdown::kStrong) != 0) font.setWeight(QFont::Bold);
        if ((span.styles & markdown::kEmphasis) != 0) font.setItalic(true);
        if ((span.styles & markdown::kStruck) != 0) font.setStrikeOut(true);
        format.setFont(font);
        if ((span.styles & markdown::kLink) != 0) {
            // What is never opened does not look as if it were.
            const bool isOpenable = markdown::openableAddress(span.target).isValid();
            if (isOpenable) format.setForeground(theme.colors().accent);
            format.setUnderlineStyle(isOpenable ? QTextCharFormat::SingleUnderline
                                                : QTextCharFormat::DotLine);
        }
        formats.append({.start = span.begin, .length = span.end - span.begin, .format = format});
    }
    for (const CodeSpan& span : colors_) {
        QTextCharFormat format;
        format.setForeground(theme.colors().code[static_cast<std::size_t>(span.kind)]);
        formats.append({.start = span.begin, .length = span.length, .format = format});
    }
    return formats;
}

void TextPiece::setWidth(int width) {
    if (width_ == width) return;
    width_ = width;
    double y = 0;
    layout_->beginLayout();
    for (QTextLine line = layout_->createLine(); line.isValid(); line = layout_->createLine()) {
        line.setLineWidth(width);
        // Letters of another font may be higher than the line.
        const double step = std::max<double>(look_.lineHeight, std::ceil(line.height()));
        line.setPosition(QPointF(0, y + (step - line.height()) / 2));
        y += step;
    }
    layout_->endLayout();
    height_ = static_cast<int>(std::ceil(y));
}

int TextPiece::naturalWidth() const {
    double width = 0;
    layout_->beginLayout();
    for (QTextLine line = layout_->createLine(); line.isValid(); line = layout_->createLine()) {
        line.setLineWidth(kUnbroken);
        width = std::max(width, line.naturalTextWidth());
    }
    layout_->endLayout();
    return static_cast<int>(std::ceil(width));
}

bool TextPiece::adopt(const StyledText& text) {
    if (text.text != text_.text || text.spans != text_.spans) return false;
    text_ = text;
    return true;
}

void TextPiece::setColors(const std::vector<CodeSpan>& spans) {
    if (spans == colors_) return;
    const int width = std::exchange(width_, -1);  // formats take the lines away
    const int height = height_;
    colors_ = spans;
    layout_->setFormats(styleFormats());
    if (width < 0) return;
    setWidth(width);
    if (height_ == height) return;
    colors_.clear();
    layout_->setFormats(styleFormats());
    width_ = -1;
    setWidth(width);
}

int TextPiece::lineIndexAt(double y) const {
    int low = 0;
    int high = layout_->lineCount();
    while (low < high) {
        const int middle = (low + high) / 2;
        const QTextLine line = layout_->lineAt(middle);
        const double slack = std::max(0.0, (look_.lineHeight - line.height()) / 2);
        if (line.y() + line.height() + slack <= y) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int TextPiece::positionAt(QPointF point) const {
    if (layout_->lineCount() == 0 || point.y() < 0) return text_.shownBegin;
    const int index = lineIndexAt(point.y());
    if (index >= layout_->lineCount()) return text_.shownEnd();
    return text_.shownBegin + layout_->lineAt(index).xToCursor(point.x());
}

const Span* TextPiece::linkAt(QPointF point) const {
    const int index = lineIndexAt(point.y());
    if (point.y() < 0 || index >= layout_->lineCount()) return nullptr;
    const QTextLine line = layout_->lineAt(index);
    for (const Span& span : text_.spans) {
        if ((span.styles & markdown::kLink) == 0) continue;
        const int begin = std::max(span.begin, line.textStart());
        const int end = std::min(span.end, line.textStart() + line.textLength());
        if (begin >= end) continue;
        const double a = line.cursorToX(begin);
        const double b = line.cursorToX(end);
        if (point.x() >= std::min(a, b) && point.x() < std::max(a, b)) return &span;
    }
    return nullptr;
}

QRectF TextPiece::lineOf(int position) const {
    const QTextLine line =
        layout_->lineForTextPosition(std::clamp(position - text_.shownBegin, 0, text_.length()));
    return line.isValid() ? line.rect() : QRectF(0, 0, width_, height_);
}

void TextPiece::paint(QPainter& painter, QPointF origin, const TextMarks& marks, const QRectF& clip) const {
    if (!QRectF(origin, QSizeF(width_, height_)).intersects(clip)) return;
    layout_->draw(&painter, origin, formatsOf(marks, text_), clip);
}

}  // namespace epi
