#pragma once

// Histories to read block by block into the caches of a small model, and how two caches are compared.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QTest>

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>

#include "core/engine/block_prefill.h"
#include "core/model/language_model.h"
#include "tests/support/tiny_model.h"

namespace epi {

/// What another order of sums may change in a logit or a row of the tiny model.
inline constexpr double kSums = 2e-4;

struct Setup {
    std::int32_t budget = 40;
    std::int64_t block = 16;
    std::size_t history = 150;
    BudgetLevel level = BudgetLevel::kPair;
    Pins pins{};
    bool promptAtLastPosition = false;
    const char* score = "attention";
    double headFloor = 0.0;
};

inline PrefillTask taskOf(const ModelSpec& spec, const Setup& setup) {
    return {.ids = test::randomTokens(setup.history, 21),
            .firstPosition = 0,
            .block = setup.block,
            .rule = {.layerBudgets = std::vector<std::int32_t>(spec.layers.size(), setup.budget),
                     .level = setup.level,
                     .pins = setup.pins,
                     .prefixTokens = 5,
                     .score = *Score::bind(setup.score),
                     .headFloor = setup.headFloor},
            .prompt = test::randomTokens(12, 22),
            .promptAtLastPosition = setup.promptAtLastPosition,
            .repeatRequest = test::randomTokens(6, 28)};
}

inline KvCache cacheFor(const Executor& executor, const PrefillTask& task, std::int64_t further = 0) {
    return {executor.spec(),
            BlockPrefill::rowsPerHead(executor.spec(), task.rule.layerBudgets, task.block + further),
            executor.placement()};
}

inline bool hasSamePositions(const KvSnapshot& a, const KvSnapshot& b) {
    for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
        if (a.layers[layer].positions != b.layers[layer].positions) return false;
    }
    return a.nextPosition == b.nextPosition;
}

inline bool hasCloseRows(const KvSnapshot& a, const KvSnapshot& b) {
    for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
        if (!at::allclose(a.layers[layer].keys, b.layers[layer].keys, 0.0, kSums)) return false;
        if (!at::allclose(a.layers[layer].values, b.layers[layer].values, 0.0, kSums)) return false;
    }
    return true;
}

inline bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
    for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
        if (!at::equal(a.layers[layer].keys, b.layers[layer].keys)) return false;
        if (!at::equal(a.layers[layer].values, b.layers[layer].values)) return false;
    }
    return hasSamePositions(a, b);
}

/// Tiny models of six layers, written where they are asked for.
class TinyModels {
public:
    /// Null when it cannot be loaded.
    std::unique_ptr<LanguageModel> load(const std::string& architecture) {
        const auto path =
            test::writeTinyModel(folder_.path().toStdString(), {.architecture = architecture, .layers = 6});
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        return model ? *std::move(model) : nullptr;
    }

private:
    QTemporaryDir folder_;
};

/// Rows of test data: what an entry may be worth.
inline void addScores() {
    for (const char* score : {"keydiff",
                              "kvzip",
                              "kvzip(keep=0)",
                              "recency",
                              "snapkv(window=8)",
                              "value_norm",
                              "attention(mean=1)",
                              "keydiff + attention * 0.5",
                              "kvzip + attention + recency * 0.1"}) {
        for (const BudgetLevel level : {BudgetLevel::kPair, BudgetLevel::kPairUniform}) {
            QTest::newRow((std::string(score) + " " + std::string(name(level))).c_str())
                << std::string("llama") << Setup{.level = level, .score = score};
        }
    }
    QTest::newRow("floor") << std::string("llama") << Setup{.headFloor = 0.5};
    QTest::newRow("keydiff, gemma3") << std::string("gemma3") << Setup{.budget = 30, .score = "keydiff"};
}
/// Columns and rows of test data: budgets, blocks, pins and architectures.
inline void addSetups() {
    QTest::addColumn<std::string>("architecture");
    QTest::addColumn<Setup>("setup");
    const std::string llama = "llama";
    QTest::newRow("pair") << llama << Setup{};
    QTest::newRow("pair-uniform") << llama << Setup{.level = BudgetLevel::kPairUniform};
    QTest::newRow("pins") << llama << Setup{.pins = {.chatPrefix = true, .sinks = 7, .recent = 9}};
    QTest::newRow("prompt at the last position") << llama << Setup{.promptAtLastPosition = true};
    QTest::newRow("block above budget") << llama << Setup{.budget = 10, .block = 33};
    QTest::newRow("qwen2") << std::string("qwen2") << Setup{};
    QTest::newRow("gemma3") << std::string("gemma3") << Setup{.budget = 30, .block = 20};
}

}  // namespace epi
