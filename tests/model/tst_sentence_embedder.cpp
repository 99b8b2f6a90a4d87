// all-MiniLM-L6-v2 against reference embeddings (goldens/models/minilm_embeddings.json).

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/model/sentence_embedder.h"
#include "core/tensor/cpu/kernels.h"
#include "tests/support/check_result.h"
#include "tests/support/shared_data.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

using nlohmann::json;

class TestSentenceEmbedder : public QObject {
    Q_OBJECT

    static std::vector<float> embedOne(const SentenceEmbedder& embedder, const std::string& text) {
        const auto matrix = embedder.embed(std::span(&text, 1), {}, {});
        if (!matrix) return {};
        const auto row = matrix->row(0);
        return {row.begin(), row.end()};
    }

private Q_SLOTS:
    void givesTheReferenceEmbeddings() {
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/minilm_embeddings.json");
        EPI_FIND_OR_SKIP(folder, modelFile, "all-minilm-l6-v2");
        const json data = test::readJson(goldenPath);
        QVERIFY(data.is_object());
        const auto embedder = SentenceEmbedder::load(folder, {.compute = ComputeMode::kExact});
        QVERIFY2(embedder, test::why(embedder));
        for (const json& sentence : data["sentences"]) {
            const auto name = sentence["name"].get<std::string>();
            const auto text = sentence["text"].get<std::string>();
            const char* ids = sentence.contains("ids_plain") ? "ids_plain" : "ids";
            const char* vector = sentence.contains("embedding_plain") ? "embedding_plain" : "embedding";
            QVERIFY2((*embedder)->encode(text) == sentence[ids].get<std::vector<TokenId>>(), name.c_str());
            const auto expected = sentence[vector].get<std::vector<double>>();
            const std::vector<float> found = embedOne(**embedder, text);
            QCOMPARE(found.size(), expected.size());
            double dot = 0.0;
            double foundSquare = 0.0;
            double expectedSquare = 0.0;
            for (std::size_t i = 0; i < found.size(); ++i) {
                QVERIFY2(std::abs(found[i] - expected[i]) <= 1e-5, name.c_str());
                dot += found[i] * expected[i];
                foundSquare += static_cast<double>(found[i]) * found[i];
                expectedSquare += expected[i] * expected[i];
            }
            QVERIFY2(dot / std::sqrt(foundSquare * expectedSquare) > 0.999999, name.c_str());
            QVERIFY2(std::abs(foundSquare - 1.0) < 1e-5, name.c_str());
        }
    }

    void staysCloseToTheReferenceInFastMode() {
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/minilm_embeddings.json");
        EPI_FIND_OR_SKIP(folder, modelFile, "all-minilm-l6-v2");
        const json data = test::readJson(goldenPath);
        const auto embedder = SentenceEmbedder::load(folder, {.compute = ComputeMode::kFast});
        QVERIFY2(embedder, test::why(embedder));
        double least = 1.0;
        for (const json& sentence : data["sentences"]) {
            const char* vector = sentence.contains("embedding_plain") ? "embedding_plain" : "embedding";
            const auto expected = sentence[vector].get<std::vector<double>>();
            const std::vector<float> found = embedOne(**embedder, sentence["text"].get<std::string>());
            double dot = 0.0;
            for (std::size_t i = 0; i < found.size(); ++i)
                dot += found[i] * expected[i];
            least = std::min(least, dot);
        }
        qInfo("least cosine to the reference: %.6f", least);
        QVERIFY(least > 0.999);
    }

    void namesWhatItMultipliesIn() {
        QTemporaryDir folder;
        const auto path = test::writeTinyEmbedder(folder.path().toStdString(), "e");
        const auto exact = SentenceEmbedder::load(path, {.compute = ComputeMode::kExact});
        const auto fast = SentenceEmbedder::load(path, {.compute = ComputeMode::kFast});
        QVERIFY2(exact && fast, test::why(exact));
        const bool isRounded = embedOne(**exact, "the sea at night") != embedOne(**fast, "the sea at night");
        QCOMPARE((*exact)->fingerprint() != (*fast)->fingerprint(), isRounded);
        QCOMPARE(isRounded, cpu::multipliesBfloat16());
    }

    void embedsManyTextsAsEachAlone() {
        QTemporaryDir folder;
        const auto embedder = SentenceEmbedder::load(
            test::writeTinyEmbedder(folder.path().toStdString(), "e"), {.compute = ComputeMode::kExact});
        QVERIFY2(embedder, test::why(embedder));
        const std::vector<std::string> texts{"a dog", "", "the sea at night"};
        std::vector<std::int64_t> done;
        const auto all = (*embedder)->embed(texts, [&](std::int64_t count) { done.push_back(count); }, {});
        QVERIFY2(all, test::why(all));
        QCOMPARE(done, (std::vector<std::int64_t>{1, 2, 3}));
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const auto row = all->row(static_cast<std::int64_t>(i));
            QCOMPARE(std::vector<float>(row.begin(), row.end()), embedOne(**embedder, texts[i]));
        }
    }

    void givesTheSameInBatches() {
        EPI_FIND_OR_SKIP(folder, modelFile, "all-minilm-l6-v2");
        const std::vector<std::string> texts{"A dog runs on the beach, and the waves come and go.",
                                             "",
                                             "bread",
                                             "Rain and wind in the hills.",
                                             "bread",
                                             "An old piano in the hall that nobody has played for years, "
                                             "although someone dusts it every morning before the bell rings.",
                                             "The sea at night."};
        const auto alone = SentenceEmbedder::load(folder, {.compute = ComputeMode::kExact});
        QVERIFY2(alone, test::why(alone));
        const auto expected = (*alone)->embed(texts, {}, {});
        QVERIFY2(expected, test::why(expected));
        for (const std::int64_t pieces : {16, 48, 4096}) {
            const auto embedder =
                SentenceEmbedder::load(folder, {.compute = ComputeMode::kExact, .piecesPerBatch = pieces});
            QVERIFY2(embedder, test::why(embedder));
            std::vector<std::int64_t> done;
            const auto found =
                (*embedder)->embed(texts, [&](std::int64_t count) { done.push_back(count); }, {});
            QVERIFY2(found, test::why(found));
            QVERIFY(std::ranges::is_sorted(done));
            QCOMPARE(done.back(), static_cast<std::int64_t>(texts.size()));
            QVERIFY(pieces == 16 || done.size() < texts.size());
            QCOMPARE((*embedder)->fingerprint(), (*alone)->fingerprint());
            for (std::size_t i = 0; i < expected->values.size(); ++i)
                QVERIFY2(std::abs(found->values[i] - expected->values[i]) <= 2e-6F,
                         std::to_string(found->values[i] - expected->values[i]).c_str());
        }
    }

    void makesUpAnEmbedder() {
        const std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nbread\nsea\nhills\n";
        const auto embedder = SentenceEmbedder::makeUp(vocabulary, {.compute = ComputeMode::kFast});
        QVERIFY2(embedder, test::why(embedder));
        QCOMPARE((*embedder)->weightBytes() > 40'000'000, true);
        const std::vector<float> bread = embedOne(**embedder, "bread");
        QCOMPARE(bread.size(), std::size_t{384});
        QVERIFY(bread != embedOne(**embedder, "sea"));
        const auto again = SentenceEmbedder::makeUp(vocabulary, {.compute = ComputeMode::kFast});
        QVERIFY2(again, test::why(again));
        QCOMPARE(embedOne(**again, "bread"), bread);
    }

    void stopsBetweenTextsWhenItIsCancelled() {
        QTemporaryDir folder;
        const auto embedder = SentenceEmbedder::load(
            test::writeTinyEmbedder(folder.path().toStdString(), "e"), {.compute = ComputeMode::kExact});
        QVERIFY2(embedder, test::why(embedder));
        const std::vector<std::string> texts(8, "a dog");
        const CancelToken cancel;
        std::int64_t last = 0;
        const auto found = (*embedder)->embed(
            texts,
            [&](std::int64_t count) {
                last = count;
                if (count == 2) cancel.cancel();
            },
            cancel);
        QVERIFY(test::failsWith(found, ErrorCode::kCancelled));
        QCOMPARE(last, std::int64_t{2});
    }

    void namesTheFileThatIsMissing() {
        QTemporaryDir folder;
        const auto path = test::writeTinyEmbedder(folder.path().toStdString(), "e");
        std::filesystem::remove(path / "vocab.txt");
        const auto embedder = SentenceEmbedder::load(path, {.compute = ComputeMode::kExact});
        QVERIFY(test::failsWith(embedder, ErrorCode::kNotFound));
        QVERIFY2(embedder.error().message.find("vocab.txt") != std::string::npos, test::why(embedder));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestSentenceEmbedder)
#include "tst_sentence_embedder.moc"
