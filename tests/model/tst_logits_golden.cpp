// Against reference logits of three models; goldens/models/README.md says how they were made and why these
// tolerances.

#include <cmath>
#include <map>
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

constexpr double kLogit = 2e-3;
constexpr double kOrder = 4e-3;  // logits closer than this may change places
constexpr double kLogProbability = 2e-3;
constexpr double kMeanNll = 2e-4;

void compareNumber(const std::string& what, double found, double expected, double tolerance) {
    const std::string text =
        what + ": " + std::to_string(found) + " found, " + std::to_string(expected) + " expected";
    QVERIFY2(std::abs(found - expected) <= tolerance, text.c_str());
}

/// The 32 best in order; two that lie within kOrder of each other may have changed places.
void compareTop(const std::string& name, const LogitsRow& found, const json& expected) {
    std::map<TokenId, double> logitOf;
    for (const json& entry : expected)
        logitOf[entry[0].get<TokenId>()] = entry[1].get<double>();
    const double last = expected.back()[1].get<double>();
    QCOMPARE(found.top.size(), expected.size());
    QCOMPARE(found.top.front().first, expected[0][0].get<TokenId>());
    for (std::size_t rank = 0; rank < found.top.size(); ++rank) {
        const std::string what = name + " rank " + std::to_string(rank);
        const auto [id, logit] = found.top[rank];
        const double wanted = expected[rank][1].get<double>();
        compareNumber(what, logit, wanted, kLogit);
        const auto known = logitOf.find(id);
        compareNumber(what + " token " + std::to_string(id),
                      known == logitOf.end() ? last : known->second,
                      wanted,
                      kOrder);
    }
}

void comparePrompt(const LanguageModel& model, const json& prompt, const std::vector<TokenId>& probe) {
    const auto name = prompt["name"].get<std::string>();
    const auto ids = prompt["ids"].get<std::vector<TokenId>>();
    const auto report = reportLogits(model, ids, 1, probe);
    QVERIFY2(report, test::why(report));
    QCOMPARE(report->positions.size(), std::size_t{1});
    const LogitsRow& row = report->positions.front();
    const json& last = prompt["last"];
    compareNumber(name + " logsumexp", row.logSumExp, last["logsumexp"], kLogit);
    compareNumber(name + " mean", row.mean, last["mean"], kLogit);
    compareNumber(name + " std", row.standardDeviation, last["std"], kLogit);
    compareTop(name, row, last["top32"]);
    QCOMPARE(row.probe.size(), probe.size());
    for (std::size_t i = 0; i < probe.size(); ++i) {
        compareNumber(
            name + " token " + std::to_string(probe[i]), row.probe[i].second, last["probe"][i], kLogit);
    }
    if (!prompt.contains("next_logprob")) return;
    const auto expected = prompt["next_logprob"].get<std::vector<double>>();
    QCOMPARE(report->nextLogProbability.size(), expected.size());
    double sum = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        compareNumber(name + " log p of token " + std::to_string(i + 1),
                      report->nextLogProbability[i],
                      expected[i],
                      kLogProbability);
        sum -= report->nextLogProbability[i];
    }
    compareNumber(
        name + " mean nll", sum / static_cast<double>(expected.size()), prompt["mean_nll"], kMeanNll);
}

class TestLogitsGolden : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesTheReferenceLogits_data() { test::addGoldenModels(); }
    void givesTheReferenceLogits() {
        QFETCH(std::string, golden);
        QFETCH(std::string, model);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/logits_" + golden + ".json");
        EPI_FIND_OR_SKIP(modelPath, modelFile, model);
        const json data = test::readJson(goldenPath);
        QVERIFY(data.is_object());
        const auto loaded = LanguageModel::load(
            {.path = modelPath, .device = DeviceChoice::kCpu, .compute = ComputeMode::kExact});
        QVERIFY2(loaded, test::why(loaded));
        QCOMPARE((*loaded)->info().vocabulary, data["vocab_size"].get<std::int32_t>());
        const auto probe = data["probe_ids"].get<std::vector<TokenId>>();
        QVERIFY(!data["prompts"].empty());
        for (const json& prompt : data["prompts"]) {
            comparePrompt(**loaded, prompt, probe);
            if (QTest::currentTestFailed()) return;
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestLogitsGolden)
#include "tst_logits_golden.moc"
