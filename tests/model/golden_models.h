#pragma once

#include <string>

#include <QtTest>

namespace epi::test {

/// The models that goldens/models has reference values for: columns "golden" (as in the names of its files)
/// and "model" (for modelFile).
inline void addGoldenModels() {
    QTest::addColumn<std::string>("golden");
    QTest::addColumn<std::string>("model");
    const auto add = [](const char* golden, const char* model) {
        QTest::newRow(golden) << std::string(golden) << std::string(model);
    };
    add("smollm2-135m-instruct", "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
    add("gemma-3-270m", "gemma-3-270m-q4_k_m/gemma-3-270m-q4_k_m.gguf");
    add("qwen2.5-coder-0.5b-instruct",
        "qwen2.5-coder-0.5b-instruct-q4_k_m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf");
}

}  // namespace epi::test
