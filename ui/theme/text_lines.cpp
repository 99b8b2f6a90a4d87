#include "ui/theme/text_lines.h"

#include <QFontMetricsF>
#include <QTextLayout>

namespace epi {

namespace {

constexpr QChar kEllipsis(0x2026);

/// How much of the text fits.
int fill(QTextLayout& layout, qreal width, int lines) {
    int end = 0;
    qreal y = 0.0;
    layout.beginLayout();
    for (int i = 0; i < lines; ++i) {
        QTextLine line = layout.createLine();
        if (!line.isValid()) break;
        line.setLineWidth(width);
        line.setPosition({0.0, y});
        y += line.height();
        end = line.textStart() + line.textLength();
    }
    layout.endLayout();
    return end;
}

QList<QTextLayout::FormatRange> clipped(const QList<QTextLayout::FormatRange>& formats, int size) {
    QList<QTextLayout::FormatRange> inside;
    for (QTextLayout::FormatRange range : formats) {
        range.length = qMin(range.length, size - range.start);
        if (range.length > 0) inside.append(range);
    }
    return inside;
}

}  // namespace

void layOutLines(QTextLayout& layout, qreal width, int lines) {
    const QString text = layout.text();
    const QList<QTextLayout::FormatRange> formats = layout.formats();
    int end = fill(layout, width, lines);
    if (end >= text.size()) return;
    // What the lines hold and the ellipsis may be too wide by a letter or more.
    for (;;) {
        while (end > 0 && text[end - 1].isSpace())
            --end;
        const QString cut = text.left(end) + kEllipsis;
        layout.clearLayout();
        layout.setText(cut);
        layout.setFormats(clipped(formats, end));
        if (fill(layout, width, lines) >= cut.size() || end == 0) return;
        const int before = layout.previousCursorPosition(end);
        end = before < end ? before : end - 1;
    }
}

QString joinParts(const QStringList& parts,
                  const QString& between,
                  const QFontMetricsF& metrics,
                  qreal width) {
    QStringList lines;
    for (const QString& part : parts) {
        const bool fits =
            !lines.isEmpty() && metrics.horizontalAdvance(lines.last() + between + part) <= width;
        if (fits) {
            lines.last() += between + part;
        } else {
            lines << part;
        }
    }
    return lines.join(QChar::LineSeparator);
}

}  // namespace epi
