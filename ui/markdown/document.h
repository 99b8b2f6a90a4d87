#pragma once

#include <vector>

#include <QString>

#include "ui/markdown/blocks.h"

namespace epi::markdown {

enum class Syntax { kPlain, kMarkdown };

/// A stretch of a text, in UTF-16 units.
struct Range {
    int begin = 0;
    int end = 0;

    [[nodiscard]] bool isEmpty() const { return begin >= end; }
    bool operator==(const Range&) const = default;
};

/// A message's text as sections of blocks, and the plain text they show. While the text grows, sections that
/// are complete are never read again; only the last is. A value; any thread, one at a time.
class Document {
public:
    Document() = default;
    Document(const QString& text, Syntax syntax) : syntax_(syntax) { setText(text); }

    /// Returns the first section that is not what it was; the number of sections if none changed.
    std::size_t setText(const QString& text);

    [[nodiscard]] const QString& source() const { return source_; }
    [[nodiscard]] Syntax syntax() const { return syntax_; }
    [[nodiscard]] const std::vector<Section>& sections() const { return sections_; }

    /// The plain text as it is copied: markers and tabs between a table's cells included.
    [[nodiscard]] QString shownText() const;
    [[nodiscard]] int shownLength() const { return shownLength_; }
    /// The source of a stretch of the shown text; all of a section's where the stretch reaches its edges, so
    /// that markup around it comes along.
    [[nodiscard]] Range sourceOf(Range shown) const;

private:
    void readFrom(std::size_t section);
    void placeFrom(std::size_t section);

    Syntax syntax_ = Syntax::kPlain;
    QString source_;
    std::vector<Section> sections_;
    int shownLength_ = 0;
};

/// Where a block's text, or all of its cells, lie in the shown text.
Range shownRangeOf(const Block& block);

/// What separates a block from the one before it in the shown text, its marker included.
QString leadOf(const Block& block, bool isFirst);

}  // namespace epi::markdown
