#include "ui/chat/message_body.h"

#include <algorithm>

#include <QPainter>

#include "ui/theme/theme.h"

namespace epi {

using markdown::Block;
using markdown::BlockKind;
using markdown::Joint;

namespace {

int gapBetween(const Block& above, const Block& below) {
    const Theme& theme = Theme::current();
    const bool isBox = below.kind == BlockKind::kCode || below.kind == BlockKind::kTable ||
                       above.kind == BlockKind::kCode || above.kind == BlockKind::kTable;
    if (below.kind == BlockKind::kPlain && below.joint != Joint::kBlankLine) return 0;
    if (below.kind == BlockKind::kHeading) return theme.px(above.kind == BlockKind::kHeading ? 8 : 16);
    if (isBox) return theme.px(below.joint == Joint::kLine ? 8 : 12);
    return theme.px(below.joint == Joint::kLine ? 4 : 8);
}

int sharedContainers(const Block& above, const Block& below) {
    const auto ends = std::ranges::mismatch(
        above.containers, below.containers, {}, &markdown::Container::id, &markdown::Container::id);
    return static_cast<int>(ends.in1 - above.containers.begin());
}

}  // namespace

void MessageBody::setText(const QString& text) {
    const std::size_t first = document_.setText(text);
    const std::vector<markdown::Section>& sections = document_.sections();
    std::size_t index = 0;
    for (std::size_t i = 0; i < first; ++i)
        index += sections[i].blocks.size();
    std::vector<Placed> old;
    for (std::size_t i = index; i < blocks_.size(); ++i)
        old.push_back(std::move(blocks_[i]));
    blocks_.resize(std::min(index, blocks_.size()));
    std::size_t oldIndex = 0;
    for (std::size_t i = first; i < sections.size(); ++i) {
        bool isFirstOfSection = true;
        for (const Block& block : sections[i].blocks) {
            Placed placed;
            if (!blocks_.empty()) {
                const Block& above = blocks_.back().layout->block();
                placed.gap = gapBetween(above, block);
                placed.sharedContainers = isFirstOfSection ? 0 : sharedContainers(above, block);
                placed.top = blocks_.back().top + blocks_.back().layout->height() + placed.gap;
            }
            std::unique_ptr<BlockLayout> before =
                oldIndex < old.size() ? std::move(old[oldIndex++].layout) : nullptr;
            placed.layout = BlockLayout::make(block, width_, std::move(before));
            blocks_.push_back(std::move(placed));
            isFirstOfSection = false;
        }
    }
    height_ = blocks_.empty() ? 0 : blocks_.back().top + blocks_.back().layout->height();
}

int MessageBody::indexAt(int y) const {
    const auto below = std::ranges::upper_bound(blocks_, y, {}, &Placed::top);
    return std::max(static_cast<int>(below - blocks_.begin()) - 1, 0);
}

int MessageBody::positionAt(QPoint point) const {
    if (blocks_.empty() || point.y() < 0) return 0;
    if (point.y() >= height_) return document_.shownLength();
    const Placed& placed = blocks_[static_cast<std::size_t>(indexAt(point.y()))];
    return placed.layout->positionAt(point - QPoint(0, placed.top));
}

BodySpot MessageBody::spotAt(QPoint point) const {
    BodySpot spot{.position = positionAt(point)};
    if (blocks_.empty() || !QRect(0, 0, width_, height_).contains(point)) return spot;
    spot.block = indexAt(point.y());
    const Placed& placed = blocks_[static_cast<std::size_t>(spot.block)];
    const QPoint inside = point - QPoint(0, placed.top);
    spot.isButton = placed.layout->button().contains(inside);
    spot.isText = placed.layout->isTextAt(inside);
    if (const markdown::Span* link = placed.layout->linkAt(inside); link != nullptr && !spot.isButton)
        spot.link = link->target;
    return spot;
}

QRect MessageBody::lineOf(int position) const {
    auto below = std::ranges::upper_bound(blocks_, position, {}, [](const Placed& placed) {
        const Block& block = placed.layout->block();
        return block.cells.empty() ? block.text.shownBegin : block.cells.front().shownBegin;
    });
    if (below == blocks_.begin()) return {0, 0, width_, 0};
    --below;
    return below->layout->lineOf(position).translated(0, below->top);
}

void MessageBody::paint(QPainter& painter, QPoint origin, const BodyPaint& how) const {
    for (int i = indexAt(how.clip.top() - origin.y()); i < blockCount(); ++i) {
        const Placed& placed = blocks_[static_cast<std::size_t>(i)];
        const QPoint topLeft = origin + QPoint(0, placed.top);
        if (topLeft.y() - placed.gap > how.clip.bottom()) break;
        placed.layout->paint(painter,
                             topLeft,
                             {.marks = how.marks,
                              .clip = how.clip,
                              .quoteGap = placed.gap,
                              .sharedContainers = placed.sharedContainers,
                              .isButtonHot = i == how.hotBlock,
                              .isButtonDone = i == how.doneBlock});
    }
}

}  // namespace epi
