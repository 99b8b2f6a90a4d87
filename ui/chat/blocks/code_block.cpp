#include "ui/chat/blocks/code_block.h"

#include <algorithm>

#include <QFontMetrics>
#include <QPainter>

#include "ui/theme/theme.h"

namespace epi {

using markdown::StyledText;

namespace {

constexpr int kLinesPerGroup = 8;
constexpr double kCodeLineHeight = 1.4;

int headerHeight() {
    return Theme::current().px(32);
}

int padding() {
    return Theme::current().px(12);
}

/// Characters [begin, end) of a text with what belongs to them.
StyledText slice(const StyledText& text, int begin, int end) {
    StyledText part;
    part.text = text.text.sliced(begin, end - begin);
    part.shownBegin = text.shownBegin + begin;
    for (const markdown::Span& span : text.spans) {
        if (span.end <= begin || span.begin >= end) continue;
        part.spans.push_back(span);
        part.spans.back().begin = std::max(span.begin, begin) - begin;
        part.spans.back().end = std::min(span.end, end) - begin;
    }
    const auto first = std::ranges::lower_bound(
        text.sources, begin + 1, {}, [](const auto& stretch) { return stretch.shown + stretch.length; });
    for (auto stretch = first; stretch != text.sources.end() && stretch->shown < end; ++stretch) {
        markdown::SourceStretch cut = *stretch;
        const bool isEven = cut.length == cut.sourceLength;
        const int before = std::max(0, begin - cut.shown);
        const int behind = std::max(0, cut.shown + cut.length - end);
        cut.shown = std::max(cut.shown, begin) - begin;
        cut.length -= before + behind;
        if (isEven) {
            cut.source += before;
            cut.sourceLength = cut.length;
        }
        part.sources.push_back(cut);
    }
    return part;
}

/// Where the groups of lines begin and end, each without its last line end.
std::vector<markdown::Range> groupsOf(const QString& code) {
    std::vector<markdown::Range> groups;
    int begin = 0;
    int lines = 0;
    for (int i = 0; i < code.size(); ++i) {
        if (code[i] != u'\n' || ++lines < kLinesPerGroup) continue;
        groups.push_back({begin, i});
        begin = i + 1;
        lines = 0;
    }
    groups.push_back({begin, static_cast<int>(code.size())});
    return groups;
}

}  // namespace

CodeBlock::CodeBlock(markdown::Block block, int width, CodeBlock* before)
    : BlockLayout(std::move(block), width) {
    const Theme& theme = Theme::current();
    const QFont font = theme.codeFont(TextSize::kBody);
    const int lineHeight =
        std::max(static_cast<int>(font.pixelSize() * kCodeLineHeight), QFontMetrics(font).height());
    const PieceLook look{.font = font, .lineHeight = lineHeight};
    if (!takeOver(before)) before = nullptr;
    if (isColored_) highlighter_->update(this->block().text.text);
    bool isAsBefore = before != nullptr;
    int y = headerHeight() + theme.px(8);
    for (const markdown::Range& range : groupsOf(this->block().text.text)) {
        StyledText part = slice(this->block().text, range.begin, range.end);
        Group group{.top = y};
        if (before != nullptr && groups_.size() < before->groups_.size()) {
            Group& old = before->groups_[groups_.size()];
            if (old.piece && old.piece->adopt(part)) {
                group.piece = std::move(old.piece);
                group.revision = old.revision;
            }
        }
        if (isAsBefore && group.piece) changedFrom_ = y + group.piece->height();
        isAsBefore = isAsBefore && group.piece;
        if (!group.piece) {
            group.piece = std::make_unique<TextPiece>(std::move(part), look);
            if (isColored_) color(group);  // it will be seen, and so is laid out once
        }
        group.piece->setWidth(std::max(contentWidth() - 2 * padding(), theme.px(40)));
        y += group.piece->height();
        groups_.push_back(std::move(group));
    }
    setHeight(y + theme.px(10));
    changedFrom_ = firstColorChange(changedFrom_);
    const QFontMetrics metrics(theme.font(TextSize::kSmall));
    const int longest =
        std::max(metrics.horizontalAdvance(tr("Copy")), metrics.horizontalAdvance(tr("Copied")));
    const int buttonWidth = longest + theme.px(16);
    button_ = QRect(contentWidth() - buttonWidth - theme.px(4), theme.px(4), buttonWidth, theme.px(24));
}

/// Whether `before` showed the beginning of the same code in the same place.
bool CodeBlock::takeOver(CodeBlock* before) {
    language_ = codeLanguageOf(block().language);
    const bool isSame = before != nullptr && before->block().language == block().language &&
                        before->block().containers == block().containers &&
                        before->block().marker == block().marker && before->block().joint == block().joint &&
                        before->contentWidth() == contentWidth();
    if (isSame) {
        highlighter_ = std::move(before->highlighter_);
        isColored_ = before->isColored_;
    } else if (language_ != nullptr) {
        highlighter_ = std::make_unique<Highlighter>(*language_);
    }
    return isSame;
}

/// The top of the first lines above `top` that have other colours than they were drawn with.
int CodeBlock::firstColorChange(int top) {
    if (!isColored_) return top;
    const int changed = block().text.shownBegin + highlighter_->changedFrom();
    const auto group = std::ranges::lower_bound(
        groups_, changed, {}, [](const Group& g) { return g.piece->text().shownEnd(); });
    return group == groups_.end() ? top : std::min(top, group->top);
}

QPoint CodeBlock::topLeftOf(const Group& group) const {
    return {padding(), group.top};
}

/// Gives lines the colours that the highlighter has found.
void CodeBlock::color(const Group& group) const {
    const std::vector<CodeSpan>& spans = highlighter_->spans();
    const int begin = group.piece->text().shownBegin - block().text.shownBegin;
    const int end = begin + group.piece->text().length();
    std::vector<CodeSpan> own;
    for (auto span = std::ranges::upper_bound(spans, begin, {}, &CodeSpan::end);
         span != spans.end() && span->begin < end;
         ++span) {
        const int first = std::max(span->begin, begin);
        own.push_back({first - begin, std::min(span->end(), end) - first, span->kind});
    }
    group.piece->setColors(own);
    group.revision = highlighter_->revision();
}

/// Colours do not change where anything lies, so they wait until they are seen.
void CodeBlock::colorWhatIsIn(const QRect& clip, QPoint origin) const {
    if (!highlighter_) return;
    highlighter_->update(block().text.text);
    isColored_ = true;
    for (const Group& group : groups_) {
        const int top = origin.y() + group.top;
        const bool isSeen = top <= clip.bottom() && top + group.piece->height() >= clip.top();
        if (isSeen && group.revision != highlighter_->revision()) color(group);
    }
}

void CodeBlock::paintContent(QPainter& painter, QPoint origin, const BlockPaint& how) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    const QRectF box = QRectF(QRect(origin, QSize(contentWidth(), height()))).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(colors.border);
    painter.setBrush(colors.surface);
    painter.drawRoundedRect(box, theme.px(6), theme.px(6));
    paintHeader(painter, origin, how);
    colorWhatIsIn(how.clip, origin);
    painter.setPen(colors.text);
    for (const Group& group : groups_)
        group.piece->paint(painter, origin + topLeftOf(group), how.marks, how.clip);
}

void CodeBlock::paintHeader(QPainter& painter, QPoint origin, const BlockPaint& how) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    painter.fillRect(QRect(origin + QPoint(1, headerHeight()), QSize(contentWidth() - 2, 1)), colors.border);
    painter.setFont(theme.font(TextSize::kSmall));
    const QRect label(origin + QPoint(padding(), 0),
                      QSize(std::max(button_.left() - padding() - theme.px(8), 0), headerHeight()));
    const QString language = block().language.isEmpty() ? tr("Code") : block().language;
    painter.setPen(colors.secondaryText);
    painter.drawText(label,
                     Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(language, Qt::ElideRight, label.width()));
    const QRect button = button_.translated(origin);
    if (how.isButtonHot) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(colors.hover);
        painter.drawRoundedRect(button, theme.px(4), theme.px(4));
    }
    painter.setPen(how.isButtonHot || how.isButtonDone ? colors.accent : colors.secondaryText);
    painter.drawText(button, Qt::AlignCenter, how.isButtonDone ? tr("Copied") : tr("Copy"));
}

const TextPiece* CodeBlock::pieceAt(QPoint point, QPoint* topLeft) const {
    if (point.y() < headerHeight()) return nullptr;
    auto group = std::ranges::upper_bound(groups_, point.y(), {}, &Group::top);
    if (group != groups_.begin()) --group;
    *topLeft = topLeftOf(*group);
    return group->piece.get();
}

const TextPiece* CodeBlock::pieceOf(int position, QPoint* topLeft) const {
    auto group = std::ranges::upper_bound(
        groups_, position, {}, [](const Group& g) { return g.piece->text().shownBegin; });
    if (group != groups_.begin()) --group;
    *topLeft = topLeftOf(*group);
    return group->piece.get();
}

}  // namespace epi
