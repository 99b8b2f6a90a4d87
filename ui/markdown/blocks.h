#pragma once

#include <vector>

#include <QString>

namespace epi::markdown {

/// A stretch of shown text and the stretch of the source it stands for, both in UTF-16 units. Where the
/// lengths differ (an entity), the whole of one stands for the whole of the other.
struct SourceStretch {
    int shown = 0;  // in the text that holds the stretch
    int length = 0;
    int source = 0;  // in the message
    int sourceLength = 0;

    bool operator==(const SourceStretch&) const = default;
};

/// How a span of text is set; several at once.
enum Style : unsigned {
    kStrong = 1U,
    kEmphasis = 2U,
    kInlineCode = 4U,
    kStruck = 8U,
    kLink = 16U,
};

struct Span {
    int begin = 0;
    int end = 0;
    unsigned styles = 0;
    QString target;  // of a link, as it was written; never loaded

    bool operator==(const Span&) const = default;
};

/// Text as shown, lines separated by '\n'. Plain characters only: no markup is ever read out of it again.
struct StyledText {
    QString text;
    std::vector<Span> spans;             // in order, apart from each other
    std::vector<SourceStretch> sources;  // in order; characters of no stretch are ours (a list's indentation)
    int shownBegin = 0;                  // where it begins in the text of the whole message

    [[nodiscard]] int length() const { return static_cast<int>(text.size()); }
    [[nodiscard]] int shownEnd() const { return shownBegin + length(); }
    bool operator==(const StyledText&) const = default;
};

/// What a block stands in, from the outside in.
struct Container {
    enum class Kind { kQuote, kItem };
    Kind kind = Kind::kQuote;
    int id = 0;                // the same for blocks that stand in the same quote or list
    int markerCharacters = 1;  // of the widest marker in the list

    bool operator==(const Container&) const = default;
};

enum class BlockKind { kParagraph, kHeading, kCode, kTable, kRule, kPlain };
enum class Alignment { kLeft, kCenter, kRight };

/// What stands between a block and the one before it: in the plain text, and as distance in the window.
enum class Joint { kNone, kLine, kBlankLine };

/// One block: a paragraph, a heading, a list item's text, a quote's, a table, code, a rule.
struct Block {
    BlockKind kind = BlockKind::kParagraph;
    Joint joint = Joint::kBlankLine;
    int level = 0;     // of a heading, 1 to 6
    QString language;  // of code, as it was written after the fence
    std::vector<Container> containers;
    QString marker;  // of the item that begins here: "•", "3.", "☑"
    StyledText text;
    int columns = 0;  // of a table; then `cells`, row by row, the heading first, instead of `text`
    std::vector<Alignment> alignments;
    std::vector<StyledText> cells;

    bool operator==(const Block&) const = default;
};

/// A stretch of the source that is read by itself, and what it says. Sections lie end to end and cover the
/// text.
struct Section {
    int begin = 0;
    int end = 0;
    bool isFinal = false;  // text that is added later does not change it
    std::vector<Block> blocks;
};

}  // namespace epi::markdown
