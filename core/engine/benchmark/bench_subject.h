#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/chat/chat_template.h"
#include "core/engine/options.h"

namespace epi {

class LanguageModel;
class TextEmbedder;

/// What the machine reaches with nothing else to do, measured now. Without a GPU, of the CPU.
struct BenchCeilings {
    double copyRate = 0.0;             // bytes per second, read plus written
    double readRate = 0.0;             // bytes per second
    double matmulRate = 0.0;           // FLOP per second of a large product in the type of activations
    double sustainedMatmulRate = 0.0;  // on a GPU, of a bf16 product after a second of it; 0: not measured
    double uploadRate = 0.0;           // bytes per second, from pinned memory to the GPU
    double downloadRate = 0.0;         // and back
};

/// How much is measured. Zero means "choose for the device" in those that `sizesFor` sets.
struct BenchSizes {
    std::int64_t history = 0;  // tokens
    std::int64_t budget = 0;   // M
    std::int64_t block = 0;
    std::int64_t prompt = 0;  // tokens of a patched prompt
    std::int32_t episodes = 4;
    std::int32_t repeats = 5;
    bool isOnePass = false;  // a build computes the history once for all episodes
};

/// 100,000 tokens, M = 4,096, blocks of 2,048 and prompts of 1,024 on a GPU; on a CPU 4,096, 512, 256 and
/// 128. kInvalidArgument when a size is negative, there is nothing to repeat, or the history fits the budget.
Result<BenchSizes> sizesFor(const BenchSizes& wanted, bool isOnGpu);

struct BenchChoice {
    std::string shape;                // random weights; empty: the file
    std::filesystem::path modelFile;  // GGUF
    std::filesystem::path embedder;   // folder; empty: one with random weights
    DeviceChoice device = DeviceChoice::kAuto;
    ComputeMode compute = ComputeMode::kFast;
};

/// What is measured: a model, an embedder, and what the machine could reach.
struct BenchSubject {
    std::unique_ptr<LanguageModel> model;
    std::unique_ptr<TextEmbedder> embedder;
    std::shared_ptr<const ChatTemplate> chatTemplate;
    BenchCeilings ceilings;

    BenchSubject();
    BenchSubject(BenchSubject&&) noexcept;
    BenchSubject& operator=(BenchSubject&&) noexcept;
    ~BenchSubject();
};

/// Of the device that the choice is run on.
Result<BenchCeilings> measureBenchCeilings(const BenchChoice& choice);

/// The errors of loading; kInvalidArgument for an unknown shape.
Result<BenchSubject> loadBenchSubject(const BenchChoice& choice,
                                      const BenchCeilings& ceilings,
                                      const CancelToken& cancel);

/// One run over a subject.
struct BenchRun {
    const BenchSubject& subject;
    BenchSizes sizes;  // as sizesFor gives them
    CancelToken cancel;
};

}  // namespace epi
