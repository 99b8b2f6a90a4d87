#include "ui/chat/blocks/table_block.h"

#include <algorithm>
#include <numeric>

#include <QPainter>

#include "ui/theme/theme.h"

namespace epi {

namespace {

int sidePadding() {
    return Theme::current().px(10);
}

int topPadding() {
    return Theme::current().px(4);
}

Qt::Alignment alignmentOf(markdown::Alignment alignment) {
    switch (alignment) {
        case markdown::Alignment::kLeft:
            return Qt::AlignLeft;
        case markdown::Alignment::kCenter:
            return Qt::AlignHCenter;
        case markdown::Alignment::kRight:
            break;
    }
    return Qt::AlignRight;
}

}  // namespace

std::vector<int> sharedWidths(const std::vector<int>& natural, int available) {
    std::vector<std::size_t> order(natural.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return natural[i]; });
    std::vector<int> widths(natural.size());
    auto left = static_cast<int>(natural.size());
    for (const std::size_t column : order) {
        widths[column] = std::max(1, std::min(natural[column], available / left));
        available -= widths[column];
        --left;
    }
    return widths;
}

TableBlock::TableBlock(markdown::Block block, int width, TableBlock* before)
    : BlockLayout(std::move(block), width) {
    makeCells(before);
    shareWidth();
    stackRows();
}

void TableBlock::makeCells(TableBlock* before) {
    const std::vector<markdown::StyledText>& texts = block().cells;
    const bool isSameShape = before != nullptr && before->columns() == columns() &&
                             before->block().alignments == block().alignments;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (isSameShape && i < before->cells_.size() && before->cells_[i].piece->adopt(texts[i])) {
            cells_.push_back(std::move(before->cells_[i]));
            continue;
        }
        const bool isHeading = i < static_cast<std::size_t>(columns());
        const QFont font =
            Theme::current().font(TextSize::kBody, isHeading ? QFont::DemiBold : QFont::Normal);
        const std::size_t column = i % static_cast<std::size_t>(columns());
        const auto alignment =
            column < block().alignments.size() ? block().alignments[column] : markdown::Alignment::kLeft;
        auto piece = std::make_unique<TextPiece>(
            texts[i],
            PieceLook{.font = font, .lineHeight = lineHeightOf(font), .alignment = alignmentOf(alignment)});
        const int natural = piece->naturalWidth();
        cells_.push_back({natural, std::move(piece)});
    }
}

void TableBlock::shareWidth() {
    std::vector<int> natural(static_cast<std::size_t>(columns()), Theme::current().px(24));
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        int& widest = natural[i % natural.size()];
        widest = std::max(widest, cells_[i].naturalWidth);
    }
    const int available = contentWidth() - columns() * 2 * sidePadding() - 1;
    const std::vector<int> widths = sharedWidths(natural, available);
    for (std::size_t i = 0; i < cells_.size(); ++i)
        cells_[i].piece->setWidth(widths[i % widths.size()]);
    lefts_.assign(1, 0);
    for (const int width : widths)
        lefts_.push_back(lefts_.back() + width + 2 * sidePadding());
}

void TableBlock::stackRows() {
    const auto perRow = static_cast<std::size_t>(columns());
    int y = 0;
    for (std::size_t begin = 0; begin < cells_.size(); begin += perRow) {
        rowTops_.push_back(y);
        int height = 0;
        for (std::size_t i = begin; i < std::min(begin + perRow, cells_.size()); ++i)
            height = std::max(height, cells_[i].piece->height());
        y += height + 2 * topPadding();
    }
    rowTops_.push_back(y);
    setHeight(y + 1);
}

QPoint TableBlock::topLeftOf(std::size_t cell) const {
    const auto perRow = static_cast<std::size_t>(columns());
    return {lefts_[cell % perRow] + sidePadding(), rowTops_[cell / perRow] + topPadding()};
}

void TableBlock::paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    if (rowCount() < 1) return;
    const QRectF box =
        QRectF(QRect(origin, QSize(lefts_.back() + 1, height()))).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.fillRect(QRect(origin, QSize(lefts_.back(), rowTops_[1])), colors.surface);
    for (int row = 1; row < rowCount(); ++row) {
        const int y = origin.y() + rowTops_[static_cast<std::size_t>(row)];
        painter.fillRect(QRect(origin.x(), y, lefts_.back(), 1), colors.border);
    }
    painter.restore();
    painter.setPen(colors.border);
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(box, theme.px(4), theme.px(4));
    painter.setPen(colors.text);
    for (std::size_t i = 0; i < cells_.size(); ++i)
        cells_[i].piece->paint(painter, origin + topLeftOf(i), how.marks, how.clip);
}

const TextPiece* TableBlock::pieceAt(QPoint point, QPoint* topLeft) const {
    if (cells_.empty()) return nullptr;
    const auto indexIn = [](const std::vector<int>& edges, int place) {
        const auto next = std::ranges::upper_bound(edges.begin(), edges.end() - 1, place);
        return static_cast<std::size_t>(std::max<std::ptrdiff_t>(next - edges.begin() - 1, 0));
    };
    const std::size_t cell =
        indexIn(rowTops_, point.y()) * static_cast<std::size_t>(columns()) + indexIn(lefts_, point.x());
    const std::size_t known = std::min(cell, cells_.size() - 1);
    *topLeft = topLeftOf(known);
    return cells_[known].piece.get();
}

const TextPiece* TableBlock::pieceOf(int position, QPoint* topLeft) const {
    if (cells_.empty()) return nullptr;
    auto cell = std::ranges::upper_bound(
        cells_, position, {}, [](const Cell& c) { return c.piece->text().shownBegin; });
    if (cell != cells_.begin()) --cell;
    *topLeft = topLeftOf(static_cast<std::size_t>(cell - cells_.begin()));
    return cell->piece.get();
}

}  // namespace epi
