#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include "core/text/word_piece.h"
#include "tests/support/random_text.h"
#include "tests/support/shared_data.h"

using namespace epi;
using Ids = std::vector<TokenId>;

namespace {

enum Piece : TokenId { kPad, kUnk, kCls, kSep, kA, kCafe, kUn, kAble, kDot, kChinese, kB, kContinuedA };

WordPiece tiny() {
    auto result = WordPiece::parse("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\ncafe\nun\n##able\n.\n\u4F60\r\nb\n##a\n");
    if (!result) qFatal("%s", result.error().message.c_str());
    return *std::move(result);
}

/// Without [CLS] and [SEP].
Ids pieces(std::string_view text) {
    const Ids ids = tiny().encode(text);
    if (ids.size() < 2 || ids.front() != kCls || ids.back() != kSep) return {-1};
    return {ids.begin() + 1, ids.end() - 1};
}

}  // namespace

class TestWordPiece : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void takesTheLongestPiecesFromTheLeft() {
        QCOMPARE(pieces("unable una"), (Ids{kUn, kAble, kUn, kContinuedA}));
        QCOMPARE(pieces("unknown a"), (Ids{kUnk, kA}));
    }

    void foldsCaseAndAccents() { QCOMPARE(pieces("Caf\u00E9 CAFE\u0301"), (Ids{kCafe, kCafe})); }

    void splitsPunctuationAndChineseCharacters() {
        QCOMPARE(pieces("a.b"), (Ids{kA, kDot, kB}));
        QCOMPARE(pieces("a\u4F60\u4F60b"), (Ids{kA, kChinese, kChinese, kB}));
    }

    void dropsControlCharactersAndDamagedBytes() {
        QCOMPARE(pieces(std::string("un\0\u200B\xFF\u0007able\ta", 14)), (Ids{kUn, kAble, kA}));
    }

    void takesWordsOverAHundredCharactersAsUnknown() {
        QCOMPARE(pieces(std::string(100, 'a')).size(), std::size_t{100});
        QCOMPARE(pieces(std::string(101, 'a')), Ids{kUnk});
        QCOMPARE(pieces(std::string(5'000'000, 'a')), Ids{kUnk});
    }

    void takesSpecialTokensInTextAsText() {
        for (const TokenId id : pieces("[SEP] [CLS] [PAD]"))
            QCOMPARE(id, static_cast<TokenId>(kUnk));
    }

    void cutsAtTheLimit() {
        QCOMPARE(tiny().encode("a a a a", 4), (Ids{kCls, kA, kA, kSep}));
        QCOMPARE(tiny().encode("unable", 3), (Ids{kCls, kUn, kSep}));
        QCOMPARE(tiny().encode("a", 0), (Ids{kCls, kSep}));
        QCOMPARE(tiny().encode(std::string(1000, '.')).size(), WordPiece::kMaxPieces);
    }

    void refusesABadVocabulary() {
        const auto message = [](std::string_view text) {
            const auto result = WordPiece::parse(text);
            return result ? std::string("accepted") : result.error().message;
        };
        QCOMPARE(message(""), std::string("the vocabulary has no piece '[UNK]'"));
        QCOMPARE(message("[UNK]\n[SEP]\n"), std::string("the vocabulary has no piece '[CLS]'"));
        QCOMPARE(message("[UNK]\na\na\n"), std::string("line 3: piece 'a' is in the vocabulary twice"));
    }

    void saysWhichFileIsAbsent() {
        const QTemporaryDir folder;
        const auto result = WordPiece::load(folder.filePath(QStringLiteral("vocab.txt")).toStdString());
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kNotFound);
        QVERIFY(result.error().message.find("vocab.txt") != std::string::npos);
    }

    void survivesAnyBytes() {
        const WordPiece vocabulary = tiny();
        test::Random random(12);
        for (int round = 0; round < 2000; ++round) {
            const Ids ids =
                vocabulary.encode(test::randomBytes(random, 60) + test::randomText(random, 30), 32);
            QVERIFY(ids.size() >= 2 && ids.size() <= 32);
        }
    }

    void givesTheReferencePieces() {
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/minilm_embeddings.json");
        EPI_FIND_OR_SKIP(vocabularyPath, modelFile, "all-minilm-l6-v2/vocab.txt");
        const auto vocabulary = WordPiece::load(vocabularyPath);
        QVERIFY2(vocabulary, vocabulary ? "" : vocabulary.error().message.c_str());
        QCOMPARE(vocabulary->vocabularySize(), 30522);
        const nlohmann::json data = test::readJson(goldenPath);
        QVERIFY(!data["sentences"].empty());
        for (const auto& item : data["sentences"]) {
            const char* key = item.contains("ids_plain") ? "ids_plain" : "ids";
            QVERIFY2(vocabulary->encode(item["text"].get<std::string>()) == item[key].get<Ids>(),
                     item["name"].get<std::string>().c_str());
        }
    }
};

QTEST_GUILESS_MAIN(TestWordPiece)
#include "tst_word_piece.moc"
