#include "ui/markdown/parser.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <QByteArray>
#include <QStringTokenizer>

#include "ui/markdown/entities.h"

#include <md4c.h>

namespace epi::markdown {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPlainCharacters = 2'000;
constexpr int kLongestPlainLine = 16'000;

struct OpenList {
    bool isOrdered = false;
    unsigned number = 0;
    QChar delimiter;
    int id = 0;
    std::size_t firstBlock = 0;
};

QString fromUtf8(const MD_CHAR* text, MD_SIZE size) {
    return QString::fromUtf8(text, static_cast<qsizetype>(size));
}

QString textOf(const MD_ATTRIBUTE& attribute) {
    QString text;
    for (int i = 0; attribute.text != nullptr && attribute.substr_offsets[i] < attribute.size; ++i) {
        const MD_OFFSET begin = attribute.substr_offsets[i];
        const QString part = fromUtf8(attribute.text + begin, attribute.substr_offsets[i + 1] - begin);
        text += attribute.substr_types[i] == MD_TEXT_ENTITY ? characterOf(part) : part;
    }
    return text;
}

Alignment alignmentOf(MD_ALIGN align) {
    if (align == MD_ALIGN_CENTER) return Alignment::kCenter;
    return align == MD_ALIGN_RIGHT ? Alignment::kRight : Alignment::kLeft;
}

/// UTF-16 positions of byte offsets that mostly grow.
class Utf16Cursor {
public:
    explicit Utf16Cursor(const QByteArray& utf8) : utf8_(utf8) {}

    int at(qsizetype byte) {
        if (byte < byte_) byte_ = position_ = 0;
        for (; byte_ < byte; ++byte_) {
            const auto unit = static_cast<unsigned char>(utf8_[byte_]);
            if ((unit & 0xC0U) != 0x80U) position_ += unit >= 0xF0U ? 2 : 1;
        }
        return static_cast<int>(position_);
    }

private:
    const QByteArray& utf8_;
    qsizetype byte_ = 0;
    qsizetype position_ = 0;
};

/// Makes blocks of what md4c reports. Every callback returns whether a limit was passed, which ends the
/// reading.
class Builder {
public:
    Builder(const QByteArray& utf8, int offset, const Limits& limits)
        : utf8_(utf8), cursor_(utf8), offset_(offset), limits_(limits) {}

    bool enterBlock(MD_BLOCKTYPE type, void* detail);
    bool leaveBlock(MD_BLOCKTYPE type);
    bool enterSpan(MD_SPANTYPE type, void* detail);
    void leaveSpan(MD_SPANTYPE type);
    bool addText(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size);
    std::vector<Block> takeBlocks() { return std::move(blocks_); }

private:
    Block& open(BlockKind kind);
    void close();
    bool enterContainer(Container::Kind kind, int id);
    void enterList(bool isOrdered, unsigned start, QChar delimiter);
    void leaveList();
    bool enterItem(const MD_BLOCK_LI_DETAIL& detail);
    void leaveItem();
    bool enterTable(const MD_BLOCK_TABLE_DETAIL& detail);
    bool enterCell(const MD_BLOCK_TD_DETAIL& detail);
    [[nodiscard]] StyledText* target();
    void append(const QString& shown, qsizetype byte, qsizetype bytes);
    void appendLineBreak(const QString& shown);

    const QByteArray& utf8_;
    Utf16Cursor cursor_;
    int offset_;
    const Limits& limits_;
    std::vector<Block> blocks_;
    bool isOpen_ = false;  // the last block takes text
    bool isTable_ = false;
    std::vector<Container> containers_;
    std::vector<OpenList> lists_;
    int nextId_ = 0;
    QString marker_;
    std::vector<std::pair<unsigned, QString>> styles_;
    qsizetype end_ = 0;  // byte behind the last text
    int pieces_ = 0;
};

Block& Builder::open(BlockKind kind) {
    close();
    Block block;
    block.kind = kind;
    block.containers = containers_;
    block.marker = std::exchange(marker_, {});
    const bool isInList =
        std::ranges::any_of(containers_, [](const Container& c) { return c.kind == Container::Kind::kItem; });
    if (blocks_.empty()) {
        block.joint = Joint::kBlankLine;
    } else if (isInList && !blocks_.back().containers.empty()) {
        block.joint = Joint::kLine;
    }
    blocks_.push_back(std::move(block));
    isOpen_ = kind != BlockKind::kRule;
    return blocks_.back();
}

void Builder::close() {
    isOpen_ = false;
    isTable_ = false;
}

bool Builder::enterContainer(Container::Kind kind, int id) {
    close();
    containers_.push_back({.kind = kind, .id = id});
    return static_cast<int>(containers_.size()) > limits_.containers;
}

void Builder::enterList(bool isOrdered, unsigned start, QChar delimiter) {
    close();
    lists_.push_back({.isOrdered = isOrdered,
                      .number = start,
                      .delimiter = delimiter,
                      .id = nextId_++,
                      .firstBlock = blocks_.size()});
}

void Builder::leaveList() {
    close();
    const OpenList list = lists_.back();
    lists_.pop_back();
    if (!list.isOrdered || list.number == 0) return;
    const auto characters = static_cast<int>(QString::number(list.number - 1).size()) + 1;
    for (std::size_t i = list.firstBlock; i < blocks_.size(); ++i) {
        for (Container& container : blocks_[i].containers) {
            if (container.kind == Container::Kind::kItem && container.id == list.id)
                container.markerCharacters = characters;
        }
    }
}

bool Builder::enterItem(const MD_BLOCK_LI_DETAIL& detail) {
    static constexpr QChar kBullets[] = {u'•', u'◦', u'▪'};
    OpenList& list = lists_.back();
    if (enterContainer(Container::Kind::kItem, list.id)) return true;
    if (detail.is_task != 0) {
        marker_ = detail.task_mark == ' ' ? u"☐"_s : u"☑"_s;
    } else if (list.isOrdered) {
        marker_ = QString::number(list.number) + list.delimiter;
    } else {
        marker_ = kBullets[(lists_.size() - 1) % 3];
    }
    ++list.number;
    return false;
}

void Builder::leaveItem() {
    if (!marker_.isEmpty()) open(BlockKind::kParagraph);  // an item without text
    close();
    containers_.pop_back();
}

bool Builder::enterTable(const MD_BLOCK_TABLE_DETAIL& detail) {
    const auto rows = std::uint64_t{detail.head_row_count} + detail.body_row_count;
    if (detail.col_count > static_cast<unsigned>(limits_.tableColumns) ||
        rows * detail.col_count > static_cast<std::uint64_t>(limits_.tableCells))
        return true;
    Block& table = open(BlockKind::kTable);
    table.columns = static_cast<int>(detail.col_count);
    isTable_ = true;
    isOpen_ = false;
    return false;
}

bool Builder::enterCell(const MD_BLOCK_TD_DETAIL& detail) {
    Block& table = blocks_.back();
    if (static_cast<int>(table.alignments.size()) < table.columns)
        table.alignments.push_back(alignmentOf(detail.align));
    table.cells.emplace_back();
    isOpen_ = true;
    return static_cast<int>(table.cells.size()) > limits_.tableCells;
}

bool Builder::enterBlock(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
        case MD_BLOCK_QUOTE:
            return enterContainer(Container::Kind::kQuote, nextId_++);
        case MD_BLOCK_UL:
            enterList(false, 0, {});
            break;
        case MD_BLOCK_OL: {
            const auto* list = static_cast<MD_BLOCK_OL_DETAIL*>(detail);
            enterList(true, list->start, QLatin1Char(list->mark_delimiter));
            break;
        }
        case MD_BLOCK_LI:
            return enterItem(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
        case MD_BLOCK_HR:
            open(BlockKind::kRule);
            break;
        case MD_BLOCK_H:
            open(BlockKind::kHeading).level =
                static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
            break;
        case MD_BLOCK_CODE:
            open(BlockKind::kCode).language = textOf(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->lang);
            break;
        case MD_BLOCK_P:
        case MD_BLOCK_HTML:
            open(BlockKind::kParagraph);
            break;
        case MD_BLOCK_TABLE:
            return enterTable(*static_cast<MD_BLOCK_TABLE_DETAIL*>(detail));
        case MD_BLOCK_TH:
        case MD_BLOCK_TD:
            return enterCell(*static_cast<MD_BLOCK_TD_DETAIL*>(detail));
        case MD_BLOCK_DOC:
        case MD_BLOCK_THEAD:
        case MD_BLOCK_TBODY:
        case MD_BLOCK_TR:
            break;
    }
    return static_cast<int>(blocks_.size()) > limits_.blocks;
}

bool Builder::leaveBlock(MD_BLOCKTYPE type) {
    switch (type) {
        case MD_BLOCK_QUOTE:
            close();
            containers_.pop_back();
            break;
        case MD_BLOCK_UL:
        case MD_BLOCK_OL:
            leaveList();
            break;
        case MD_BLOCK_LI:
            leaveItem();
            break;
        case MD_BLOCK_CODE: {
            QString& code = blocks_.back().text.text;
            if (code.endsWith(u'\n')) code.chop(1);
            auto& sources = blocks_.back().text.sources;
            if (!sources.empty() && sources.back().shown + sources.back().length > code.size()) {
                if (--sources.back().length == 0) {
                    sources.pop_back();
                } else {
                    --sources.back().sourceLength;
                }
            }
            close();
            break;
        }
        case MD_BLOCK_TH:
        case MD_BLOCK_TD:
            isOpen_ = false;
            break;
        case MD_BLOCK_H:
        case MD_BLOCK_P:
        case MD_BLOCK_HTML:
        case MD_BLOCK_TABLE:
        case MD_BLOCK_HR:
            close();
            break;
        case MD_BLOCK_DOC:
        case MD_BLOCK_THEAD:
        case MD_BLOCK_TBODY:
        case MD_BLOCK_TR:
            break;
    }
    return false;
}

bool Builder::enterSpan(MD_SPANTYPE type, void* detail) {
    switch (type) {
        case MD_SPAN_EM:
            styles_.emplace_back(kEmphasis, QString());
            break;
        case MD_SPAN_STRONG:
        case MD_SPAN_U:
            styles_.emplace_back(kStrong, QString());
            break;
        case MD_SPAN_CODE:
            styles_.emplace_back(kInlineCode, QString());
            break;
        case MD_SPAN_DEL:
            styles_.emplace_back(kStruck, QString());
            break;
        case MD_SPAN_A:
            styles_.emplace_back(kLink, textOf(static_cast<MD_SPAN_A_DETAIL*>(detail)->href));
            break;
        case MD_SPAN_IMG:  // its alternative text, and nothing that would be loaded
        case MD_SPAN_LATEXMATH:
        case MD_SPAN_LATEXMATH_DISPLAY:
        case MD_SPAN_WIKILINK:
            styles_.emplace_back(0U, QString());
            break;
    }
    return static_cast<int>(styles_.size()) > limits_.spans;
}

void Builder::leaveSpan(MD_SPANTYPE) {
    if (!styles_.empty()) styles_.pop_back();
}

StyledText* Builder::target() {
    if (isTable_) return isOpen_ ? &blocks_.back().cells.back() : nullptr;
    if (!isOpen_) open(BlockKind::kParagraph);  // a tight item's text has no paragraph of its own
    return &blocks_.back().text;
}

void Builder::append(const QString& shown, qsizetype byte, qsizetype bytes) {
    StyledText* text = target();
    if (text == nullptr || shown.isEmpty()) return;
    const int begin = text->length();
    const auto length = static_cast<int>(shown.size());
    text->text += shown;
    if (byte >= 0) {
        const int source = offset_ + cursor_.at(byte);
        const int sourceLength = offset_ + cursor_.at(byte + bytes) - source;
        SourceStretch* last = text->sources.empty() ? nullptr : &text->sources.back();
        const bool isContinued = last != nullptr && last->length == last->sourceLength &&
                                 length == sourceLength && last->shown + last->length == begin &&
                                 last->source + last->sourceLength == source;
        if (isContinued) {
            last->length += length;
            last->sourceLength += length;
        } else {
            text->sources.push_back(
                {.shown = begin, .length = length, .source = source, .sourceLength = sourceLength});
        }
        end_ = byte + bytes;
    }
    unsigned styles = 0;
    QString link;
    for (const auto& [style, address] : styles_) {
        styles |= style;
        if (style == kLink) link = address;
    }
    if (styles == 0) return;
    Span* last = text->spans.empty() ? nullptr : &text->spans.back();
    if (last != nullptr && last->end == begin && last->styles == styles && last->target == link) {
        last->end += length;
    } else {
        text->spans.push_back({.begin = begin, .end = begin + length, .styles = styles, .target = link});
    }
}

/// Line ends are reported without their place: the next one behind what came last.
void Builder::appendLineBreak(const QString& shown) {
    const qsizetype byte = utf8_.indexOf('\n', end_);
    append(shown, byte, byte >= 0 ? 1 : 0);
}

bool Builder::addText(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size) {
    if (++pieces_ > limits_.pieces) return true;
    const std::less<const char*> isBefore;
    const bool isOfSource =
        !isBefore(text, utf8_.constData()) && isBefore(text, utf8_.constData() + utf8_.size());
    const qsizetype byte = isOfSource ? text - utf8_.constData() : -1;
    switch (type) {
        case MD_TEXT_BR:
        case MD_TEXT_SOFTBR:
            // A reply's lines are meant as lines; joining them would run addresses and verses together.
            appendLineBreak(u"\n"_s);
            return false;
        case MD_TEXT_NULLCHAR:
            append(QString(QChar::ReplacementCharacter), byte, isOfSource ? 1 : 0);
            return false;
        case MD_TEXT_ENTITY:
            append(characterOf(fromUtf8(text, size)), byte, size);
            return false;
        case MD_TEXT_NORMAL:
        case MD_TEXT_CODE:
        case MD_TEXT_HTML:
        case MD_TEXT_LATEXMATH:
            break;
    }
    const bool isLineEnd = !isOfSource && size == 1 && (*text == '\n' || *text == ' ');
    if (isLineEnd) {
        // A space of ours stands for a line end in a code span, or for indentation in a code block.
        const bool isAtLineEnd = end_ < utf8_.size() && utf8_[end_] == '\n';
        if (*text == '\n' || isAtLineEnd) {
            appendLineBreak(fromUtf8(text, size));
            return false;
        }
    }
    QString shown = fromUtf8(text, size);
    shown.replace(u'\r', u' ');
    append(shown, byte, size);
    return false;
}

/// md4c takes no notice of positive values that callbacks for spans and texts return.
constexpr int kEndReading = -1;

int enterBlock(MD_BLOCKTYPE type, void* detail, void* builder) {
    return static_cast<Builder*>(builder)->enterBlock(type, detail) ? kEndReading : 0;
}

int leaveBlock(MD_BLOCKTYPE type, void*, void* builder) {
    return static_cast<Builder*>(builder)->leaveBlock(type) ? kEndReading : 0;
}

int enterSpan(MD_SPANTYPE type, void* detail, void* builder) {
    return static_cast<Builder*>(builder)->enterSpan(type, detail) ? kEndReading : 0;
}

int leaveSpan(MD_SPANTYPE type, void*, void* builder) {
    static_cast<Builder*>(builder)->leaveSpan(type);
    return 0;
}

int addText(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* builder) {
    return static_cast<Builder*>(builder)->addText(type, text, size) ? kEndReading : 0;
}

/// The section as it was written, without the empty lines that part it from the next.
std::vector<Block> asWritten(const QString& section, int offset) {
    qsizetype end = section.size();
    while (end > 0 && section[end - 1].isSpace())
        --end;
    return plainBlocks(section.left(end), offset);
}

bool isFence(QStringView line) {
    return line.contains(u"```") || line.contains(u"~~~");
}

/// Whether markdown hides a whole line of words, as it does with the definitions of links' addresses.
bool hidesLines(const QString& section, int offset, const std::vector<Block>& blocks) {
    std::vector<SourceStretch> shown;
    for (const Block& block : blocks) {
        shown.insert(shown.end(), block.text.sources.begin(), block.text.sources.end());
        for (const StyledText& cell : block.cells)
            shown.insert(shown.end(), cell.sources.begin(), cell.sources.end());
    }
    std::ranges::sort(shown, {}, &SourceStretch::source);
    auto stretch = shown.cbegin();
    qsizetype begin = 0;
    for (const QStringView line : QStringTokenizer{section, u'\n'}) {
        const int lineBegin = offset + static_cast<int>(begin);
        const int lineEnd = lineBegin + static_cast<int>(line.size());
        begin += line.size() + 1;
        while (stretch != shown.cend() && stretch->source + stretch->sourceLength <= lineBegin)
            ++stretch;
        if (stretch != shown.cend() && stretch->source < lineEnd) continue;
        if (isFence(line)) continue;
        const bool hasMarker = line.trimmed().size() <= 10;  // an empty item's number
        if (!hasMarker && std::ranges::any_of(line, [](QChar c) { return c.isLetterOrNumber(); }))
            return true;
    }
    return false;
}

}  // namespace

std::vector<Block> parseSection(const QString& section, int offset, const Limits& limits) {
    if (section.trimmed().isEmpty()) return {};
    if (section.size() > limits.sectionCharacters) return asWritten(section, offset);
    const QByteArray utf8 = section.toUtf8();
    Builder builder(utf8, offset, limits);
    MD_PARSER parser{};
    parser.flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML;
    parser.enter_block = &enterBlock;
    parser.leave_block = &leaveBlock;
    parser.enter_span = &enterSpan;
    parser.leave_span = &leaveSpan;
    parser.text = &addText;
    const int status = md_parse(utf8.constData(), static_cast<MD_SIZE>(utf8.size()), &parser, &builder);
    std::vector<Block> blocks = builder.takeBlocks();
    if (status != 0 || hidesLines(section, offset, blocks)) return asWritten(section, offset);
    return blocks;
}

namespace {

/// Where a block of plain text that begins at `begin` ends: at a line's end, unless the line is too long.
qsizetype plainEnd(const QString& text, qsizetype begin) {
    const QStringView window =
        QStringView(text).sliced(begin).first(std::min<qsizetype>(text.size() - begin, kLongestPlainLine));
    const qsizetype next = window.indexOf(u'\n', kPlainCharacters);
    if (next >= 0) return begin + next;
    if (begin + window.size() == text.size()) return text.size();
    const qsizetype last = window.lastIndexOf(u'\n');
    if (last > 0) return begin + last;
    const qsizetype end = begin + window.size();
    return text[end].isLowSurrogate() ? end - 1 : end;
}

}  // namespace

std::vector<Block> plainBlocks(const QString& text, int offset) {
    std::vector<Block> blocks;
    Joint joint = Joint::kBlankLine;
    for (qsizetype begin = 0; begin < text.size();) {
        const qsizetype end = plainEnd(text, begin);
        Block block;
        block.kind = BlockKind::kPlain;
        block.joint = joint;
        block.text.text = text.sliced(begin, end - begin);
        block.text.text.replace(u'\r', u' ');
        const int length = block.text.length();
        if (length > 0) {
            block.text.sources = {{.shown = 0,
                                   .length = length,
                                   .source = offset + static_cast<int>(begin),
                                   .sourceLength = length}};
        }
        blocks.push_back(std::move(block));
        const bool isAtLineEnd = end < text.size() && text[end] == u'\n';
        joint = isAtLineEnd ? Joint::kLine : Joint::kNone;
        begin = isAtLineEnd ? end + 1 : end;
    }
    return blocks;
}

}  // namespace epi::markdown
