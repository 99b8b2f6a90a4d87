// Embedders made of language models, over models of two layers with random weights: what they compute is
// compared with the definition, not with a trained embedder.

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include "core/kv/kv_cache.h"
#include "core/model/embedders.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "tests/support/check_result.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

class TestEmbedders : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;

    std::filesystem::path write(const std::string& architecture, const std::string& id) {
        return test::writeTinyModel(folder_.path().toStdString(), {.architecture = architecture}, id);
    }
    static std::unique_ptr<LanguageModel> load(const std::filesystem::path& path) {
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        return model ? *std::move(model) : nullptr;
    }

private Q_SLOTS:
    void takesTheStateOfTheLastToken() {
        const auto path = write("qwen3", "tiny-qwen3");
        const auto model = load(path);
        QVERIFY(model);
        Wording wording;
        wording.embedSegment = "Topic of: {text}";
        const auto embedder = makeLastTokenEmbedder(load(path), wording);
        const std::vector<std::string> texts{"the rain in the hills", "butter", ""};
        const auto rows = embedder->embed(texts, {}, {});
        QVERIFY2(rows, test::why(rows));
        QCOMPARE(rows->rows, std::int64_t{3});

        // The same by hand: logits of the last token are the state behind the norm times the tied embedding.
        const c10::InferenceMode inference;
        for (std::size_t index = 0; index < texts.size(); ++index) {
            const auto row = rows->row(static_cast<std::int64_t>(index));
            QVERIFY(std::abs(dot(row, row) - 1.0) < 1e-5);
            const std::vector<TokenId> ids =
                model->tokenizer().encode("Topic of: " + texts[index], ControlTokens::kAsText);
            const Executor& executor = model->executor();
            const std::vector<std::int64_t> capacity(2, static_cast<std::int64_t>(ids.size()));
            KvCache cache(executor.spec(), capacity, executor.placement());
            const auto logits = executor.forward(
                {.groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = 0}},
                 .logitRows = 1},
                cache);
            QVERIFY(logits);
            const at::Tensor& table = executor.weights().matrix(executor.spec().embedding).values;
            std::vector<double> expected;
            std::vector<double> found;
            for (std::int64_t token = 0; token < 120; ++token) {
                const at::Tensor entry = table[token].contiguous();
                found.push_back(dot(row, {entry.const_data_ptr<float>(), row.size()}));
                expected.push_back((*logits)[0][token].item<double>());
            }
            // They differ by the state's length alone.
            std::size_t largest = 0;
            for (std::size_t i = 0; i < found.size(); ++i)
                largest = std::abs(found[i]) > std::abs(found[largest]) ? i : largest;
            const double scale = expected[largest] / found[largest];
            for (std::size_t i = 0; i < found.size(); ++i)
                QVERIFY2(std::abs(found[i] * scale - expected[i]) < 1e-3, std::to_string(i).c_str());
        }
    }

    void tellsQuestionsFromSegments() {
        const auto embedder = makeLastTokenEmbedder(load(write("qwen3", "tiny-qwen3")), {});
        const std::string text = "the old piano";
        const auto segment = embedder->embed(std::span(&text, 1), {}, {});
        const auto question = embedder->embedQuestion(text, {});
        QVERIFY(segment && question);
        QVERIFY(segment->values != question->values);
    }

    void takesTheMeanOfTokenEmbeddings() {
        const auto model = load(write("llama", "tiny"));
        QVERIFY(model);
        const auto embedder = makeTokenMeanEmbedder(*model);
        const std::vector<std::string> texts{"ab", "ba", "abab", ""};
        const auto rows = embedder->embed(texts, {}, {});
        QVERIFY2(rows, test::why(rows));
        QVERIFY(std::abs(dot(rows->row(0), rows->row(0)) - 1.0) < 1e-5);
        QVERIFY(std::abs(dot(rows->row(0), rows->row(1)) - 1.0) < 1e-5);
        QVERIFY(std::abs(dot(rows->row(0), rows->row(2)) - 1.0) < 1e-5);
        QCOMPARE(dot(rows->row(3), rows->row(3)), 0.0);
        QVERIFY(embedder->fingerprint() != model->info().fingerprint);
    }

    void stopsBetweenTexts() {
        const auto model = load(write("llama", "tiny"));
        QVERIFY(model);
        const CancelToken cancel;
        const std::vector<std::string> texts{"a", "b", "c"};
        const auto stopped = makeTokenMeanEmbedder(*model)->embed(
            texts,
            [&](std::int64_t done) {
                if (done == 2) cancel.cancel();
            },
            cancel);
        QVERIFY(test::failsWith(stopped, ErrorCode::kCancelled));
    }

    void isFoundByName() {
        const std::filesystem::path models = folder_.path().toStdString();
        const auto model = load(write("llama", "tiny"));
        write("qwen3", "tiny-qwen3");
        test::writeTinyEmbedder(models, "tiny-embedder");
        QVERIFY(model);
        const auto fingerprint = [&](const std::string& name) -> std::string {
            auto embedder =
                loadEmbedder(models, {.embedder = name, .device = DeviceChoice::kCpu}, *model, {}, {});
            return embedder ? (*embedder)->fingerprint() : "";
        };
        QVERIFY(fingerprint("llm").starts_with("token mean"));
        QVERIFY(fingerprint("tiny-qwen3").starts_with("last token"));
        QVERIFY(fingerprint((models / "tiny-qwen3/tiny-qwen3.gguf").string()).starts_with("last token"));
        QVERIFY(!fingerprint("tiny-embedder").empty());
        const auto absent = loadEmbedder(models, {.embedder = "none"}, *model, {}, {});
        QVERIFY(test::failsWith(absent, ErrorCode::kNotFound));
        const auto byDefault = loadEmbedder(models, {}, *model, {}, {});
        QVERIFY(test::failsWith(byDefault, ErrorCode::kNotFound));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestEmbedders)
#include "tst_embedders.moc"
