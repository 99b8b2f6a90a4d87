#include "ui/chat/message_body.h"

#include <algorithm>

#include <QPainter>

#include "ui/theme/theme.h"

namespace epi {

using markdown::Block;
using markdown::BlockKind;
using markdown::Joint;

namespace {

/// Characters that are laid out in a few milliseconds. Of longer texts only what is in sight is.
constexpr int kLaidOutAtOnce = 20'000;

int firstPositionOf(const Block& block) {
    return block.cells.empty() ? block.text.shownBegin : block.cells.front().shownBegin;
}

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

int MessageBody::setText(const QString& text) {
    const std::size_t first = document_.setText(text);
    const std::vector<markdown::Section>& sections = document_.sections();
    std::size_t index = 0;
    for (std::size_t i = 0; i < first; ++i)
        index += sections[i].blocks.size();
    std::vector<Placed> old;
    for (std::size_t i = index; i < blocks_.size(); ++i)
        old.push_back(std::move(blocks_[i]));
    blocks_.resize(std::min(index, blocks_.size()));
    const bool isLong = document_.shownLength() > kLaidOutAtOnce;
    std::size_t oldIndex = 0;
    int changedFrom = -1;
    for (std::size_t i = first; i < sections.size(); ++i) {
        for (std::size_t j = 0; j < sections[i].blocks.size(); ++j) {
            Placed placed{.section = i, .index = j};
            std::unique_ptr<BlockLayout> before =
                oldIndex < old.size() ? std::move(old[oldIndex].layout) : nullptr;
            ++oldIndex;
            const BlockLayout* known = before.get();
            if (!isLong || known != nullptr)
                placed.layout = BlockLayout::make(sections[i].blocks[j], width_, std::move(before));
            const bool isKept = known != nullptr && placed.layout.get() == known;
            place(std::move(placed), j == 0);
            if (changedFrom >= 0 || isKept) continue;
            const Placed& changed = blocks_.back();
            const int inside = known != nullptr ? changed.layout->changedFrom() : 0;
            changedFrom = changed.top + (inside > 0 ? inside : -changed.gap);
        }
    }
    const int heightBefore = height_;
    height_ = blocks_.empty() ? 0 : blocks_.back().top + blocks_.back().height;
    return changedFrom >= 0 ? changedFrom : std::min(heightBefore, height_);
}

/// Puts a block behind the others.
void MessageBody::place(Placed placed, bool isFirstOfSection) {
    const Block& block = blockOf(placed);
    placed.height = placed.layout ? placed.layout->height() : BlockLayout::estimateHeight(block, width_);
    if (!blocks_.empty()) {
        const Block& above = blockOf(blocks_.back());
        placed.gap = gapBetween(above, block);
        placed.sharedContainers = isFirstOfSection ? 0 : sharedContainers(above, block);
        placed.top = blocks_.back().top + blocks_.back().height + placed.gap;
    }
    blocks_.push_back(std::move(placed));
}

void MessageBody::stackFrom(std::size_t index) {
    for (std::size_t i = std::max<std::size_t>(index, 1); i < blocks_.size(); ++i)
        blocks_[i].top = blocks_[i - 1].top + blocks_[i - 1].height + blocks_[i].gap;
    height_ = blocks_.empty() ? 0 : blocks_.back().top + blocks_.back().height;
}

int MessageBody::settle(int from, int to) {
    int grownAbove = 0;
    if (blocks_.empty() || document_.shownLength() <= kLaidOutAtOnce || to < 0 || from >= height_) return 0;
    for (std::size_t i = static_cast<std::size_t>(indexAt(from)); i < blocks_.size(); ++i) {
        Placed& placed = blocks_[i];
        // Tops of this and the blocks above are right: each block that changes moves those below at once.
        if (placed.top >= to + grownAbove) break;
        if (placed.layout) continue;
        placed.layout = BlockLayout::make(blockOf(placed), width_);
        const int difference = placed.layout->height() - placed.height;
        if (difference == 0) continue;
        if (placed.top < from) grownAbove += difference;
        placed.height += difference;
        stackFrom(i + 1);
    }
    return grownAbove;
}

int MessageBody::indexAt(int y) const {
    const auto below = std::ranges::upper_bound(blocks_, y, {}, &Placed::top);
    return std::max(static_cast<int>(below - blocks_.begin()) - 1, 0);
}

int MessageBody::positionAt(QPoint point) const {
    if (blocks_.empty() || point.y() < 0) return 0;
    if (point.y() >= height_) return document_.shownLength();
    const Placed& placed = blocks_[static_cast<std::size_t>(indexAt(point.y()))];
    if (!placed.layout) return firstPositionOf(blockOf(placed));
    return placed.layout->positionAt(point - QPoint(0, placed.top));
}

BodySpot MessageBody::spotAt(QPoint point) const {
    BodySpot spot{.position = positionAt(point)};
    if (blocks_.empty() || !QRect(0, 0, width_, height_).contains(point)) return spot;
    spot.block = indexAt(point.y());
    const Placed& placed = blocks_[static_cast<std::size_t>(spot.block)];
    if (!placed.layout) return spot;
    const QPoint inside = point - QPoint(0, placed.top);
    spot.isButton = placed.layout->button().contains(inside);
    spot.isText = placed.layout->isTextAt(inside);
    if (const markdown::Span* link = placed.layout->linkAt(inside); link != nullptr && !spot.isButton)
        spot.link = link->target;
    return spot;
}

QRect MessageBody::lineOf(int position) const {
    auto below = std::ranges::upper_bound(
        blocks_, position, {}, [this](const Placed& placed) { return firstPositionOf(blockOf(placed)); });
    if (below == blocks_.begin()) return {0, 0, width_, 0};
    --below;
    if (!below->layout) return {0, below->top, width_, below->height};
    return below->layout->lineOf(position).translated(0, below->top);
}

void MessageBody::paint(QPainter& painter, QPoint origin, const BodyPaint& how) const {
    for (int i = indexAt(how.clip.top() - origin.y()); i < blockCount(); ++i) {
        const Placed& placed = blocks_[static_cast<std::size_t>(i)];
        const QPoint topLeft = origin + QPoint(0, placed.top);
        if (topLeft.y() - placed.gap > how.clip.bottom()) break;
        if (!placed.layout) continue;
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
