#pragma once

#include <vector>

#include <QStringView>

namespace epi::markdown {

/// A stretch of whole top-level blocks: they mean the same when they are read alone.
struct SectionRange {
    int begin = 0;
    int end = 0;
    bool isFinal = false;  // whatever is added to the text, this section stays as it is
};

/// Cuts markdown from `begin`, where a section must begin, into sections that lie end to end up to the end of
/// the text. Cuts only where it is sure, so that a section may hold several blocks: between blocks that an
/// empty line parts, around headings and around fences at the left edge. Linear in the text. Any thread.
std::vector<SectionRange> splitSections(QStringView text, int begin);

}  // namespace epi::markdown
