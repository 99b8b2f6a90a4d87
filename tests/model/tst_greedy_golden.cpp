// Greedy replies of three models against reference ids, token by token through the cache.

#include <cmath>
#include <string>
#include <vector>

#include <QtTest>

#include "core/engine/model_tools.h"
#include "core/model/language_model.h"
#include "tests/model/golden_models.h"
#include "tests/support/check_result.h"
#include "tests/support/shared_data.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr double kSmallestGap = 0.01;  // below it another order of sums may choose another token
constexpr double kLogit = 2e-3;
// The largest model is read for every token; its longer replies are compared up to here.
constexpr std::int64_t kLargeModel = std::int64_t{3} << 29;  // bytes
constexpr std::int32_t kStepsOfLargeModels = 12;

void comparePrompt(const LanguageModel& model, const json& prompt) {
    const auto name = prompt["name"].get<std::string>();
    const auto expected = prompt["ids"].get<std::vector<TokenId>>();
    GenerationRequest request;
    request.prompt = prompt["prompt_ids"].get<std::vector<TokenId>>();
    request.sampling.maxTokens = static_cast<std::int32_t>(expected.size());
    request.recordGaps = true;
    const bool isLarge = model.info().weightBytes > kLargeModel;
    if (isLarge) request.sampling.maxTokens = std::min(request.sampling.maxTokens, kStepsOfLargeModels);
    const auto reply = generateOnce(model, request);
    QVERIFY2(reply, test::why(reply));
    const auto steps = static_cast<std::size_t>(request.sampling.maxTokens);
    QCOMPARE(reply->gaps.size(), steps);
    for (std::size_t step = 0; step < steps; ++step) {
        const double gap = prompt["gap"][step].get<double>();
        if (gap < kSmallestGap) return;
        const std::string what = name + " step " + std::to_string(step);
        QVERIFY2(reply->gaps[step].best == expected[step], what.c_str());
        QVERIFY2(std::abs(reply->gaps[step].gap - gap) <= 2 * kLogit, what.c_str());
        QVERIFY2(std::abs(reply->gapLogits[step] - prompt["top_logit"][step].get<double>()) <= kLogit,
                 what.c_str());
    }
    if (steps == expected.size() && prompt["stop"] == "eog") QCOMPARE(reply->reason, std::string("end"));
}

class TestGreedyGolden : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void saysTheReferenceTokens_data() { test::addGoldenModels(); }
    void saysTheReferenceTokens() {
        QFETCH(std::string, golden);
        QFETCH(std::string, model);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/greedy_" + golden + ".json");
        EPI_FIND_OR_SKIP(modelPath, modelFile, model);
        const json data = test::readJson(goldenPath);
        QVERIFY(data.is_object());
        const auto loaded = LanguageModel::load(
            {.path = modelPath, .device = DeviceChoice::kCpu, .compute = ComputeMode::kExact});
        QVERIFY2(loaded, test::why(loaded));
        QVERIFY(!data["prompts"].empty());
        for (const json& prompt : data["prompts"]) {
            comparePrompt(**loaded, prompt);
            if (QTest::currentTestFailed()) return;
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestGreedyGolden)
#include "tst_greedy_golden.moc"
