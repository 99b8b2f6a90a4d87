#include <chrono>
#include <cmath>
#include <ctime>
#include <random>

#include <QPainter>
#include <QSignalSpy>
#include <QTest>

#include "tests/ui/code_samples.h"
#include "ui/bridge/text.h"
#include "ui/chat/message_body.h"
#include "ui/highlight/code_rules.h"
#include "ui/highlight/highlighter.h"
#include "ui/theme/theme.h"

using namespace epi;
using namespace Qt::StringLiterals;

namespace {

const CodeLanguage* languageNamed(const QString& id) {
    for (const CodeLanguage& language : codeLanguages()) {
        if (language.id == id) return &language;
    }
    return nullptr;
}

/// Where the colours are looked at, and not how soon they come.
constexpr std::chrono::milliseconds kAnyTime{60'000};

std::vector<CodeSpan> spansOf(const CodeLanguage& language, const QString& code) {
    Highlighter highlighter(language, kAnyTime);
    highlighter.update(code);
    return highlighter.spans();
}

/// What this program worked, other programs not counted.
std::chrono::milliseconds timeOf(const auto& work) {
    const std::clock_t start = std::clock();
    work();
    return std::chrono::milliseconds((std::clock() - start) * 1'000 / CLOCKS_PER_SEC);
}

/// Generous: two limits, freeing the tree, and slow instruments.
constexpr auto kMoment = 10 * Highlighter::kLimit;

int kindAt(const std::vector<CodeSpan>& spans, qsizetype position) {
    for (const CodeSpan& span : spans) {
        if (span.begin <= position && position < span.end()) return static_cast<int>(span.kind);
    }
    return CodeSample::kNone;
}

/// In order, not empty, apart from each other, within the code, and no two where one would do.
bool isSound(const std::vector<CodeSpan>& spans, const QString& code) {
    int end = 0;
    const CodeSpan* before = nullptr;
    for (const CodeSpan& span : spans) {
        if (span.begin < end || span.length <= 0) return false;
        if (before != nullptr && before->end() == span.begin && before->kind == span.kind) return false;
        end = span.end();
        before = &span;
    }
    return end <= code.size();
}

double luminance(const QColor& color) {
    const auto linear = [](double c) {
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double first = luminance(a);
    const double second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

QString fenced(const QString& label, const QString& code) {
    return u"```"_s + label + u"\n"_s + code + u"\n```\n"_s;
}

QImage picture(const MessageBody& body) {
    QImage image(body.width(), std::max(body.height(), 1), QImage::Format_RGB32);
    image.fill(Theme::current().colors().background);
    QPainter painter(&image);
    body.paint(painter, {0, 0}, {.clip = image.rect()});
    return image;
}

bool hasPixelOf(const QImage& image, const QColor& color) {
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            if (image.pixelColor(x, y) == color) return true;
        }
    }
    return false;
}

}  // namespace

class TestHighlight : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 200); }

    void everyLanguageColoursItsWords_data() { addSamples(); }
    void everyLanguageColoursItsWords() {
        QFETCH(int, sample);
        const CodeSample wanted = codeSamples()[static_cast<std::size_t>(sample)];
        const CodeLanguage* language = languageNamed(wanted.language);
        if (language == nullptr) QSKIP(qPrintable(u"no grammar was built for "_s + wanted.language));
        const std::vector<CodeSpan> spans = spansOf(*language, wanted.code);
        QVERIFY(isSound(spans, wanted.code));
        qsizetype from = 0;
        for (const auto& [word, kind] : wanted.words) {
            from = wanted.code.indexOf(word, from);
            QVERIFY2(from >= 0, qPrintable(word));
            QVERIFY2(kindAt(spans, from) == kind,
                     qPrintable(u"%1: kind %2 instead of %3"_s.arg(word).arg(kindAt(spans, from)).arg(kind)));
            QVERIFY2(kindAt(spans, from + word.size() - 1) == kind, qPrintable(word + u" as a whole"_s));
            from += word.size();
        }
    }

    void everyLanguageThatWasBuiltHasASampleAndRules() {
        for (const CodeLanguage& language : codeLanguages()) {
            const std::vector<CodeSample> all = codeSamples();
            QVERIFY2(std::ranges::count(all, language.id, &CodeSample::language) == 1,
                     qPrintable(language.id));
            const auto read = CodeRules::read(language);
            QVERIFY2(read, read ? "" : read.error().message.c_str());
        }
    }

    void wrongRulesAreNamed() {
        const CodeLanguage* json = languageNamed(u"json"_s);
        if (json == nullptr) QSKIP("no grammar was built for json");
        CodeLanguage wrong = *json;
        wrong.rules = QStringList{u"nothing"_s};
        QCOMPARE(CodeRules::read(wrong).error().message, std::string("unknown rules nothing"));
        wrong.rules = QStringList{u"go"_s};
        QCOMPARE(CodeRules::read(wrong).error().message, std::string("unknown node field_identifier"));
    }

    void labelsAreFoundInAnyCase() {
        const std::pair<const char*, const char*> expected[] = {
            {"py", "python"},      {"Python", "python"},
            {"python3", "python"}, {"js", "javascript"},
            {"jsx", "javascript"}, {"ts", "typescript"},
            {"tsx", "tsx"},        {"c", "c"},
            {"c++", "cpp"},        {"cc", "cpp"},
            {"h", "cpp"},          {"hpp", "cpp"},
            {"C++", "cpp"},        {"sh", "bash"},
            {"shell", "bash"},     {"zsh", "bash"},
            {"rs", "rust"},        {"golang", "go"},
            {"jsonc", "json"},     {"json", "json"},
            {"java", "java"},      {"JavaScript", "javascript"}};
        for (const auto& [label, id] : expected) {
            const CodeLanguage* language = languageNamed(QString::fromLatin1(id));
            if (language == nullptr)
                QWARN(qPrintable(u"no grammar was built for %1"_s.arg(QLatin1String(id))));
            QVERIFY2(codeLanguageOf(QString::fromLatin1(label)) == language, label);
        }
    }

    void labelsOfNothingKnownArePlain() {
        const QString labels[] = {u""_s,
                                  u" "_s,
                                  u"text"_s,
                                  u"console"_s,
                                  u"brainfuck"_s,
                                  u"../c"_s,
                                  u"c "_s,
                                  u"\0c"_s,
                                  u"[]"_s,
                                  QString(1'000'000, u'c'),
                                  u"ＣＰＰ"_s,
                                  u"c\n"_s,
                                  u"💥"_s};
        for (const QString& label : labels)
            QVERIFY2(codeLanguageOf(label) == nullptr, qPrintable(label.left(20)));
    }

    void noTwoLanguagesShareALabel() {
        QStringList all;
        for (const CodeLanguage& language : codeLanguages())
            all += language.labels;
        QCOMPARE(all.removeDuplicates(), 0);
        for (const QString& label : all)
            QCOMPARE(label, label.toLower());
    }

    /// What arrives token by token ends anywhere.
    void cutsOfCodeHaveSoundColours_data() { addSamples(); }
    void cutsOfCodeHaveSoundColours() {
        QFETCH(int, sample);
        const CodeSample whole = codeSamples()[static_cast<std::size_t>(sample)];
        const CodeLanguage* language = languageNamed(whole.language);
        if (language == nullptr) QSKIP(qPrintable(u"no grammar was built for "_s + whole.language));
        std::mt19937 random(static_cast<unsigned>(sample) + 7);
        for (int i = 0; i < 60; ++i) {
            const auto size = static_cast<unsigned>(whole.code.size());
            const auto begin = static_cast<qsizetype>(random() % size);
            const auto length = static_cast<qsizetype>(random() % size);
            const QString cut = whole.code.mid(i % 3 == 0 ? 0 : begin, length);
            QVERIFY2(isSound(spansOf(*language, cut), cut), qPrintable(cut));
        }
    }

    /// Long code is read again only where it grew.
    void codeThatGrowsIsColouredAsIfItHadBeenThereAtOnce_data() { addSamples(); }
    void codeThatGrowsIsColouredAsIfItHadBeenThereAtOnce() {
        QFETCH(int, sample);
        const CodeSample one = codeSamples()[static_cast<std::size_t>(sample)];
        const CodeLanguage* language = languageNamed(one.language);
        if (language == nullptr) QSKIP(qPrintable(u"no grammar was built for "_s + one.language));
        // JSON has one value.
        const bool isList = one.language == u"json"_s;
        QString code = isList ? u"["_s : QString();
        while (code.size() < 12'000)
            code += one.code + (isList ? u",\n"_s : u"\n"_s);
        if (isList) code += u"1]"_s;
        std::mt19937 random(3);
        Highlighter highlighter(*language, kAnyTime);
        for (qsizetype end = 1; end < code.size(); end += 1 + static_cast<qsizetype>(random() % 40)) {
            const QString cut = code.left(end);
            highlighter.update(cut);
            QVERIFY(isSound(highlighter.spans(), cut));
        }
        highlighter.update(code);
        QVERIFY(isSound(highlighter.spans(), code));
        QVERIFY(highlighter.spans() == spansOf(*language, code));
        // Another text is read from its beginning.
        highlighter.update(one.code);
        QVERIFY(highlighter.spans() == spansOf(*language, one.code));
    }

    void theSameCodeIsNotReadAgain() {
        const CodeLanguage* language = languageNamed(u"python"_s);
        if (language == nullptr) QSKIP("no grammar was built for python");
        Highlighter highlighter(*language, kAnyTime);
        highlighter.update(u"x = 1"_s);
        const int revision = highlighter.revision();
        highlighter.update(u"x = 1"_s);
        QCOMPARE(highlighter.revision(), revision);
        highlighter.update(u"x = 1\ny"_s);  // the same colours
        QCOMPARE(highlighter.revision(), revision);
        highlighter.update(u"x = 1\ny = 2"_s);
        QVERIFY(highlighter.revision() != revision);
    }

    void hostileCodeIsReadInAMomentOrNotAtAll_data() {
        QTest::addColumn<QString>("code");
        QTest::newRow("empty") << u""_s;
        QTest::newRow("one NUL") << QString(1, QChar(0));
        QTest::newRow("NULs") << QString(60'000, QChar(0));
        QTest::newRow("high surrogates alone") << QString(60'000, QChar(0xD800));
        QTest::newRow("low surrogates alone") << QString(60'000, QChar(0xDC00));
        QTest::newRow("a pair cut in two") << QString(Highlighter::kLongest - 1, u'a') + u"💥💥"_s;
        QTest::newRow("50 MB") << QString(50'000'000, u'x');
        QTest::newRow("50 MB of code") << u"f(\"a\") + g(1);\n"_s.repeated(3'300'000);
        for (const QString& piece :
             {u"("_s,   u"["_s,    u"{"_s,  u"<"_s,  u"f("_s,   u"`${"_s,  u"$("_s,     u"if "_s,
              u"'"_s,   u"\""_s,   u"/*"_s, u"\\"_s, u"R\"("_s, u"a?b:"_s, u"#if\n"_s,  u"<<E\n"_s,
              u"\n "_s, u"a<b,"_s, u"-"_s,  u"@"_s,  u"r#\""_s, u"x=>"_s,  u"\uFEFF"_s, u"\u202E"_s})
            QTest::newRow(qPrintable(u"only "_s + piece.trimmed())) << piece.repeated(30'000);
        QString noise;
        std::mt19937 random(1);
        for (int i = 0; i < 40'000; ++i)
            noise += QChar(static_cast<char16_t>(random() % 3 == 0 ? random() % 65'536 : 32 + random() % 95));
        QTest::newRow("noise") << noise;
    }
    void hostileCodeIsReadInAMomentOrNotAtAll() {
        QFETCH(QString, code);
        if (codeLanguages().empty()) QSKIP("no grammar was built");
        for (const CodeLanguage& language : codeLanguages()) {
            Highlighter highlighter(language);
            const auto took = timeOf([&] { highlighter.update(code); });
            // Not every time: a machine may stand still for a moment.
            const auto least = [&] {
                Highlighter again(language);
                return timeOf([&] { again.update(code); });
            };
            QVERIFY2(took < kMoment || least() < kMoment || least() < kMoment,
                     qPrintable(u"%1: %2 ms"_s.arg(language.id).arg(took.count())));
            QVERIFY2(isSound(highlighter.spans(), code), qPrintable(language.id));
            if (!highlighter.spans().empty())
                QVERIFY(highlighter.spans().back().end() <= Highlighter::kLongest);
        }
    }

    void codeThatTakesTooLongHasNoColours() {
        const CodeLanguage* language = languageNamed(u"python"_s);
        if (language == nullptr) QSKIP("no grammar was built for python");
        Highlighter highlighter(*language, std::chrono::milliseconds(0));
        highlighter.update(u"x = 1\n"_s.repeated(1'000));
        QVERIFY(highlighter.spans().empty());
    }

    void coloursReadWellOnTheirGround_data() {
        QTest::addColumn<int>("theme");
        QTest::addColumn<double>("least");
        QTest::newRow("light") << static_cast<int>(ThemeChoice::kLight) << 4.5;
        QTest::newRow("dark") << static_cast<int>(ThemeChoice::kDark) << 4.5;
        QTest::newRow("high contrast") << static_cast<int>(ThemeChoice::kHighContrast) << 7.0;
    }
    void coloursReadWellOnTheirGround() {
        QFETCH(int, theme);
        QFETCH(double, least);
        Theme::apply(static_cast<ThemeChoice>(theme), 100);
        const ThemeColors colors = Theme::current().colors();
        Theme::apply(ThemeChoice::kLight, 200);
        for (std::size_t kind = 0; kind < kCodeKindCount; ++kind) {
            const double ratio = contrast(colors.code[kind], colors.surface);
            QVERIFY2(ratio >= least, qPrintable(u"kind %1: %2:1"_s.arg(kind).arg(ratio)));
            QVERIFY2(colors.code[kind] != colors.text, qPrintable(u"kind %1 looks plain"_s.arg(kind)));
        }
    }

    void aBlockShowsColours() {
        if (codeLanguageOf(u"py") == nullptr) QSKIP("no grammar was built for python");
        MessageBody body(markdown::Syntax::kMarkdown, 600);
        body.setText(fenced(u"py"_s, u"def add(a, b):\n    return a  # sum"_s));
        const int height = body.height();
        const auto& colors = Theme::current().colors().code;
        const QImage shown = picture(body);
        QVERIFY(hasPixelOf(shown, colors[static_cast<std::size_t>(CodeKind::kKeyword)]));
        QVERIFY(hasPixelOf(shown, colors[static_cast<std::size_t>(CodeKind::kComment)]));
        QCOMPARE(body.height(), height);
        body.setText(fenced(u"nothing-known"_s, u"def add(a, b):\n    return a  # sum"_s));
        QVERIFY(!hasPixelOf(picture(body), colors[static_cast<std::size_t>(CodeKind::kKeyword)]));
    }

    void codeThatStreamsLooksAsItDoesWhenItIsThere() {
        if (codeLanguageOf(u"python") == nullptr) QSKIP("no grammar was built for python");
        // A string over many groups of lines: what was plain becomes part of it, and is not any more.
        const QString code = u"a = 1\n\"\"\"\n"_s + u"def f(): pass\n"_s.repeated(20) + u"\"\"\"\nb = 2\n"_s;
        const QString text = fenced(u"python"_s, code);
        MessageBody growing(markdown::Syntax::kMarkdown, 600);
        QImage screen(600, 3'000, QImage::Format_RGB32);  // as a view does: only what changes is drawn again
        const auto grow = [&](const QString& shown) {
            const QRect changed(0, growing.setText(shown), screen.width(), screen.height());
            QPainter painter(&screen);
            painter.setClipRect(changed);
            painter.fillRect(changed, Theme::current().colors().background);
            growing.paint(painter, {0, 0}, {.clip = changed & screen.rect()});
        };
        for (qsizetype end = 3; end < text.size(); end += 5)
            grow(text.left(end));
        grow(text);
        MessageBody whole(markdown::Syntax::kMarkdown, 600);
        whole.setText(text);
        QCOMPARE(growing.height(), whole.height());
        QVERIFY(whole.height() < screen.height());
        QCOMPARE(screen.copy(0, 0, 600, whole.height()), picture(whole));
    }

    void whatGrowsIsDrawnFromItsLastLinesOn() {
        const QString code = u"call(1)\n"_s.repeated(40);
        MessageBody body(markdown::Syntax::kMarkdown, 600);
        body.setText(u"```python\n"_s + code);
        (void)picture(body);
        const int before = body.height();
        const int changed = body.setText(u"```python\n"_s + code + u"more"_s);
        QVERIFY2(changed > before * 3 / 4 && changed < before, qPrintable(QString::number(changed)));
    }

private:
    static void addSamples() {
        QTest::addColumn<int>("sample");
        const std::vector<CodeSample> all = codeSamples();
        for (std::size_t i = 0; i < all.size(); ++i)
            QTest::newRow(qPrintable(all[i].language)) << static_cast<int>(i);
    }
};

QTEST_MAIN(TestHighlight)
#include "tst_highlight.moc"
