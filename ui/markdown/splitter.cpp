#include "ui/markdown/splitter.h"

#include <algorithm>

namespace epi::markdown {
namespace {

/// A line's content without its indentation and its end.
struct Line {
    QStringView content;
    int indent = 0;
    [[nodiscard]] bool isBlank() const { return content.isEmpty(); }
};

Line lineOf(QStringView text) {
    Line line;
    qsizetype begin = 0;
    for (; begin < text.size() && (text[begin] == u' ' || text[begin] == u'\t'); ++begin)
        line.indent += text[begin] == u'\t' ? 4 : 1;
    qsizetype end = text.size();
    while (end > begin && (text[end - 1] == u'\n' || text[end - 1] == u'\r' || text[end - 1] == u' ' ||
                           text[end - 1] == u'\t'))
        --end;
    line.content = text.sliced(begin, end - begin);
    return line;
}

qsizetype runLength(QStringView text, QChar character) {
    qsizetype length = 0;
    while (length < text.size() && text[length] == character)
        ++length;
    return length;
}

bool endsOrBlankAt(QStringView text, qsizetype position) {
    return position >= text.size() || text[position] == u' ' || text[position] == u'\t';
}

/// How many characters a list marker at the line's begin has; 0 without one.
qsizetype markerLength(QStringView content) {
    if (content.isEmpty()) return 0;
    if (content[0] == u'-' || content[0] == u'+' || content[0] == u'*')
        return endsOrBlankAt(content, 1) ? 1 : 0;
    qsizetype digits = 0;
    while (digits < std::min<qsizetype>(content.size(), 9) && content[digits] >= u'0' &&
           content[digits] <= u'9')
        ++digits;
    if (digits == 0 || digits >= content.size()) return 0;
    if (content[digits] != u'.' && content[digits] != u')') return 0;
    return endsOrBlankAt(content, digits + 1) ? digits + 1 : 0;
}

bool isHeading(QStringView content) {
    const qsizetype marks = runLength(content, u'#');
    return marks >= 1 && marks <= 6 && endsOrBlankAt(content, marks);
}

struct Fence {
    QChar character;
    qsizetype length = 0;
    bool isAtEdge = false;

    [[nodiscard]] bool isOpen() const { return length > 0; }
    [[nodiscard]] bool isClosedBy(const Line& line) const {
        return runLength(line.content, character) >= length &&
               runLength(line.content, character) == line.content.size();
    }
};

Fence fenceIn(const Line& line, bool isInList) {
    QStringView content = line.content;
    bool isAfterMarker = false;
    while (isInList) {  // "- ```" opens a fence inside the item
        const qsizetype marker = markerLength(content);
        if (marker == 0) break;
        content = content.sliced(marker).trimmed();
        isAfterMarker = true;
    }
    for (const QChar character : {QChar(u'`'), QChar(u'~')}) {
        const qsizetype length = runLength(content, character);
        if (length < 3) continue;
        if (character == u'`' && content.sliced(length).contains(u'`')) continue;
        if (!isInList && line.indent > 3) continue;  // indented code
        return {.character = character, .length = length, .isAtEdge = line.indent == 0 && !isAfterMarker};
    }
    return {};
}

class Splitter {
public:
    Splitter(QStringView text, int begin) : text_(text), sectionBegin_(begin), position_(begin) {}

    std::vector<SectionRange> split() {
        while (position_ < text_.size()) {
            qsizetype end = text_.indexOf(u'\n', position_);
            const bool isComplete = end >= 0;
            end = isComplete ? end + 1 : text_.size();
            read(lineOf(text_.sliced(position_, end - position_)), isComplete);
            position_ = static_cast<int>(end);
        }
        if (position_ > sectionBegin_) sections_.push_back({sectionBegin_, position_, false});
        return std::move(sections_);
    }

private:
    void read(const Line& line, bool isComplete) {
        if (fence_.isOpen()) {
            if (fence_.isClosedBy(line)) {
                isClosed_ = fence_.isAtEdge;
                fence_ = {};
            }
            return;
        }
        if (line.isBlank()) {
            isAfterBlank_ = true;
            return;
        }
        if (hasContent_ && beginsSection(line)) {
            sections_.push_back({sectionBegin_, position_, isComplete});
            sectionBegin_ = position_;
            isList_ = false;
        }
        hasContent_ = true;
        isAfterBlank_ = false;
        isClosed_ = false;
        if (line.indent < 4 && markerLength(line.content) > 0) isList_ = true;
        fence_ = fenceIn(line, isList_);
        if (line.indent == 0 && isHeading(line.content)) isClosed_ = true;
    }

    [[nodiscard]] bool beginsSection(const Line& line) const {
        if (isClosed_) return true;
        if (line.indent > 0) return false;
        if (isHeading(line.content) || fenceIn(line, false).isOpen()) return true;
        return isAfterBlank_ && !(isList_ && markerLength(line.content) > 0);
    }

    QStringView text_;
    int sectionBegin_;
    int position_;
    bool hasContent_ = false;
    bool isAfterBlank_ = false;
    bool isClosed_ = false;  // what came last has ended: a heading, a fence at the edge
    bool isList_ = false;
    Fence fence_;
    std::vector<SectionRange> sections_;
};

}  // namespace

std::vector<SectionRange> splitSections(QStringView text, int begin) {
    return Splitter(text, begin).split();
}

}  // namespace epi::markdown
