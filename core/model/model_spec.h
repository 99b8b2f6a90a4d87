#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace epi {

/// A transformer decoder, described as data. An architecture file fills this in from a model file's metadata;
/// the Executor walks it. Names are tensor names of the model file. Nothing here calls a tensor operation, so
/// that weights, kernels and eviction can change without touching an architecture.

/// x * weight / sqrt(mean(x^2) + epsilon), over the last dimension.
struct NormSpec {
    std::string weight;
    double epsilon = 1e-5;
};

/// x W^T (+ bias where named); W is [rows, columns] with columns contiguous.
struct LinearSpec {
    std::string weight;
    std::string bias{};
};

/// Frequency rescaling of Llama 3 ("llama3" rope scaling).
struct Llama3RotaryScaling {
    double factor = 8.0;
    double lowFrequencyFactor = 1.0;
    double highFrequencyFactor = 4.0;
    double originalContext = 8192.0;
};

struct RotarySpec {
    /// Which elements of a head rotate together: (2i, 2i+1), as GGUF stores the llama family, or (i, i +
    /// d/2).
    enum class Pairing { kNeighbours, kHalves };
    Pairing pairing = Pairing::kHalves;
    double base = 10000.0;
    std::int32_t dimensions = 0;  // of each head, from the front
    double linearFactor = 1.0;    // positions are divided by it
    std::optional<Llama3RotaryScaling> llama3{};
    std::string frequencyFactors{};  // tensor that divides each frequency; empty: none

    bool operator==(const RotarySpec& other) const;
};

struct AttentionSpec {
    NormSpec inputNorm;
    LinearSpec query;
    LinearSpec key;
    LinearSpec value;
    LinearSpec output;
    std::optional<NormSpec> queryNorm;   // per head, before the rotation
    std::optional<NormSpec> keyNorm;     // per head, before the rotation
    std::optional<NormSpec> outputNorm;  // on the branch, before the residual sum
    RotarySpec rotary;
    std::int32_t heads = 0;
    std::int32_t kvHeads = 0;
    std::int32_t headDim = 0;
    double scale = 0.0;                  // of q.k
    std::optional<std::int32_t> window;  // a row sees this many positions, its own included; none: all
};

struct FeedForwardSpec {
    enum class Activation { kSilu, kGeluTanh };
    NormSpec inputNorm;
    LinearSpec gate;
    LinearSpec up;
    LinearSpec down;
    Activation activation = Activation::kSilu;
    std::optional<NormSpec> outputNorm;  // on the branch, before the residual sum
};

struct LayerSpec {
    AttentionSpec attention;
    FeedForwardSpec feedForward;
};

struct ModelSpec {
    std::string architecture;  // as the file names it
    std::int32_t vocabulary = 0;
    std::int32_t dimension = 0;
    std::int32_t trainedContext = 0;
    std::string embedding;  // tensor [vocabulary, dimension]
    double embeddingScale = 1.0;
    std::vector<LayerSpec> layers;
    NormSpec outputNorm;
    LinearSpec output;  // the embedding's name where the two are tied
};

/// All of a description, names and numbers: models whose texts differ compute something else.
std::string toText(const ModelSpec& spec);

}  // namespace epi
