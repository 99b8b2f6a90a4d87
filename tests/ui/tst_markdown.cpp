#include <algorithm>
#include <ctime>
#include <limits>
#include <random>

#include <QTest>

#include "ui/markdown/document.h"
#include "ui/markdown/link.h"
#include "ui/markdown/parser.h"
#include "ui/markdown/splitter.h"

using namespace epi::markdown;
using namespace Qt::StringLiterals;

namespace {

constexpr double kMostTimesProse = 10.0;  // measured: up to 4

std::vector<Block> blocksOf(const QString& text) {
    std::vector<Block> blocks;
    const Document document(text, Syntax::kMarkdown);
    for (const Section& section : document.sections())
        blocks.insert(blocks.end(), section.blocks.begin(), section.blocks.end());
    return blocks;
}

QString shown(const QString& text) {
    return Document(text, Syntax::kMarkdown).shownText();
}

unsigned stylesAt(const StyledText& text, const QString& part) {
    const auto at = text.text.indexOf(part);
    for (const Span& span : text.spans) {
        if (span.begin <= at && at < span.end) return span.styles;
    }
    return 0;
}

/// Some text that nobody made to be slow.
QString prose(qsizetype length) {
    const QString line = u"A *plain* paragraph about gardens and rivers, with `code` in it.\n\n"_s;
    return line.repeated(length / line.size() + 1).left(length);
}

/// Processor time of this thread for a document of the text, the least of three: what disturbs only adds.
double secondsToRead(const QString& text) {
    const auto now = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    };
    double least = std::numeric_limits<double>::max();
    for (int i = 0; i < 3; ++i) {
        const double start = now();
        const Document document(text, Syntax::kMarkdown);
        least = std::min(least, now() - start);
    }
    return least;
}

/// The texts of a block: its own, or its cells'.
std::vector<StyledText> textsOf(const Block& block) {
    return block.kind == BlockKind::kTable ? block.cells : std::vector<StyledText>{block.text};
}

/// Every promise a document makes, whatever the text is. Empty when all are kept.
QString brokenPromise(const Document& document) {
    int end = 0;
    for (const Section& section : document.sections()) {
        if (section.begin != end) return u"a section begins at %1, not at %2"_s.arg(section.begin).arg(end);
        if (section.end < section.begin) return u"a section ends before it begins"_s;
        end = section.end;
    }
    if (end != document.source().size()) return u"the sections end at %1"_s.arg(end);
    const QString text = document.shownText();
    if (text.size() != document.shownLength()) return u"the shown text has another length"_s;
    for (const Section& section : document.sections()) {
        for (const Block& block : section.blocks) {
            for (const StyledText& part : textsOf(block)) {
                if (text.mid(part.shownBegin, part.length()) != part.text)
                    return u"'%1' is not where it says"_s.arg(part.text);
                int last = 0;
                for (const Span& span : part.spans) {
                    if (span.begin < last || span.end <= span.begin || span.end > part.length())
                        return u"a span lies outside of '%1'"_s.arg(part.text);
                    last = span.end;
                }
                last = 0;
                for (const SourceStretch& stretch : part.sources) {
                    if (stretch.shown < last || stretch.shown + stretch.length > part.length())
                        return u"a stretch lies outside of '%1'"_s.arg(part.text);
                    last = stretch.shown + stretch.length;
                    if (stretch.source < section.begin || stretch.source + stretch.sourceLength > section.end)
                        return u"a stretch of '%1' lies outside of its section"_s.arg(part.text);
                    if (stretch.length != stretch.sourceLength) continue;
                    for (int i = 0; i < stretch.length; ++i) {
                        const QChar is = part.text[stretch.shown + i];
                        const QChar was = document.source()[stretch.source + i];
                        const bool isSame = is == was || is == u'\uFFFD' || was == u'\r' ||
                                            (was == u'\n' && is == u' ') || was == u'\0' || was.isSurrogate();
                        if (!isSame) return u"'%1' of '%2' comes from '%3'"_s.arg(is).arg(part.text).arg(was);
                    }
                }
            }
        }
    }
    return {};
}

/// Pieces of which random texts are made: everything that means something, and some that does not.
const QStringList& pieces() {
    static const QStringList kPieces{u"word"_s,
                                     u" "_s,
                                     u"\n"_s,
                                     u"\n\n"_s,
                                     u"\n    "_s,
                                     u"\n  "_s,
                                     u"# "_s,
                                     u"\n## "_s,
                                     u"- "_s,
                                     u"\n- "_s,
                                     u"\n  - "_s,
                                     u"\n1. "_s,
                                     u"\n10) "_s,
                                     u"> "_s,
                                     u"\n> "_s,
                                     u"\n```\n"_s,
                                     u"\n```cpp\n"_s,
                                     u"~~~\n"_s,
                                     u"`"_s,
                                     u"``"_s,
                                     u"*"_s,
                                     u"**"_s,
                                     u"_"_s,
                                     u"~~"_s,
                                     u"["_s,
                                     u"](http://x)"_s,
                                     u"!["_s,
                                     u"|"_s,
                                     u"\n|a|b|\n|---|---|\n"_s,
                                     u"\n---\n"_s,
                                     u"\n===\n"_s,
                                     u"<b>"_s,
                                     u"<!--"_s,
                                     u"&amp;"_s,
                                     u"&#65;"_s,
                                     u"\\"_s,
                                     u"ä"_s,
                                     u"\U0001F600"_s,
                                     u"\r\n"_s,
                                     u"\t"_s,
                                     u"[a]: http://y\n"_s,
                                     u"- [ ] "_s,
                                     u"https://z.example "_s,
                                     QString(QChar(0))};
    return kPieces;
}

QString randomText(std::mt19937& random, int count) {
    QString text;
    for (int i = 0; i < count; ++i)
        text += pieces()[static_cast<qsizetype>(random() % static_cast<unsigned>(pieces().size()))];
    return text;
}

}  // namespace

class TestMarkdown : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void blocksAreTold() {
        const auto blocks = blocksOf(
            u"# Title\n\nA line\nand another.\n\n---\n\n> quoted\n\n```cpp\nint a;\n\nint b;\n```\n"_s);
        QCOMPARE(blocks.size(), std::size_t{5});
        QCOMPARE(blocks[0].kind, BlockKind::kHeading);
        QCOMPARE(blocks[0].level, 1);
        QCOMPARE(blocks[0].text.text, u"Title"_s);
        QCOMPARE(blocks[1].text.text, u"A line\nand another."_s);
        QCOMPARE(blocks[2].kind, BlockKind::kRule);
        QCOMPARE(blocks[3].containers.size(), std::size_t{1});
        QCOMPARE(blocks[3].containers[0].kind, Container::Kind::kQuote);
        QCOMPARE(blocks[4].kind, BlockKind::kCode);
        QCOMPARE(blocks[4].language, u"cpp"_s);
        QCOMPARE(blocks[4].text.text, u"int a;\n\nint b;"_s);
    }

    void inlineSpansAreTold() {
        const auto blocks =
            blocksOf(u"a **bold** *slanted* `code` ~~struck~~ [text](https://e.example/x) ***both***"_s);
        QCOMPARE(blocks.size(), std::size_t{1});
        const StyledText& text = blocks[0].text;
        QCOMPARE(text.text, u"a bold slanted code struck text both"_s);
        QCOMPARE(stylesAt(text, u"bold"_s), unsigned{kStrong});
        QCOMPARE(stylesAt(text, u"slanted"_s), unsigned{kEmphasis});
        QCOMPARE(stylesAt(text, u"code"_s), unsigned{kInlineCode});
        QCOMPARE(stylesAt(text, u"struck"_s), unsigned{kStruck});
        QCOMPARE(stylesAt(text, u"text"_s), unsigned{kLink});
        QCOMPARE(stylesAt(text, u"both"_s), unsigned{kStrong | kEmphasis});
        QCOMPARE(stylesAt(text, u"a "_s), 0U);
        QCOMPARE(text.spans[4].target, u"https://e.example/x"_s);
    }

    void listsHaveMarkersAndDepth() {
        const auto blocks = blocksOf(u"8. eight\n9. nine\n   - inner\n10. ten\n\n- [x] done\n- [ ] open\n"_s);
        QCOMPARE(blocks.size(), std::size_t{6});
        QCOMPARE(blocks[0].marker, u"8."_s);
        QCOMPARE(blocks[2].marker, u"◦"_s);
        QCOMPARE(blocks[2].containers.size(), std::size_t{2});
        QCOMPARE(blocks[3].marker, u"10."_s);
        QCOMPARE(blocks[0].containers[0].markerCharacters, 3);
        QCOMPARE(blocks[4].marker, u"☑"_s);
        QCOMPARE(blocks[5].marker, u"☐"_s);
        QCOMPARE(shown(u"- a\n- b\n  - c"_s), u"• a\n• b\n    ◦ c"_s);
    }

    void tablesHaveColumnsAndAlignment() {
        const auto blocks = blocksOf(u"| Name | Size |\n|:-----|-----:|\n| **a** | 1 |\n| b |\n"_s);
        QCOMPARE(blocks.size(), std::size_t{1});
        QCOMPARE(blocks[0].kind, BlockKind::kTable);
        QCOMPARE(blocks[0].columns, 2);
        QCOMPARE(blocks[0].cells.size(), std::size_t{6});
        QCOMPARE(blocks[0].alignments[1], Alignment::kRight);
        QCOMPARE(stylesAt(blocks[0].cells[2], u"a"_s), unsigned{kStrong});
        QCOMPARE(shown(u"|a|b|\n|---|---|\n|1|2|\n"_s), u"a\tb\n1\t2"_s);
    }

    void htmlAndImagesAreOnlyText() {
        const auto blocks = blocksOf(
            u"<script>alert(1)</script>\n\n<!-- hidden -->\n\na <b>c</b> ![the alt](file:///etc/passwd)"_s);
        QCOMPARE(blocks.size(), std::size_t{3});
        QCOMPARE(blocks[0].text.text, u"<script>alert(1)</script>"_s);
        QCOMPARE(blocks[1].text.text, u"<!-- hidden -->"_s);
        QCOMPARE(blocks[2].text.text, u"a <b>c</b> the alt"_s);
        QVERIFY(blocks[2].text.spans.empty());
    }

    void entitiesBecomeCharacters() {
        QCOMPARE(shown(u"&amp; &lt;b&gt; &#8212; &#x41; &unknown; &#0; &#x202E;"_s),
                 u"& <b> — A &unknown; &#0; &#x202E;"_s);
    }

    void whatMarkdownWouldHideIsShown() {
        QCOMPARE(shown(u"[1]: https://example.org \"title\""_s), u"[1]: https://example.org \"title\""_s);
        QCOMPARE(shown(u"a\n\n[1]: https://example.org\n\nb"_s), u"a\n\n[1]: https://example.org\n\nb"_s);
    }

    void linksAreOpenedOnlyIfTheyAreHarmless_data() {
        QTest::addColumn<QString>("target");
        QTest::addColumn<QString>("address");
        QTest::newRow("web") << u"https://example.org/a?b=c"_s << u"https://example.org/a?b=c"_s;
        QTest::newRow("upper case") << u"HTTP://Example.org"_s << u"http://example.org"_s;
        QTest::newRow("mail") << u"mailto:a@example.org"_s << u"mailto:a@example.org"_s;
        QTest::newRow("imitated letters") << u"https://аpple.com/"_s << u"https://xn--pple-43d.com/"_s;
        QTest::newRow("turned text") << u"https://example.org/\u202Egpj.exe"_s
                                     << u"https://example.org/%E2%80%AEgpj.exe"_s;
        for (const char* refused : {"file:///etc/passwd",
                                    "javascript:alert(1)",
                                    "data:text/html,x",
                                    "qrc:/a",
                                    "//host/share",
                                    "\\\\host\\share",
                                    "/etc/passwd",
                                    "http://",
                                    "https:",
                                    "mailto:nobody",
                                    "ssh://host",
                                    ""})
            QTest::newRow(*refused != '\0' ? refused : "nothing")
                << QString::fromLatin1(refused) << QString();
    }
    void linksAreOpenedOnlyIfTheyAreHarmless() {
        QFETCH(QString, target);
        QFETCH(QString, address);
        const QUrl url = openableAddress(target);
        QCOMPARE(url.isValid() ? honestAddress(url) : QString(), address);
    }

    void sectionsAreFinalOnceTheNextHasBegun() {
        Document document(u"one\n\ntwo"_s, Syntax::kMarkdown);
        QCOMPARE(document.sections().size(), std::size_t{2});
        QVERIFY(!document.sections()[0].isFinal);  // "two" might still become anything
        QCOMPARE(document.setText(u"one\n\ntwo\nmore"_s), std::size_t{0});
        QVERIFY(document.sections()[0].isFinal);
        QCOMPARE(document.setText(u"one\n\ntwo\nmore text"_s), std::size_t{1});
        QCOMPARE(document.setText(u"one\n\ntwo\nmore text"_s), std::size_t{2});
        QCOMPARE(document.setText(u"another"_s), std::size_t{0});
        QCOMPARE(document.shownText(), u"another"_s);
    }

    void listsAndFencesAreNotCutApart_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("sections");
        QTest::newRow("loose list") << u"1. a\n\n2. b\n\n   more of b\n\n3. c\n"_s << 1;
        QTest::newRow("fence with empty lines") << u"```\na\n\nb\n\n# no heading\n```\n"_s << 1;
        QTest::newRow("open fence") << u"text\n\n~~~\na\n\n```\n\nb"_s << 2;
        QTest::newRow("fence in an item") << u"- a\n  ```\n  x\n\n  y\n  ```\n- b\n"_s << 1;
        QTest::newRow("indented code") << u"    a\n\n    b\n"_s << 1;
        QTest::newRow("list, then text") << u"- a\n- b\n\ntext\n"_s << 2;
        QTest::newRow("headings") << u"# a\ntext\n## b\n# c\n"_s << 4;
        QTest::newRow("text around a fence") << u"a\n```\nx\n```\nb\n"_s << 3;
        QTest::newRow("two quotes") << u"> a\n\n> b\n"_s << 2;
        QTest::newRow("table") << u"a\n\n|x|y|\n|---|---|\n|1|2|\n\nb"_s << 3;
    }
    void listsAndFencesAreNotCutApart() {
        QFETCH(QString, text);
        QFETCH(int, sections);
        QCOMPARE(static_cast<int>(splitSections(text, 0).size()), sections);
        // Read as a whole, the blocks are the same.
        const auto whole = parseSection(text, 0);
        auto cut = blocksOf(text);
        QCOMPARE(cut.size(), whole.size());
        for (std::size_t i = 0; i < whole.size(); ++i) {
            QCOMPARE(cut[i].kind, whole[i].kind);
            QCOMPARE(cut[i].text.text, whole[i].text.text);
            QCOMPARE(cut[i].marker, whole[i].marker);
            QVERIFY(cut[i].text.sources == whole[i].text.sources);
        }
    }

    void aTextThatGrowsReadsAsOneThatIsThere() {
        std::mt19937 random(7);
        for (int round = 0; round < 300; ++round) {
            const QString text = randomText(random, 40);
            Document grown({}, Syntax::kMarkdown);
            for (qsizetype end = 0; end < text.size();) {
                end = std::min(text.size(), end + 1 + static_cast<qsizetype>(random() % 7));
                grown.setText(text.left(end));
                const QString broken = brokenPromise(grown);
                QVERIFY2(broken.isEmpty(), qPrintable(broken + u" in "_s + text.left(end)));
            }
            const Document whole(text, Syntax::kMarkdown);
            QCOMPARE(grown.shownText(), whole.shownText());
            QCOMPARE(grown.sections().size(), whole.sections().size());
            for (std::size_t i = 0; i < whole.sections().size(); ++i)
                QVERIFY(grown.sections()[i].blocks == whole.sections()[i].blocks);
        }
    }

    void noTextIsLostWhateverItIs() {
        std::mt19937 random(11);
        for (int round = 0; round < 3'000; ++round) {
            const QString text = randomText(random, 1 + static_cast<int>(random() % 60));
            const Document document(text, Syntax::kMarkdown);
            const QString broken = brokenPromise(document);
            QVERIFY2(broken.isEmpty(), qPrintable(broken + u" in "_s + text));
            // What follows a fence names the language; a table's rows end with its columns.
            if (!text.contains(u"```"_s) && !text.contains(u"~~"_s) && !text.contains(u'|')) {
                QVERIFY2(document.shownText().count(u"word"_s) == text.count(u"word"_s),
                         qPrintable(text + u"\n-----\n"_s + document.shownText()));
            }
            const Document plain(text, Syntax::kPlain);
            QVERIFY(brokenPromise(plain).isEmpty());
            QCOMPARE(plain.shownText(), QString(text).replace(u'\r', u' '));
        }
    }

    void theSourceOfASelectionHasItsMarkup() {
        const QString text = u"# Title\n\nsome **bold** text\n\n```py\nx = 1\n```\n\nend &amp; more"_s;
        const Document document(text, Syntax::kMarkdown);
        const QString plain = document.shownText();
        const auto sourceOf = [&](const QString& part) {
            const auto at = static_cast<int>(plain.indexOf(part));
            const Range range = document.sourceOf({at, at + static_cast<int>(part.size())});
            return text.mid(range.begin, range.end - range.begin);
        };
        QCOMPARE(sourceOf(u"bold"_s), u"bold"_s);
        QCOMPARE(sourceOf(u"some bold"_s), u"some **bold"_s);
        QCOMPARE(sourceOf(u"x = 1"_s), u"```py\nx = 1\n```\n\n"_s);
        QCOMPARE(sourceOf(u"& m"_s), u"&amp; m"_s);
        QCOMPARE(document.sourceOf({0, document.shownLength()}), (Range{0, static_cast<int>(text.size())}));
    }

    void longPlainTextIsCutAtLines() {
        QString text;
        for (int i = 0; i < 5'000; ++i)
            text += u"line %1\n"_s.arg(i);
        text += QString(100'000, u'x');
        const Document document(text, Syntax::kPlain);
        QCOMPARE(document.shownText(), text);
        for (const Block& block : document.sections().front().blocks)
            QVERIFY(block.text.length() <= 16'000);
        QVERIFY(document.sections().front().blocks.size() > 20);
    }

    void proseTakesTimeAsItsLength() {
        const double once = secondsToRead(prose(30'000));
        const double fourTimes = secondsToRead(prose(120'000));  // one section
        QVERIFY2(fourTimes < 8 * once, qPrintable(QString::number(fourTimes / once)));
    }

    void hostileTextIsReadQuickly_data() {
        QTest::addColumn<QString>("text");
        const auto many = [](const QString& piece, int count) {
            return piece.repeated(count);
        };
        QTest::newRow("quotes in quotes") << many(u"> "_s, 50'000) + u"word"_s;
        QTest::newRow("lists in lists") << many(u"- "_s, 50'000) + u"word"_s;
        QString deep;
        for (int i = 0; i < 1'000; ++i)
            deep += QString(i * 2, u' ') + u"- word\n"_s;
        QTest::newRow("a staircase of lists") << deep.left(125'000);
        QTest::newRow("backtick runs") << [] {
            QString text;
            for (int i = 1; i < 450; ++i)
                text += QString(i, u'`') + u"a"_s;
            return text + u" word"_s;
        }();
        QTest::newRow("open brackets") << many(u"["_s, 100'000) + u"word"_s;
        QTest::newRow("open links") << many(u"[a]("_s, 30'000) + u"word"_s;
        QTest::newRow("images in images") << many(u"![a"_s, 30'000) + many(u"](b)"_s, 10'000) + u"word"_s;
        QTest::newRow("emphasis") << many(u"*a_"_s, 30'000) + u"word"_s;
        QTest::newRow("emphasis in emphasis")
            << many(u"*a **a "_s, 15'000) + many(u"a** a*"_s, 500) + u"word"_s;
        QTest::newRow("entities") << many(u"&amp;"_s, 20'000) + u"word"_s;
        QTest::newRow("tags") << many(u"<div>\n"_s, 20'000) + u"word"_s;
        QTest::newRow("open comments") << many(u"<!--"_s, 30'000) + u"word"_s;
        QTest::newRow("a wide table") << many(u"|a"_s, 10'000) + u"\n"_s + many(u"|---"_s, 10'000) + u"\n"_s +
                                             many(u"|\n"_s, 10'000) + u"|word|"_s;
        QTest::newRow("a long table") << u"|a|b|\n|---|---|\n"_s + many(u"|x|y|\n"_s, 15'000) + u"|word|z|"_s;
        QTest::newRow("definitions") << many(u"[a]: b\n"_s, 15'000) + u"word"_s;
        QTest::newRow("paragraphs") << many(u"a\n\n"_s, 300'000) + u"word"_s;
        QTest::newRow("fences") << many(u"```\n"_s, 100'001) + u"word"_s;
        QTest::newRow("addresses") << many(u"www.a@b."_s, 12'000) + u" word"_s;
        QTest::newRow("headings") << many(u"# a\n"_s, 200'000) + u"word"_s;
        QTest::newRow("a long line") << QString(10'000'000, u'a') + u" word"_s;
    }
    void hostileTextIsReadQuickly() {
        QFETCH(QString, text);
        // Against prose of the same length, in time that this thread was given: how fast the machine is and
        // what else it does counts for both.
        const double ofProse = secondsToRead(prose(text.size()));
        const double ofText = secondsToRead(text);
        const Document document(text, Syntax::kMarkdown);
        QVERIFY2(document.shownText().contains(u"word"_s), qPrintable(document.shownText().right(200)));
        std::size_t blocks = 0;
        for (const Section& section : document.sections())
            blocks += section.blocks.size();
        QVERIFY2(blocks < 10'000, qPrintable(QString::number(blocks)));
        qInfo("%.1f ms, prose %.1f ms", 1e3 * ofText, 1e3 * ofProse);
        QVERIFY2(ofText < kMostTimesProse * ofProse, qPrintable(QString::number(ofText / ofProse)));
    }
};

QTEST_APPLESS_MAIN(TestMarkdown)
#include "tst_markdown.moc"
