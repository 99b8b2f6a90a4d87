// The fast mode on a CPU, held to the reference by the rules for activations that are rounded to int8:
// goldens/models/README.md.

#include <cmath>
#include <string>
#include <vector>

#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/log_softmax.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/model_tools.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "tests/model/golden_models.h"
#include "tests/support/check_result.h"
#include "tests/support/shared_data.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr double kMeanNll = 0.03;
constexpr double kCertain = 2.0;  // gap from which on the best token must be the reference's
/// Rows that are read at a time, and how many are read one by one before.
struct Reading {
    std::size_t singleRows = 0;
    std::size_t together = 0;
};
constexpr Reading kAsRepliesAndQuestions{.singleRows = 400, .together = 16};
constexpr Reading kAsBlocks{.singleRows = 0, .together = 512};

std::unique_ptr<LanguageModel> loadFast(const std::filesystem::path& path) {
    auto loaded =
        LanguageModel::load({.path = path, .device = DeviceChoice::kCpu, .compute = ComputeMode::kFast});
    if (!loaded) qWarning("%s", test::why(loaded));
    return loaded ? *std::move(loaded) : nullptr;
}

/// Reads a text; its log-probabilities and best last token are compared.
void compareText(const LanguageModel& model, const json& prompt, const Reading& reading) {
    const c10::InferenceMode inference;
    const auto ids = prompt["ids"].get<std::vector<TokenId>>();
    const Executor& executor = model.executor();
    const std::vector<std::int64_t> rows(executor.spec().layers.size(),
                                         static_cast<std::int64_t>(ids.size()));
    KvCache cache(executor.spec(), rows, executor.placement());
    double sum = 0.0;
    at::Tensor last;
    for (std::size_t first = 0; first < ids.size();) {
        const std::size_t count =
            first < reading.singleRows ? 1 : std::min<std::size_t>(reading.together, ids.size() - first);
        const auto some = std::span(ids).subspan(first, count);
        const auto logits = executor.forward({.groups = {{.kind = RowGroup::Kind::kAppend,
                                                          .ids = some,
                                                          .firstPosition = cache.nextPosition()}},
                                              .logitRows = static_cast<std::int64_t>(count),
                                              .hook = nullptr,
                                              .cancel = {}},
                                             cache);
        QVERIFY2(logits, test::why(logits));
        const at::Tensor logProbabilities = at::log_softmax(*logits, -1);
        for (std::size_t i = 0; i < count && first + i + 1 < ids.size(); ++i) {
            sum -= logProbabilities[static_cast<std::int64_t>(i)][ids[first + i + 1]].item<double>();
        }
        last = logits->select(0, static_cast<std::int64_t>(count) - 1);
        first += count;
    }
    if (prompt.contains("mean_nll")) {
        const double found = sum / static_cast<double>(ids.size() - 1);
        const auto expected = prompt["mean_nll"].get<double>();
        const std::string what =
            "mean nll " + std::to_string(found) + ", reference " + std::to_string(expected);
        qInfo("%s", what.c_str());
        QVERIFY2(std::abs(found - expected) <= kMeanNll, what.c_str());
    }
    const json& top = prompt["last"]["top32"];
    if (top[0][1].get<double>() - top[1][1].get<double>() > kCertain)
        QCOMPARE(last.argmax().item<std::int64_t>(), top[0][0].get<std::int64_t>());
}

class TestFastGolden : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsTextsLikeTheReference_data() { test::addGoldenModels(); }
    void readsTextsLikeTheReference() {
        QFETCH(std::string, golden);
        QFETCH(std::string, model);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/logits_" + golden + ".json");
        EPI_FIND_OR_SKIP(modelPath, modelFile, model);
        const json data = test::readJson(goldenPath);
        QVERIFY(data.is_object());
        const auto loaded = loadFast(modelPath);
        QVERIFY(loaded != nullptr);
        QVERIFY(!data["prompts"].empty());
        bool hasNll = false;
        for (const json& prompt : data["prompts"]) {
            hasNll = hasNll || prompt.contains("mean_nll");
            for (const Reading& reading : {kAsRepliesAndQuestions, kAsBlocks}) {
                compareText(*loaded, prompt, reading);
                if (QTest::currentTestFailed()) return;
            }
        }
        QVERIFY(hasNll);
    }

    void saysWhatIsCertain_data() { test::addGoldenModels(); }
    void saysWhatIsCertain() {
        QFETCH(std::string, golden);
        QFETCH(std::string, model);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/greedy_" + golden + ".json");
        EPI_FIND_OR_SKIP(modelPath, modelFile, model);
        const json data = test::readJson(goldenPath);
        const auto loaded = loadFast(modelPath);
        QVERIFY(loaded != nullptr);
        std::size_t compared = 0;
        for (const json& prompt : data["prompts"]) {
            const auto expected = prompt["ids"].get<std::vector<TokenId>>();
            GenerationRequest request;
            request.prompt = prompt["prompt_ids"].get<std::vector<TokenId>>();
            request.sampling.maxTokens = static_cast<std::int32_t>(expected.size());
            const auto reply = generateOnce(*loaded, request);
            QVERIFY2(reply, test::why(reply));
            for (std::size_t step = 0; step < expected.size(); ++step) {
                if (prompt["gap"][step].get<double>() < kCertain) break;
                if (loaded->tokenizer().isEndOfGeneration(expected[step])) {
                    QCOMPARE(reply->reason, std::string("end"));
                    break;
                }
                QVERIFY(step < reply->ids.size());
                QCOMPARE(reply->ids[step], expected[step]);
                ++compared;
            }
        }
        QVERIFY(compared > 0);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestFastGolden)
#include "tst_fast_golden.moc"
