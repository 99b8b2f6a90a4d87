#include <string>
#include <vector>

#include <QtTest/QTest>

#include "core/text/pre_tokenizer.h"
#include "tests/support/random_text.h"

using namespace epi;

namespace {

QString joined(const std::string& name, const std::string& text) {
    const auto preTokenizer = PreTokenizer::byName(name);
    if (!preTokenizer) return QStringLiteral("unknown name");
    QStringList words;
    for (const std::string_view word : preTokenizer->split(text))
        words << QString::fromUtf8(word.data(), static_cast<qsizetype>(word.size()));
    return words.join(QLatin1Char('/'));
}

}  // namespace

class TestPreTokenizer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cutsAsThePublishedExpressions_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const char* text, const char* words) {
            QTest::addRow("%s: %s", name, text)
                << QString::fromUtf8(name) << QString::fromUtf8(text) << QString::fromUtf8(words);
        };
        row("gpt-2", "Hello world's 12a", "Hello/ world/'s/ 12/a");
        row("gpt-2", "WE'LL we'll", "WE/'/LL/ we/'ll");
        row("gpt-2", "a  b   ", "a/ / b/   ");
        row("gpt-2", "a\n\nb\t c", "a/\n/\n/b/\t/ c");
        row("gpt-2", "x !? y", "x/ !?/ y");
        row("gpt-2", "\u4F60\u597D\u00A0z", "\u4F60\u597D/\u00A0/z");
        row("smollm", " 5 12", " /5/ /1/2");
        row("smollm", "a  5b", "a/  /5/b");
        row("smollm", "\u00BD\u2163x", "\u00BD/\u2163/x");
        row("qwen2", "I'LL don'T", "I/'LL/ don/'T");
        row("qwen2", "a.b (c) 123", "a/.b/ (/c/)/ /1/2/3");
        row("qwen2", "end!\n\n  next", "end/!\n\n/ / next");
        row("qwen2", "a \n \n  b", "a/ \n \n/ / b");
        row("qwen2", "\tx\r\ny", "\tx/\r\n/y");
        row("qwen2", "x   ", "x/   ");
        row("llama-bpe", "12345 6", "123/45/ /6");
        row("llama3", "#include\n", "#include/\n");
    }
    void cutsAsThePublishedExpressions() {
        QFETCH(QString, name);
        QFETCH(QString, text);
        QFETCH(QString, words);
        QCOMPARE(joined(name.toStdString(), text.toStdString()), words);
    }

    void namesAnUnknownPattern() {
        const auto result = PreTokenizer::byName("(a+)+");
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kUnsupported);
        QVERIFY(result.error().message.find("'(a+)+'") != std::string::npos);
    }

    void losesNothingOfAnyBytes() {
        test::Random random(5);
        for (const char* name : {"gpt-2", "smollm", "qwen2", "llama3"}) {
            const auto preTokenizer = PreTokenizer::byName(name);
            for (int round = 0; round < 1000; ++round) {
                const std::string text = test::randomText(random, 60) + test::randomBytes(random, 20);
                std::string all;
                for (const std::string_view word : preTokenizer->split(text)) {
                    QVERIFY(!word.empty());
                    all += word;
                }
                QCOMPARE(all, text);
            }
        }
    }

    void takesTimeInProportionToTheText() {
        for (const char* name : {"gpt-2", "smollm", "qwen2", "llama3"}) {
            const auto preTokenizer = PreTokenizer::byName(name);
            for (const char* unit : {" ", "\n", "a", "1", " \n", "'", "1 "}) {
                std::string text;
                for (int i = 0; i < 1'000'000; ++i)
                    text += unit;
                QVERIFY(!preTokenizer->split(text + "x").empty());
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestPreTokenizer)
#include "tst_pre_tokenizer.moc"
