#include <string>
#include <vector>

#include <QtTest/QTest>

#include "core/text/sentencepiece_tokenizer.h"
#include "tests/support/random_text.h"
#include "tests/text/tiny_vocabulary.h"

using namespace epi;
using Ids = std::vector<TokenId>;

namespace {

constexpr const char* kSpaceMark = "\u2581";

std::unique_ptr<Tokenizer> make(const Vocabulary& vocabulary) {
    auto result = makeSentencepieceTokenizer(vocabulary);
    if (!result) qFatal("%s", result.error().message.c_str());
    return *std::move(result);
}

std::string refusal(const Vocabulary& vocabulary) {
    const auto result = makeSentencepieceTokenizer(vocabulary);
    return result ? "accepted" : result.error().message;
}

TokenId byteId(unsigned byte) {
    return static_cast<TokenId>(3 + byte);
}

struct Letters {
    Vocabulary vocabulary = test::pieceVocabulary();
    TokenId space = test::addToken(vocabulary, kSpaceMark, TokenType::kNormal, -10);
    TokenId a = test::addToken(vocabulary, "a", TokenType::kNormal, -11);
    TokenId b = test::addToken(vocabulary, "b", TokenType::kNormal, -12);
};

}  // namespace

class TestSentencepieceTokenizer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void mergesTheBestScoreFirst() {
        Letters letters;
        const TokenId ab = test::addToken(letters.vocabulary, "ab", TokenType::kNormal, -2);
        const TokenId ba = test::addToken(letters.vocabulary, "ba", TokenType::kNormal, -1);
        const auto tokenizer = make(letters.vocabulary);
        QCOMPARE(tokenizer->encode("aba", ControlTokens::kAsText), (Ids{letters.a, ba}));
        QCOMPARE(tokenizer->encode("ab", ControlTokens::kAsText), Ids{ab});
    }

    void writesSpacesAsTheyAre() {
        Letters letters;
        const TokenId spaceA =
            test::addToken(letters.vocabulary, std::string(kSpaceMark) + "a", TokenType::kNormal, -1);
        const auto tokenizer = make(letters.vocabulary);
        QCOMPARE(tokenizer->encode("a  a ", ControlTokens::kAsText),
                 (Ids{letters.a, letters.space, spaceA, letters.space}));
        QCOMPARE(tokenizer->piece(spaceA), std::string(" a"));
    }

    void putsASpaceInFrontWhereTheFileSaysSo() {
        Letters letters;
        letters.vocabulary.addsSpacePrefix = true;
        const TokenId end = 2;
        const auto tokenizer = make(letters.vocabulary);
        QCOMPARE(tokenizer->encode("a", ControlTokens::kAsText), (Ids{letters.space, letters.a}));
        QCOMPARE(tokenizer->encode("", ControlTokens::kAsText), Ids{});
        QCOMPARE(tokenizer->encode("</s>a", ControlTokens::kParse), (Ids{end, letters.space, letters.a}));
    }

    void fallsBackToBytes() {
        const auto tokenizer = make(Letters{}.vocabulary);
        QCOMPARE(tokenizer->encode("\u00E9\xFF", ControlTokens::kAsText),
                 (Ids{byteId(0xC3), byteId(0xA9), byteId(0xFF)}));
        QCOMPARE(tokenizer->piece(byteId(0)), std::string(1, '\0'));
    }

    void neverMakesAControlOrByteTokenOfText() {
        Letters letters;
        test::addToken(letters.vocabulary, "<", TokenType::kNormal, -1);
        const auto tokenizer = make(letters.vocabulary);
        for (const TokenId id : tokenizer->encode("<s></s><unk><0x41>", ControlTokens::kAsText)) {
            QVERIFY(!tokenizer->isControl(id));
            QVERIFY(id != byteId(0x41));
            QVERIFY(id != 0);
        }
    }

    void matchesUserDefinedTokensLongestFirst() {
        Letters letters;
        const TokenId two = test::addToken(letters.vocabulary, "  ", TokenType::kUserDefined, -1000);
        const TokenId three = test::addToken(letters.vocabulary, "   ", TokenType::kUserDefined, -1000);
        const TokenId tag = test::addToken(letters.vocabulary, "<b>", TokenType::kUserDefined, -1000);
        const auto tokenizer = make(letters.vocabulary);
        QCOMPARE(tokenizer->encode("     a", ControlTokens::kAsText), (Ids{three, two, letters.a}));
        QCOMPARE(tokenizer->encode("a<b>b", ControlTokens::kAsText), (Ids{letters.a, tag, letters.b}));
        QCOMPARE(tokenizer->encode("\u2581\u2581", ControlTokens::kAsText), Ids{two});
        QCOMPARE(tokenizer->piece(three), std::string("   "));
    }

    void survivesMoreNestedTokensThanTheLibraryHoldsResultsFor() {
        Letters letters;
        TokenId longest = 0;
        for (std::size_t length = 2; length <= 300; ++length)
            longest = test::addToken(letters.vocabulary, std::string(length, 'a'), TokenType::kUserDefined);
        QCOMPARE(make(letters.vocabulary)->encode(std::string(300, 'a'), ControlTokens::kAsText),
                 Ids{longest});
    }

    void refusesWhatTheLibraryCannotHold() {
        Vocabulary vocabulary = test::pieceVocabulary();
        vocabulary.types[0] = TokenType::kNormal;
        QCOMPARE(refusal(vocabulary), std::string("vocabulary: one unknown token expected, none found"));
        vocabulary = test::pieceVocabulary();
        vocabulary.types[3] = TokenType::kNormal;
        QCOMPARE(refusal(vocabulary), std::string("vocabulary: 0 or 256 byte tokens expected, 255 found"));
        vocabulary = test::pieceVocabulary();
        test::addToken(vocabulary, " a", TokenType::kNormal);
        test::addToken(vocabulary,
                       "\u2581"
                       "a",
                       TokenType::kNormal);
        QVERIFY(refusal(vocabulary).starts_with("sentencepiece refuses the vocabulary"));
        vocabulary = test::pieceVocabulary();
        test::addToken(vocabulary, "<unk2>", TokenType::kUnknown);
        QVERIFY(refusal(vocabulary).starts_with("sentencepiece refuses the vocabulary"));
    }

    void takesTheUnknownTokenThatTheFileNames() {
        Letters letters;
        letters.vocabulary.types[0] = TokenType::kControl;
        letters.vocabulary.unknown = 0;
        const auto tokenizer = make(letters.vocabulary);
        QCOMPARE(tokenizer->encode("ab", ControlTokens::kAsText), (Ids{letters.a, letters.b}));
        QVERIFY(tokenizer->isControl(0));
    }

    void showsAnUnknownTokenAsReplacementCharacter() {
        Vocabulary vocabulary;
        vocabulary.model = "llama";
        vocabulary.addsSpacePrefix = false;
        test::addToken(vocabulary, "<unk>", TokenType::kUnknown);
        const TokenId a = test::addToken(vocabulary, "a", TokenType::kNormal);
        const auto tokenizer = make(vocabulary);
        QCOMPARE(tokenizer->encode("az\xFF", ControlTokens::kAsText), (Ids{a, 0, 0}));
        QCOMPARE(tokenizer->piece(0), std::string("\uFFFD"));
    }

    void givesBackAnyBytesWithoutSpaceMarks() {
        Letters letters;
        test::addToken(letters.vocabulary, "ab", TokenType::kNormal, -1);
        test::addToken(letters.vocabulary, "  ", TokenType::kUserDefined);
        const auto tokenizer = make(letters.vocabulary);
        test::Random random(8);
        for (int round = 0; round < 1000; ++round) {
            const std::string text = test::randomText(random, 50) + test::randomBytes(random, 30);
            if (text.find(kSpaceMark) != std::string::npos) continue;
            QCOMPARE(tokenizer->decode(tokenizer->encode(text, ControlTokens::kAsText)), text);
        }
    }

    void cutsLongTextWithoutChangingIt() {
        Letters letters;
        const TokenId spaceAb =
            test::addToken(letters.vocabulary, std::string(kSpaceMark) + "ab", TokenType::kNormal, -1);
        test::addToken(letters.vocabulary, "ab", TokenType::kNormal, -2);
        const auto tokenizer = make(letters.vocabulary);
        std::string words;
        for (int i = 0; i < 100'000; ++i)
            words += " ab";
        QCOMPARE(tokenizer->encode(words, ControlTokens::kAsText), Ids(100'000, spaceAb));
        const std::string oneWord(1 << 20, 'a');
        QCOMPARE(tokenizer->decode(tokenizer->encode(oneWord, ControlTokens::kAsText)), oneWord);
        std::string characters;
        for (int i = 0; i < 100'000; ++i)
            characters += "\U0001F600";
        QCOMPARE(tokenizer->decode(tokenizer->encode(characters, ControlTokens::kAsText)), characters);
    }
};

QTEST_GUILESS_MAIN(TestSentencepieceTokenizer)
#include "tst_sentencepiece_tokenizer.moc"
