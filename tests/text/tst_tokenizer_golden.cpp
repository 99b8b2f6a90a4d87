// Against the reference ids of goldens/models (its README says how they were made).

#include <array>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <QElapsedTimer>
#include <QtTest/QTest>

#include "core/format/gguf.h"
#include "core/text/tokenizer.h"
#include "core/text/unicode.h"
#include "tests/support/random_text.h"
#include "tests/support/shared_data.h"

using namespace epi;
using Ids = std::vector<TokenId>;

namespace {

Result<std::unique_ptr<Tokenizer>> openTokenizer(const std::filesystem::path& model) {
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(model));
    return makeTokenizer(file);
}

/// Shows both lists when they differ.
void compareIds(const std::string& caseName, const Ids& found, const Ids& expected) {
    QString text = QString::fromStdString(caseName) + ": found";
    for (const TokenId id : found)
        text += QLatin1Char(' ') + QString::number(id);
    text += ", expected";
    for (const TokenId id : expected)
        text += QLatin1Char(' ') + QString::number(id);
    QVERIFY2(found == expected, qPrintable(text));
}

}  // namespace

class TestTokenizerGolden : public QObject {
    Q_OBJECT

    void addModels() {
        QTest::addColumn<QString>("golden");
        QTest::addColumn<QString>("model");
        QTest::newRow("smollm2") << "goldens/models/tokenize_smollm2-135m-instruct.json"
                                 << "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf";
        QTest::newRow("qwen2.5-coder")
            << "goldens/models/tokenize_qwen2.5-coder-0.5b-instruct.json"
            << "qwen2.5-coder-0.5b-instruct-q4_k_m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";
        QTest::newRow("gemma-3") << "goldens/models/tokenize_gemma-3-270m.json"
                                 << "gemma-3-270m-q4_k_m/gemma-3-270m-q4_k_m.gguf";
    }

private Q_SLOTS:
    void givesTheReferenceIds_data() { addModels(); }
    void givesTheReferenceIds() {
        QFETCH(QString, golden);
        QFETCH(QString, model);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, golden.toStdString());
        EPI_FIND_OR_SKIP(modelPath, modelFile, model.toStdString());
        const nlohmann::json data = test::readJson(goldenPath);
        auto tokenizer = openTokenizer(modelPath);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());

        QCOMPARE((*tokenizer)->vocabularySize(), data["vocab_size"].get<int>());
        for (const char* list : {"cases", "disputed"}) {
            QVERIFY(data.contains(list));
            for (const auto& item : data[list]) {
                const auto name = item["name"].get<std::string>();
                const Ids ids = (*tokenizer)->encode(item["text"].get<std::string>(), ControlTokens::kAsText);
                compareIds(name, ids, item["ids"].get<Ids>());
                QCOMPARE(QString::fromStdString((*tokenizer)->decode(ids)),
                         QString::fromStdString(item["decoded"].get<std::string>()));
            }
        }
    }

    void recognisesSpecialTokensOnlyWhereTold_data() { addModels(); }
    void recognisesSpecialTokensOnlyWhereTold() {
        QFETCH(QString, golden);
        QFETCH(QString, model);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, golden.toStdString());
        EPI_FIND_OR_SKIP(modelPath, modelFile, model.toStdString());
        const nlohmann::json data = test::readJson(goldenPath);
        auto tokenizer = openTokenizer(modelPath);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());

        QVERIFY(!data["special"].empty());
        for (const auto& item : data["special"]) {
            const auto name = item["name"].get<std::string>();
            const auto text = item["text"].get<std::string>();
            compareIds(
                name, (*tokenizer)->encode(text, ControlTokens::kAsText), item["ids_plain"].get<Ids>());
            compareIds(
                name, (*tokenizer)->encode(text, ControlTokens::kParse), item["ids_parsed"].get<Ids>());
        }
    }

    void neverYieldsAControlTokenForUserText_data() { addModels(); }
    void neverYieldsAControlTokenForUserText() {
        QFETCH(QString, model);
        EPI_FIND_OR_SKIP(modelPath, modelFile, model.toStdString());
        auto tokenizer = openTokenizer(modelPath);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        constexpr std::array<std::string_view, 16> kForgeries{"<|im_start|>",
                                                              "<|im_end|>",
                                                              "<|endoftext|>",
                                                              "<|eot_id|>",
                                                              "<start_of_turn>",
                                                              "<end_of_turn>",
                                                              "<bos>",
                                                              "<eos>",
                                                              "</s>",
                                                              "<s>",
                                                              "[INST]",
                                                              "<0x0A>",
                                                              "<pad>",
                                                              "<unk>",
                                                              "<|",
                                                              "\u200B"};
        test::Random random(9);
        for (int round = 0; round < 1000; ++round) {
            std::string text;
            for (int i = 0; i < 6; ++i) {
                text += kForgeries[test::below(random, kForgeries.size())];
                text += test::randomText(random, 4) + test::randomBytes(random, 2);
            }
            for (const TokenId id : (*tokenizer)->encode(text, ControlTokens::kAsText))
                QVERIFY2(!(*tokenizer)->isControl(id), text.c_str());
        }
    }

    void givesBackTheTextOfLosslessVocabularies_data() { addModels(); }
    void givesBackTheTextOfLosslessVocabularies() {
        QFETCH(QString, model);
        EPI_FIND_OR_SKIP(modelPath, modelFile, model.toStdString());
        if (model.startsWith(QLatin1String("smollm2"))) QSKIP("smollm2: the vocabulary lacks eight bytes");
        const bool isQwen = model.startsWith(QLatin1String("qwen"));
        auto tokenizer = openTokenizer(modelPath);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        test::Random random(10);
        for (int round = 0; round < 1000; ++round) {
            const std::string text = test::randomText(random, 80);
            const std::string decoded =
                (*tokenizer)->decode((*tokenizer)->encode(text, ControlTokens::kAsText));
            QCOMPARE(decoded, isQwen ? normaliseNfc(text) : text);
        }
    }

    void knowsTheEndsOfAReply() {
        EPI_FIND_OR_SKIP(modelPath,
                         modelFile,
                         "qwen2.5-coder-0.5b-instruct-q4_k_m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf");
        auto tokenizer = openTokenizer(modelPath);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        QVERIFY((*tokenizer)->isEndOfGeneration(151643));  // <|endoftext|>
        QVERIFY((*tokenizer)->isEndOfGeneration(151645));  // <|im_end|>
        QVERIFY(!(*tokenizer)->isEndOfGeneration(151644));
        QVERIFY(!(*tokenizer)->addsBeginOfSequence());
    }

    void tellsThatGemmaBeginsWithAToken() {
        EPI_FIND_OR_SKIP(modelPath, modelFile, "gemma-3-270m-q4_k_m/gemma-3-270m-q4_k_m.gguf");
        auto tokenizer = openTokenizer(modelPath);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        QVERIFY((*tokenizer)->addsBeginOfSequence());
        QCOMPARE((*tokenizer)->beginOfSequence(), std::optional<TokenId>(2));
        QVERIFY((*tokenizer)->isEndOfGeneration(1));    // <eos>
        QVERIFY((*tokenizer)->isEndOfGeneration(106));  // <end_of_turn>
    }

    void encodesABook_data() { addModels(); }
    void encodesABook() {
        QFETCH(QString, model);
        EPI_FIND_OR_SKIP(modelPath, modelFile, model.toStdString());
        EPI_FIND_OR_SKIP(bookPath, sharedFile, "data/books/2701-0.txt");
        std::ifstream file(bookPath, std::ios::binary);
        const std::string book{std::istreambuf_iterator<char>(file), {}};
        auto tokenizer = openTokenizer(modelPath);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        QElapsedTimer timer;
        timer.start();
        const Ids ids = (*tokenizer)->encode(book, ControlTokens::kAsText);
        qInfo("%zu bytes, %zu tokens, %lld ms",
              book.size(),
              ids.size(),
              static_cast<long long>(timer.elapsed()));
        QCOMPARE((*tokenizer)->decode(ids), book);
    }
};

QTEST_GUILESS_MAIN(TestTokenizerGolden)
#include "tst_tokenizer_golden.moc"
