#include "ui/markdown/document.h"

#include <algorithm>
#include <iterator>

#include "ui/markdown/parser.h"
#include "ui/markdown/splitter.h"

namespace epi::markdown {

using namespace Qt::StringLiterals;

namespace {

/// More sections than any reply has: the rest is plain text, whose blocks are larger.
constexpr std::size_t kMostSections = 2'000;

QString jointText(Joint joint) {
    if (joint == Joint::kNone) return {};
    return joint == Joint::kLine ? u"\n"_s : u"\n\n"_s;
}

/// Calls `visit` with each text of a block and what stands before it.
template <typename Texts, typename Visit>
void forEachText(Texts& block, const QString& lead, Visit visit) {
    if (block.kind != BlockKind::kTable) {
        visit(block.text, lead);
        return;
    }
    for (std::size_t i = 0; i < block.cells.size(); ++i) {
        const bool isRowStart = i % static_cast<std::size_t>(std::max(block.columns, 1)) == 0;
        visit(block.cells[i], i == 0 ? lead : isRowStart ? u"\n"_s : u"\t"_s);
    }
}

/// Where in the source a position of the shown text lies; -1 where none of its characters came from there.
int sourceAt(const StyledText& text, int shown, bool isEnd) {
    int nearest = -1;
    for (const SourceStretch& stretch : text.sources) {
        const int begin = text.shownBegin + stretch.shown;
        if (begin > shown) return isEnd && nearest >= 0 ? nearest : stretch.source;
        const int inside = shown - begin;
        if (inside < stretch.length || (isEnd && inside == stretch.length)) {
            if (stretch.length == stretch.sourceLength) return stretch.source + inside;
            return isEnd && inside > 0 ? stretch.source + stretch.sourceLength : stretch.source;
        }
        nearest = stretch.source + stretch.sourceLength;
    }
    return nearest;
}

}  // namespace

Range shownRangeOf(const Block& block) {
    if (block.kind == BlockKind::kTable && !block.cells.empty())
        return {block.cells.front().shownBegin, block.cells.back().shownEnd()};
    return {block.text.shownBegin, block.text.shownEnd()};
}

QString leadOf(const Block& block, bool isFirst) {
    QString lead = isFirst ? QString() : jointText(block.joint);
    const auto depth = std::ranges::count_if(
        block.containers, [](const Container& c) { return c.kind == Container::Kind::kItem; });
    if (depth > 1) lead += QString((depth - 1) * 4, u' ');
    if (!block.marker.isEmpty()) lead += block.marker + u' ';
    return lead;
}

std::size_t Document::setText(const QString& text) {
    const bool isGrown = text.startsWith(source_);
    if (isGrown && text.size() == source_.size()) return sections_.size();
    std::size_t first = 0;
    if (isGrown) {
        while (first < sections_.size() && sections_[first].isFinal)
            ++first;
    }
    source_ = text;
    readFrom(first);
    placeFrom(first);
    return first;
}

void Document::readFrom(std::size_t section) {
    const int begin = section < sections_.size() ? sections_[section].begin
                      : sections_.empty()        ? 0
                                                 : sections_.back().end;
    sections_.resize(section);
    const auto end = static_cast<int>(source_.size());
    const auto addPlain = [&](int from) {
        if (from < end) sections_.push_back({from, end, false, plainBlocks(source_.sliced(from), from)});
    };
    if (syntax_ == Syntax::kPlain) return addPlain(begin);
    for (const SectionRange& range : splitSections(source_, begin)) {
        if (sections_.size() >= kMostSections) return addPlain(range.begin);
        sections_.push_back(
            {range.begin,
             range.end,
             range.isFinal,
             parseSection(source_.sliced(range.begin, range.end - range.begin), range.begin)});
    }
}

void Document::placeFrom(std::size_t section) {
    int position = 0;
    bool isFirst = true;
    for (std::size_t i = section; i-- > 0;) {
        if (sections_[i].blocks.empty()) continue;
        position = shownRangeOf(sections_[i].blocks.back()).end;
        isFirst = false;
        break;
    }
    for (std::size_t i = section; i < sections_.size(); ++i) {
        for (Block& block : sections_[i].blocks) {
            forEachText(block, leadOf(block, isFirst), [&](StyledText& text, const QString& lead) {
                position += static_cast<int>(lead.size());
                text.shownBegin = position;
                position += text.length();
            });
            isFirst = false;
        }
    }
    shownLength_ = position;
}

QString Document::shownText() const {
    QString shown;
    shown.reserve(shownLength_);
    bool isFirst = true;
    for (const Section& section : sections_) {
        for (const Block& block : section.blocks) {
            forEachText(block, leadOf(block, isFirst), [&](const StyledText& text, const QString& lead) {
                shown += lead + text.text;
            });
            isFirst = false;
        }
    }
    return shown;
}

Range Document::sourceOf(Range shown) const {
    Range source{-1, -1};
    for (const Section& section : sections_) {
        if (section.blocks.empty()) continue;
        const Range range{shownRangeOf(section.blocks.front()).begin,
                          shownRangeOf(section.blocks.back()).end};
        if (range.end < shown.begin || range.begin >= shown.end) continue;
        for (const Block& block : section.blocks) {
            forEachText(block, {}, [&](const StyledText& text, const QString&) {
                if (text.shownEnd() < shown.begin || text.shownBegin >= shown.end) return;
                const int begin = sourceAt(text, std::max(shown.begin, text.shownBegin), false);
                const int end = sourceAt(text, std::min(shown.end, text.shownEnd()), true);
                if (begin >= 0 && (source.begin < 0 || begin < source.begin)) source.begin = begin;
                source.end = std::max(source.end, end);
            });
        }
        if (shown.begin <= range.begin && (source.begin < 0 || section.begin < source.begin))
            source.begin = section.begin;
        if (shown.end >= range.end) source.end = std::max(source.end, section.end);
    }
    return source.begin < 0 ? Range{} : source;
}

}  // namespace epi::markdown
