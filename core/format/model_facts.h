#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "core/base/result.h"

namespace epi {

/// What a GGUF file says about the model in it, for a person to choose by. Texts are the file's own: foreign,
/// any characters. A number that is not given is 0.
struct ModelFacts {
    std::filesystem::path path;
    std::int64_t fileBytes = 0;
    std::string title;
    std::string architecture;
    std::string licence;
    std::string author;
    std::int64_t parameters = 0;
    std::map<std::string, std::int64_t> tensorTypes;  // how many tensors of each type
    std::string mainType;                             // the one that most values have
    std::int32_t trainedContext = 0;
    std::int32_t layers = 0;
    std::int32_t dimension = 0;
    std::int32_t feedForward = 0;
    std::int32_t heads = 0;
    std::int32_t kvHeads = 0;
    std::int32_t headDim = 0;
    std::int32_t vocabulary = 0;
    bool hasChatTemplate = false;

    std::int64_t matrixValues = 0;  // in tensors of two dimensions
    std::int64_t matrixBytes = 0;   // the same as the file holds them
    std::int64_t vectorValues = 0;  // in all others
    std::int64_t largestTensorValues = 0;
    std::int64_t largestTensorBytes = 0;
};

/// Reads a file's header; tens of milliseconds with a large vocabulary. Any thread.
Result<ModelFacts> readModelFacts(const std::filesystem::path& path);

struct LoadRequest {
    bool isExact = true;        // fp32 (ComputeMode::kExact)
    std::int32_t budget = 0;    // M; 0: the largest that is chosen automatically
    std::int32_t episodes = 4;  // E
    std::int32_t block = 0;     // 0: what is chosen automatically
    bool isOnGpu = false;
};

/// Bytes that a model and one conversation's memory are going to take.
struct LoadEstimate {
    std::int64_t weights = 0;
    std::int64_t caches = 0;   // of all episodes, as kept in memory
    std::int64_t scratch = 0;  // the cache being asked, activations, and what loading needs for a while

    [[nodiscard]] std::int64_t total() const { return weights + caches + scratch; }
};

/// Weights: matrices in fp32 (exact), in bf16 (on a GPU), else as the blocks of the file; vectors in fp32.
/// Caches: E * M entries of K and V per layer and KV head. Scratch: the arena of M + block + patched prompt
/// rows, the activations of a block's forward, and the largest tensor while it is decoded; an upper bound of
/// what is in use at once.
LoadEstimate estimateLoad(const ModelFacts& facts, const LoadRequest& request);

}  // namespace epi
