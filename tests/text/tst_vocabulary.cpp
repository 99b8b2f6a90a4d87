#include <limits>
#include <string>

#include <QtTest/QTest>

#include "core/text/vocabulary.h"
#include "tests/text/tiny_vocabulary.h"

using namespace epi;

namespace {

std::string refusal(const Vocabulary& vocabulary) {
    const auto result = checkVocabulary(vocabulary);
    if (result) return "accepted";
    return result.error().code == ErrorCode::kCorruptData ? result.error().message : "another code";
}

}  // namespace

class TestVocabulary : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsByteTokensByStrictGrammar() {
        QCOMPARE(byteOfToken("<0x00>"), std::optional<std::uint8_t>(0));
        QCOMPARE(byteOfToken("<0xFF>"), std::optional<std::uint8_t>(255));
        QCOMPARE(byteOfToken("<0x0A>"), std::optional<std::uint8_t>(10));
        for (const char* text :
             {"<0x-1>", "<0xZZ>", "<0x0a>", "<0x0>", "<0x000>", "<0X00>", "0x00", "", "<0x+1>", "<0x 1>"})
            QVERIFY2(!byteOfToken(text), text);
    }

    void acceptsWhatItDescribes() {
        QCOMPARE(refusal(test::byteVocabulary("gpt-2")), std::string("accepted"));
        QCOMPARE(refusal(test::pieceVocabulary()), std::string("accepted"));
    }

    void refusesAVocabularyWithoutTokens() {
        QCOMPARE(refusal(Vocabulary{}), std::string("vocabulary: 1 to 2097152 tokens expected, 0 found"));
    }

    void refusesCountsThatDiffer() {
        Vocabulary vocabulary = test::pieceVocabulary();
        vocabulary.types.pop_back();
        QCOMPARE(refusal(vocabulary), std::string("vocabulary: 259 token types expected, 258 found"));
        vocabulary = test::pieceVocabulary();
        vocabulary.scores.push_back(0);
        QCOMPARE(refusal(vocabulary), std::string("vocabulary: 259 scores expected, 260 found"));
    }

    void refusesBadTokens() {
        Vocabulary vocabulary = test::pieceVocabulary();
        test::addToken(vocabulary, "", TokenType::kNormal);
        QCOMPARE(refusal(vocabulary), std::string("token 259 is empty"));
        vocabulary.tokens.back() = "<s>";
        QCOMPARE(refusal(vocabulary), std::string("token 259 '<s>' is in the vocabulary twice"));
        vocabulary.tokens.back() = std::string(1 << 20, 'a');
        QCOMPARE(refusal(vocabulary), std::string("token 259: at most 4096 bytes expected, 1048576 found"));
        vocabulary.tokens.back() = "<0x-1>";
        vocabulary.types.back() = TokenType::kByte;
        QCOMPARE(refusal(vocabulary),
                 std::string("token 259 '<0x-1>' is typed as a byte, '<0x00>' to '<0xFF>' expected"));
    }

    void refusesAScoreThatIsNotFinite() {
        Vocabulary vocabulary = test::pieceVocabulary();
        vocabulary.scores[1] = std::numeric_limits<float>::quiet_NaN();
        QCOMPARE(refusal(vocabulary), std::string("token 1 '<s>' has a score that is not finite"));
    }

    void refusesIdsOutsideTheTokens() {
        Vocabulary vocabulary = test::pieceVocabulary();
        vocabulary.endOfGeneration = {259};
        QCOMPARE(refusal(vocabulary), std::string("end-of-sequence id 259 is outside the 259 tokens"));
        vocabulary.endOfGeneration.clear();
        vocabulary.beginOfSequence = -1;
        QCOMPARE(refusal(vocabulary), std::string("begin-of-sequence id -1 is outside the 259 tokens"));
    }
};

QTEST_GUILESS_MAIN(TestVocabulary)
#include "tst_vocabulary.moc"
