// How much the keys of layers change with a bounded view: against the released code's figures, and on a model
// of two layers.

#include <cmath>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/engine/layer_plan.h"
#include "core/engine/layer_profile.h"
#include "core/engine/profile_text.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/policy/layer_budgets.h"
#include "tests/support/check_result.h"
#include "tests/support/golden_case.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr double kTolerance = 1e-4;

std::vector<double> widened(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

void compare(const std::vector<double>& found, const std::vector<float>& expected) {
    QCOMPARE(found.size(), expected.size());
    for (std::size_t layer = 0; layer < found.size(); ++layer) {
        const std::string what = "layer " + std::to_string(layer) + ": " + std::to_string(found[layer]) +
                                 " found, " + std::to_string(expected[layer]) + " expected";
        QVERIFY2(std::abs(found[layer] - static_cast<double>(expected[layer])) <= kTolerance, what.c_str());
    }
}

class TestLayerProfile : public QObject {
    Q_OBJECT

    std::unique_ptr<LanguageModel> tiny(const test::TinyModel& model = {}) {
        auto loaded = LanguageModel::load({.path = test::writeTinyModel(folder_.path().toStdString(), model),
                                           .device = DeviceChoice::kCpu});
        return loaded ? *std::move(loaded) : nullptr;
    }

    QTemporaryDir folder_;

private Q_SLOTS:
    void equalsTheReleasedFigures_data() {
        QTest::addColumn<std::string>("model");
        QTest::newRow("smol") << std::string("smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
        QTest::newRow("qwen") << std::string(
            "qwen2.5-coder-0.5b-instruct-q4_k_m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf");
    }
    void equalsTheReleasedFigures() {
        QFETCH(std::string, model);
        const std::string name =
            "goldens/epicache/sensitivity-" + std::string(QTest::currentDataTag()) + "-conv-26";
        EPI_FIND_OR_SKIP(facts, sharedFile, name + ".json");
        EPI_FIND_OR_SKIP(arrays, sharedFile, name + ".bin");
        EPI_FIND_OR_SKIP(modelPath, modelFile, model);
        const test::GoldenCase golden(facts, arrays);
        QVERIFY(golden.isSound());
        const auto loaded = LanguageModel::load({.path = modelPath, .device = DeviceChoice::kCpu});
        QVERIFY2(loaded, test::why(loaded));
        const auto profile = profileLayers(**loaded,
                                           {.ids = golden.array<TokenId>("ids"),
                                            .window = golden.facts()["window"],
                                            .sinks = golden.facts()["sink"],
                                            .overlap = golden.facts()["overlap"],
                                            .progress = {},
                                            .cancel = {}});
        QVERIFY2(profile, test::why(profile));
        compare(profile->tokenSimilarity, golden.array<float>("sigma_token_right"));
        compare(profile->windowSimilarity, golden.array<float>("sigma_window100_right"));
    }

    void sharesBudgetsAsTheReleasedFiguresSay_data() { equalsTheReleasedFigures_data(); }
    void sharesBudgetsAsTheReleasedFiguresSay() {
        const std::string name =
            "goldens/epicache/sensitivity-" + std::string(QTest::currentDataTag()) + "-conv-26";
        EPI_FIND_OR_SKIP(facts, sharedFile, name + ".json");
        EPI_FIND_OR_SKIP(arrays, sharedFile, name + ".bin");
        const test::GoldenCase golden(facts, arrays);
        const auto layers = golden.facts()["layers"].get<std::int64_t>();
        int compared = 0;
        for (const char* mask : {"right", "quirk_cuda"}) {
            const auto window = widened(golden.array<float>("sigma_window100_" + std::string(mask)));
            const auto token = widened(golden.array<float>("sigma_token_" + std::string(mask)));
            for (const int budget : {512, 1024}) {
                for (const char* power : {"1", "1.1", "1.3", "2", "4"}) {
                    const std::string suffix = std::string(mask) + "_" + std::to_string(budget) + "_" + power;
                    const auto code = golden.array<std::int32_t>("budget_code_" + suffix);
                    const auto paper = golden.array<float>("budget_paper_" + suffix);
                    if (code.empty()) continue;
                    const LayerSplit released{.rule = LayerSplit::Rule::kReleased, .power = std::stod(power)};
                    const auto found = layerBudgets(released, window, layers, budget, 0);
                    for (std::size_t layer = 0; layer < code.size(); ++layer)
                        QVERIFY(std::abs(found[layer] - code[layer]) <= 1);  // figures are given in fp32
                    const LayerSplit exact{.rule = LayerSplit::Rule::kPaper, .power = std::stod(power)};
                    const auto shared = layerBudgets(exact, token, layers, budget, 0);
                    for (std::size_t layer = 0; layer < paper.size(); ++layer) {
                        const std::string what = suffix + ": " + std::to_string(shared[layer]) + " " +
                                                 std::to_string(paper[layer]);
                        const auto wanted = static_cast<double>(paper[layer]);
                        QVERIFY2(std::abs(shared[layer] - wanted) <= 1.0 + 1e-3 * wanted, what.c_str());
                    }
                    QCOMPARE(std::accumulate(shared.begin(), shared.end(), std::int64_t{0}), budget * layers);
                    ++compared;
                }
            }
        }
        QVERIFY(compared >= 10);
    }

    void isOneWhereTheViewIsNotBounded() {
        const auto model = tiny();
        QVERIFY(model);
        const auto profile = profileLayers(*model,
                                           {.ids = test::randomTokens(150, 3),
                                            .window = 200,
                                            .sinks = 0,
                                            .overlap = 0,
                                            .progress = {},
                                            .cancel = {}});
        QVERIFY2(profile, test::why(profile));
        for (const double similarity : profile->tokenSimilarity)
            QVERIFY(std::abs(similarity - 1.0) < 1e-6);
        QCOMPARE(profile->model, model->info().fingerprint);
    }

    void isOneInTheFirstLayerAndLessAbove() {
        const auto model = tiny();
        QVERIFY(model);
        std::int64_t told = 0;
        const auto profile = profileLayers(*model,
                                           {.ids = test::randomTokens(400, 3),
                                            .window = 64,
                                            .sinks = 4,
                                            .overlap = 16,
                                            .progress = [&](std::int64_t done, std::int64_t) { told = done; },
                                            .cancel = {}});
        QVERIFY2(profile, test::why(profile));
        QVERIFY(std::abs(profile->tokenSimilarity[0] - 1.0) < 1e-6);
        QVERIFY(profile->tokenSimilarity[1] < 0.9999);
        QVERIFY(profile->windowSimilarity[1] < 0.9999);
        QCOMPARE(told, std::int64_t{400});
    }

    void failsWhenItIsCancelledOrHasNothingToRead() {
        const auto model = tiny();
        QVERIFY(model);
        const CancelToken cancel;
        cancel.cancel();
        QVERIFY(test::failsWith(
            profileLayers(*model, {.ids = test::randomTokens(100, 3), .progress = {}, .cancel = cancel}),
            ErrorCode::kCancelled));
        QVERIFY(test::failsWith(profileLayers(*model, {.ids = {65}, .progress = {}, .cancel = {}}),
                                ErrorCode::kInvalidArgument));
        QVERIFY(test::failsWith(
            profileLayers(
                *model,
                {.ids = test::randomTokens(9, 1), .window = 4, .overlap = 5, .progress = {}, .cancel = {}}),
            ErrorCode::kInvalidArgument));
    }

    void isFoundAgainForItsModelAlone() {
        const std::filesystem::path folder = folder_.path().toStdString() + "/profiles";
        const LayerProfile profile{.model = "abc",
                                   .tokens = 9,
                                   .tokenSimilarity = {1.0, 0.75},
                                   .windowSimilarity = {1.0, 0.8},
                                   .seconds = 2.0};
        const auto saved = saveLayerProfile(folder, profile);
        QVERIFY2(saved, test::why(saved));
        const auto found = loadLayerProfile(folder, "abc");
        QVERIFY2(found, test::why(found));
        QCOMPARE(found->tokenSimilarity, profile.tokenSimilarity);
        QCOMPARE(found->windowSimilarity, profile.windowSimilarity);
        QCOMPARE(found->tokens, profile.tokens);
        QVERIFY(test::failsWith(loadLayerProfile(folder, "abd"), ErrorCode::kNotFound));

        for (const char* damage :
             {"",
              "[]",
              "{",
              R"({"version":1,"model":"abc"})",
              R"({"version":2,"model":"abc","tokens":9,"token_similarity":[7],"window_similarity":[1]})",
              R"({"version":2,"model":"abc","tokens":9,"token_similarity":[1,1],"window_similarity":[1]})"}) {
            std::ofstream(folder / "abc.json") << damage;
            QVERIFY2(test::failsWith(loadLayerProfile(folder, "abc"), ErrorCode::kCorruptData), damage);
        }
    }

    void readsATextOfItsOwnOfAnyLength() {
        const auto model = tiny();
        QVERIFY(model);
        for (const std::int64_t tokens : {1, 100, 2000, 9000}) {
            const std::vector<TokenId> ids = profileTokens(model->tokenizer(), tokens);
            QCOMPARE(static_cast<std::int64_t>(ids.size()), tokens);
            QCOMPARE(ids, profileTokens(model->tokenizer(), tokens));
        }
        std::string text;
        for (const TokenId id : profileTokens(model->tokenizer(), 9000))
            text += model->tokenizer().piece(id);
        const std::string question = "Which words open the iron chest?\n";
        const std::size_t asked = text.find(question);
        QVERIFY(asked != std::string::npos);
        const std::string answer = text.substr(
            asked + question.size(), text.find('\n', asked + question.size()) - asked - question.size());
        QVERIFY(text.find("The words that open the iron chest are: " + answer) < asked);
    }

    void countsLayersWithoutWindowOnly() {
        const auto model = tiny({.architecture = "gemma3", .layers = 12, .window = 24});
        QVERIFY(model);
        const ModelSpec& spec = model->executor().spec();
        auto resolved = resolveOptions({.preset = "epicache", .budget = 200}, {5000}, false);
        QVERIFY2(resolved, test::why(resolved));
        const auto uniform = planLayerBudgets(spec, *resolved, nullptr, 80);
        LayerProfile profile;
        for (std::size_t layer = 0; layer < 12; ++layer)
            profile.tokenSimilarity.push_back(layer == 5 ? 0.9 : layer == 11 ? 0.8 : 0.1);
        profile.windowSimilarity = profile.tokenSimilarity;
        const auto shared = planLayerBudgets(spec, *resolved, &profile, 80);
        for (std::size_t layer = 0; layer < 12; ++layer) {
            const bool isGlobal = layer == 5 || layer == 11;
            QCOMPARE(uniform[layer], isGlobal ? 200 : 24);
            if (!isGlobal) QCOMPARE(shared[layer], 24);
        }
        QCOMPARE(shared[5] + shared[11], 400);  // 1 : 4, but for the floor
        QCOMPARE(shared[5], 80);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestLayerProfile)
#include "tst_layer_profile.moc"
