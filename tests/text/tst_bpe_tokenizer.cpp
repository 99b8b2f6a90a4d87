#include <algorithm>
#include <string>
#include <vector>

#include <QtTest/QTest>

#include "core/text/bpe_tokenizer.h"
#include "tests/support/random_text.h"
#include "tests/text/tiny_vocabulary.h"

using namespace epi;
using Ids = std::vector<TokenId>;

namespace {

/// Merges the best pair of the whole word again and again: slow and plain.
std::vector<std::string> mergeSlowly(const std::vector<std::pair<std::string, std::string>>& merges,
                                     const std::string& word) {
    std::vector<std::string> parts;
    for (const char byte : word)
        parts.emplace_back(1, byte);
    while (true) {
        std::size_t bestRank = merges.size();
        std::size_t bestPlace = 0;
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
            const auto found = std::ranges::find(merges, std::pair(parts[i], parts[i + 1]));
            const auto rank = static_cast<std::size_t>(found - merges.begin());
            if (rank < bestRank) {
                bestRank = rank;
                bestPlace = i;
            }
        }
        if (bestRank == merges.size()) return parts;
        parts[bestPlace] += parts[bestPlace + 1];
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(bestPlace) + 1);
    }
}

std::unique_ptr<Tokenizer> make(const Vocabulary& vocabulary) {
    auto result = makeBpeTokenizer(vocabulary);
    if (!result) qFatal("%s", result.error().message.c_str());
    return *std::move(result);
}

std::string refusal(const Vocabulary& vocabulary) {
    const auto result = makeBpeTokenizer(vocabulary);
    return result ? "accepted" : result.error().message;
}

Ids bytes(std::string_view text) {
    Ids ids;
    for (const char byte : text)
        ids.push_back(static_cast<std::uint8_t>(byte));
    return ids;
}

}  // namespace

class TestBpeTokenizer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void spellsEveryByteInThePrintableAlphabet() {
        QCOMPARE(spellingOfBytes(" a\n"), std::string("\u0120a\u010A"));
        QCOMPARE(spellingOfBytes(std::string("\0\x7F\xA0\xAD\xFF", 5)),
                 std::string("\u0100\u0121\u0142\u0143\u00FF"));
        for (int byte = 0; byte < 256; ++byte) {
            const std::string text(1, static_cast<char>(byte));
            QCOMPARE(bytesOfSpelling(spellingOfBytes(text)), std::optional<std::string>(text));
        }
        QVERIFY(!bytesOfSpelling("a b"));
        QVERIFY(!bytesOfSpelling("\u0144"));
    }

    void mergesTheBestRankFirst() {
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        const TokenId bc = test::addMerge(vocabulary, "b", "c");
        const TokenId ab = test::addMerge(vocabulary, "a", "b");
        const TokenId abAb = test::addMerge(vocabulary, "ab", "ab");
        const auto tokenizer = make(vocabulary);
        QCOMPARE(tokenizer->encode("abc", ControlTokens::kAsText), (Ids{'a', bc}));
        QCOMPARE(tokenizer->encode("ababab", ControlTokens::kAsText), (Ids{abAb, ab}));
        QCOMPARE(tokenizer->piece(abAb), std::string("abab"));
    }

    void neverMergesAcrossWords() {
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        test::addMerge(vocabulary, "a", " ");
        QCOMPARE(make(vocabulary)->encode("a b", ControlTokens::kAsText), bytes("a b"));
    }

    void agreesWithPlainMerging() {
        test::Random random(6);
        for (int round = 0; round < 200; ++round) {
            Vocabulary vocabulary = test::byteVocabulary("gpt-2");
            std::vector<std::string> parts{"a", "b", "c"};
            std::vector<std::pair<std::string, std::string>> merges;
            for (int i = 0; i < 12; ++i) {
                const std::string left = parts[test::below(random, static_cast<std::uint32_t>(parts.size()))];
                const std::string right =
                    parts[test::below(random, static_cast<std::uint32_t>(parts.size()))];
                if (std::ranges::find(parts, left + right) != parts.end()) continue;
                test::addMerge(vocabulary, left, right);
                merges.emplace_back(left, right);
                parts.push_back(left + right);
            }
            std::string word(1 + test::below(random, 60), 'a');
            for (char& letter : word)
                letter = static_cast<char>('a' + test::below(random, 3));
            const auto tokenizer = make(vocabulary);
            std::vector<std::string> pieces;
            for (const TokenId id : tokenizer->encode(word, ControlTokens::kAsText))
                pieces.push_back(tokenizer->piece(id));
            QCOMPARE(pieces, mergeSlowly(merges, word));
        }
    }

    void recognisesUserDefinedTokensInEveryText() {
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        const TokenId call = test::addToken(vocabulary, "<call>", TokenType::kUserDefined);
        const TokenId calls = test::addToken(vocabulary, "<call>s", TokenType::kUserDefined);
        const auto tokenizer = make(vocabulary);
        QCOMPARE(tokenizer->encode("x<call>", ControlTokens::kAsText), (Ids{'x', call}));
        QCOMPARE(tokenizer->encode("<call>s", ControlTokens::kAsText), Ids{calls});
        QCOMPARE(tokenizer->piece(call), std::string("<call>"));
        QVERIFY(!tokenizer->isControl(call));
    }

    void recognisesControlTokensOnlyWhereTold() {
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        const TokenId end = test::addToken(vocabulary, "<|im_end|>", TokenType::kControl);
        const auto tokenizer = make(vocabulary);
        QCOMPARE(tokenizer->encode("a<|im_end|>", ControlTokens::kAsText), bytes("a<|im_end|>"));
        QCOMPARE(tokenizer->encode("a<|im_end|>", ControlTokens::kParse), (Ids{'a', end}));
        QCOMPARE(tokenizer->piece(end), std::string());
        QVERIFY(tokenizer->isControl(end));
        const auto matches = tokenizer->findControlTokens("a<|im_end|>b<|im_end");
        QCOMPARE(matches.size(), std::size_t{1});
        QCOMPARE(matches[0].offset, std::size_t{1});
        QCOMPARE(matches[0].length, std::size_t{10});
        QCOMPARE(matches[0].id, end);
    }

    void neverProducesUnusedOrByteTokens() {
        Vocabulary vocabulary = test::byteVocabulary("llama3");
        test::addToken(vocabulary, "unused", TokenType::kUnused);
        test::addToken(vocabulary, "<0x41>", TokenType::kByte);
        for (const auto control : {ControlTokens::kAsText, ControlTokens::kParse})
            QCOMPARE(make(vocabulary)->encode("unused<0x41>", control), bytes("unused<0x41>"));
    }

    void dropsBytesThatTheVocabularyLacks() {
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        vocabulary.tokens[4] = "never";
        const TokenId ab = test::addMerge(vocabulary, "a", "b");
        QCOMPARE(make(vocabulary)->encode("\x04", ControlTokens::kAsText), Ids{});
        QCOMPARE(make(vocabulary)->encode("ab\x04", ControlTokens::kAsText), Ids{ab});
    }

    void takesWholeWordsWhereTheModelDoes() {
        Vocabulary vocabulary = test::byteVocabulary("llama3");
        const TokenId word = test::addToken(vocabulary, "word", TokenType::kNormal);
        QCOMPARE(make(vocabulary)->encode("word", ControlTokens::kAsText), Ids{word});
        vocabulary.preTokenizer = "qwen2";
        QCOMPARE(make(vocabulary)->encode("word", ControlTokens::kAsText), bytes("word"));
    }

    void normalisesForQwenOnly() {
        QCOMPARE(make(test::byteVocabulary("qwen2"))->encode("e\u0301", ControlTokens::kAsText),
                 bytes("\u00E9"));
        QCOMPARE(make(test::byteVocabulary("gpt-2"))->encode("e\u0301", ControlTokens::kAsText),
                 bytes("e\u0301"));
    }

    void knowsTheEndsOfAReply() {
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        const TokenId named = test::addToken(vocabulary, "<fin>", TokenType::kControl);
        const TokenId known = test::addToken(vocabulary, "<|eot_id|>", TokenType::kControl);
        const TokenId text = test::addToken(vocabulary, "<|im_end|>", TokenType::kNormal);
        const TokenId begin = test::addToken(vocabulary, "<|im_start|>", TokenType::kControl);
        vocabulary.endOfGeneration = {named};
        const auto tokenizer = make(vocabulary);
        QVERIFY(tokenizer->isEndOfGeneration(named));
        QVERIFY(tokenizer->isEndOfGeneration(known));
        QVERIFY(!tokenizer->isEndOfGeneration(text));
        QVERIFY(!tokenizer->isEndOfGeneration(begin));
        QVERIFY(!tokenizer->isEndOfGeneration(-1));
    }

    void answersForIdsOutsideTheVocabulary() {
        const auto tokenizer = make(test::byteVocabulary("gpt-2"));
        QCOMPARE(tokenizer->vocabularySize(), 256);
        for (const TokenId id : {-1, 256, 1 << 30}) {
            QCOMPARE(tokenizer->piece(id), std::string());
            QVERIFY(!tokenizer->isControl(id));
        }
    }

    void refusesBadMerges_data() {
        QTest::addColumn<QString>("merge");
        QTest::addColumn<QString>("message");
        QTest::newRow("one token") << "ab"
                                   << "merge 0 'ab' is not two tokens with a space between them";
        QTest::newRow("nothing left") << " a"
                                      << "merge 0 ' a' is not two tokens with a space between them";
        QTest::newRow("nothing right") << "a "
                                       << "merge 0 'a ' is not two tokens with a space between them";
        QTest::newRow("three") << "a b c"
                               << "merge 0 'a b c' is not two tokens with a space between them";
        QTest::newRow("no result") << "a b"
                                   << "merge 0 'a b' names a token that is not in the vocabulary";
        QTest::newRow("control") << "< s>"
                                 << "merge 0 '< s>' names a token that is not in the vocabulary";
    }
    void refusesBadMerges() {
        QFETCH(QString, merge);
        QFETCH(QString, message);
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        test::addToken(vocabulary, "s>", TokenType::kNormal);
        test::addToken(vocabulary, "<s>", TokenType::kControl);
        vocabulary.merges = {merge.toStdString()};
        QCOMPARE(QString::fromStdString(refusal(vocabulary)), message);
    }

    void namesAnUnknownPreTokenizer() {
        QCOMPARE(refusal(test::byteVocabulary("nonesuch")), std::string("unknown pre-tokenizer 'nonesuch'"));
    }

    void givesBackAnyBytes() {
        Vocabulary vocabulary = test::byteVocabulary("llama3");
        test::addMerge(vocabulary, "e", " ");
        test::addMerge(vocabulary, " ", "t");
        test::addMerge(vocabulary, "\xF0", "\x9F");
        const auto tokenizer = make(vocabulary);
        test::Random random(7);
        for (int round = 0; round < 1000; ++round) {
            const std::string text = test::randomText(random, 50) + test::randomBytes(random, 30);
            QCOMPARE(tokenizer->decode(tokenizer->encode(text, ControlTokens::kAsText)), text);
            QCOMPARE(tokenizer->decode(tokenizer->encode(text, ControlTokens::kParse)), text);
        }
    }

    void encodesOneWordOfAMegabyte() {
        Vocabulary vocabulary = test::byteVocabulary("gpt-2");
        std::string part = "a";
        for (int i = 0; i < 8; ++i) {
            test::addMerge(vocabulary, part, part);
            part += part;
        }
        const auto ids = make(vocabulary)->encode(std::string(1 << 20, 'a'), ControlTokens::kAsText);
        QCOMPARE(ids.size(), std::size_t{1 << 12});
    }
};

QTEST_GUILESS_MAIN(TestBpeTokenizer)
#include "tst_bpe_tokenizer.moc"
