#pragma once

#include <cstdint>

#include "cuda/interface/prefill.h"

/// The border between the engine and libepi_cuda.so, which links LibTorch's CUDA half and the project's
/// kernels. Opened with dlopen(RTLD_NOW | RTLD_GLOBAL); from then on tensors on CUDA devices work in the
/// engine.
extern "C" {

inline constexpr std::int32_t kEpiCudaAbiVersion = 6;

/// Rows of keys and values to copy between device buffers that do not overlap: row sourceRows[i] becomes row
/// targetRows[i]. All pointers are on the device; null rows: 0, 1, 2, ...
struct EpiCopyRows {
    const void* sourceKeys;          // [any, rowBytes]
    const void* sourceValues;        // [any, rowBytes]
    void* targetKeys;                // [any, rowBytes]
    void* targetValues;              // [any, rowBytes]
    const std::int32_t* sourceRows;  // [rows]
    const std::int32_t* targetRows;  // [rows]
    std::int64_t rows;
    std::int64_t rowBytes;
};

/// Why an operation of the decoder failed.
struct EpiFailure {
    bool isOutOfMemory;
    bool isUnsupported;
    char message[400];
};

/// A matrix on the device: blocks of a GGML type as they lie in the file (they may go once the decoder is
/// made), or bf16 values, row-major (type 30; they must stay).
struct EpiMatrix {
    const void* data;
    std::int32_t type;  // GGML's number
    std::int32_t rows;
    std::int32_t columns;
};

/// RMSNorm; the weight, fp32 on the device, must stay. Null for none.
struct EpiNorm {
    const float* weight;
    float epsilon;
};

struct EpiDecoderLayer {
    EpiNorm attentionNorm;
    EpiMatrix query;
    EpiMatrix key;
    EpiMatrix value;
    const float* queryBias;  // fp32 on the device; null for none, or all three
    const float* keyBias;
    const float* valueBias;
    EpiNorm queryNorm;  // per head
    EpiNorm keyNorm;
    EpiMatrix output;
    EpiNorm attentionBranchNorm;
    EpiNorm feedForwardNorm;
    EpiMatrix gate;
    EpiMatrix up;
    EpiMatrix down;
    bool hasGelu;  // tanh form; else SiLU
    EpiNorm feedForwardBranchNorm;
    std::int32_t heads;
    std::int32_t kvHeads;
    std::int32_t headDim;
    float scale;
    std::int32_t rotary;  // which of the decoder's
    std::int32_t rotaryDimensions;
    bool rotatesNeighbours;
    std::int32_t window;  // 0: none
};

struct EpiRotary {
    const float* frequencies;  // [half], on the host
    std::int32_t half;
};

struct EpiDecoderSpec {
    std::int32_t vocabulary;
    std::int32_t dimension;
    const void* embedding;  // bf16 [vocabulary, dimension] on the device; must stay
    float embeddingScale;
    const EpiDecoderLayer* layers;
    std::int32_t layerCount;
    EpiNorm outputNorm;
    EpiMatrix output;
    const EpiRotary* rotaries;
    std::int32_t rotaryCount;
};

/// Keys and values of a layer, bf16 [rows, headDim] on the device, and where the heads' entries lie.
struct EpiCacheLayer {
    void* keys;
    void* values;
    const std::int64_t* starts;            // [kvHeads]
    const std::int64_t* lengths;           // [kvHeads]
    const std::int32_t* const* positions;  // [kvHeads][length], read for layers with a window
};

/// How the tokens of a reply are drawn: SamplingOptions, where the random numbers go on (Rng::state), and the
/// tokens that the penalty is for; they may go once the decoder has begun.
struct EpiSampling {
    double temperature;
    std::int32_t topK;
    double topP;
    double minP;
    double repetitionPenalty;
    std::uint64_t random[4];
    const std::int32_t* history;
    std::int64_t historyLength;
};

/// Decodes token by token; one thread. Every function returns false and says why when it failed.
struct EpiDecoder;

struct EpiDecoderOps {
    EpiDecoder* (*create)(const EpiDecoderSpec* spec, EpiFailure* failure);  // null when it failed
    void (*destroy)(EpiDecoder* decoder);
    /// Bytes on the device that the decoder holds itself.
    std::int64_t (*bytes)(const EpiDecoder* decoder);
    /// The next step reads `token` at `position` behind these entries, one EpiCacheLayer per layer. From
    /// there on steps choose the best token, or draw it where `sampling` is not null. Waits for all work on
    /// the device.
    bool (*begin)(EpiDecoder* decoder,
                  const EpiCacheLayer* cache,
                  std::int64_t position,
                  std::int32_t token,
                  const EpiSampling* sampling,
                  EpiFailure* failure);
    /// Puts a step on the device: it appends one row to every head, chooses a token, and prepares the step
    /// that reads that.
    bool (*launch)(EpiDecoder* decoder, EpiFailure* failure);
    /// Waits for what step `step` chose, from 1. Fails when its logits are not finite.
    bool (*token)(EpiDecoder* decoder, std::int32_t step, std::int32_t* token, EpiFailure* failure);
    /// The step after the last launched reads this token instead.
    bool (*feed)(EpiDecoder* decoder, std::int32_t token, EpiFailure* failure);
    /// Waits for all steps; logits of the last, fp32 [vocabulary] on the host until the next call. Where
    /// tokens are drawn, a penalty is on them.
    bool (*logits)(EpiDecoder* decoder, const float** logits, EpiFailure* failure);
    /// Waits for all steps.
    bool (*wait)(EpiDecoder* decoder, EpiFailure* failure);
};

/// A decoder of random weights that is to be timed.
struct EpiBenchRequest {
    const char* shape;    // a name of cuda/decode/synthetic_model.h
    const char* weights;  // "bf16", "q8_0", "q4_0", "q4_K", ...
    const std::int64_t* cacheLengths;
    std::int32_t cacheCount;
    std::int32_t steps;
    std::int32_t repeats;
};

struct EpiBenchTiming {
    std::int64_t weightBytes;  // read per token
    std::int64_t cacheBytes;   // read per token
    double seconds;            // per token: the median
    double fastest;
    double slowest;
};

struct EpiCeilings {
    double copyRate;             // bytes per second, read plus written
    double readRate;             // bytes per second
    double matmulRate;           // FLOP per second, bf16, 8192^3
    double sustainedMatmulRate;  // after a second of it, when the GPU has lowered its clocks
};

struct EpiBenchOps {
    bool (*ceilings)(EpiCeilings* ceilings, EpiFailure* failure);
    /// `timings` has one entry per cache length.
    bool (*decode)(const EpiBenchRequest* request, EpiBenchTiming* timings, EpiFailure* failure);
};

/// The fused row operations of block prefill, each one launch on LibTorch's current stream; false when it
/// failed.
struct EpiPrefillOps {
    bool (*normRows)(const epi::cuda::NormRowsArgs& args);
    bool (*gatedActivation)(const epi::cuda::GatedActivationArgs& args);
    bool (*rotateAppend)(const epi::cuda::RotateAppendArgs& args);
    bool (*joinAttention)(const epi::cuda::JoinAttentionArgs& args);
    bool (*probeScores)(const epi::cuda::ProbeScoresArgs& args);
    /// Null for a GPU without its kernel: flash attention by LibTorch and joinAttention do it then. Takes
    /// head dimensions of 64 and 128.
    bool (*attendRows)(const epi::cuda::AttendRowsArgs& args);
};

struct EpiCudaOps {
    std::int32_t abiVersion;
    std::int32_t deviceCount;
    char deviceName[256];  // of device 0
    std::int64_t totalBytes;
    /// Bytes free on device 0; -1 when the driver does not say.
    std::int64_t (*freeBytes)();
    /// Largest number of bytes that LibTorch's allocator held since the last call, and starts anew.
    std::int64_t (*takePeakBytes)();
    /// Waits until all work on device 0 is done.
    void (*synchronize)();
    /// Page-locks whole pages of ordinary memory for copies to and from the device; false when that is
    /// refused. What was locked must be unlocked, at the same address, before it is given back. Any thread.
    bool (*lockPages)(void* memory, std::int64_t bytes);
    void (*unlockPages)(void* memory);
    /// One launch on LibTorch's current stream; false when it failed. Null when the plug-in was built without
    /// a CUDA compiler, or for rows that are no multiple of 16 bytes: LibTorch's own operations do it then.
    bool (*copyRows)(const EpiCopyRows* rows);
    /// Null when the plug-in was built without a CUDA compiler.
    const EpiDecoderOps* decoder;
    const EpiBenchOps* bench;
    /// Null when the plug-in was built without a CUDA compiler, or for a GPU before compute capability 8.0.
    const EpiPrefillOps* prefill;
};

/// Fills `ops`. Returns null, or a static sentence that says why CUDA cannot be used.
using EpiCudaOpen = const char* (*)(std::int32_t abiVersion, EpiCudaOps* ops);
}

namespace epi {

/// Name of the entry point, of type EpiCudaOpen.
inline constexpr const char* kCudaEntryPoint = "epi_cuda_open";

/// The plug-in's operations, opened at the first call; null where CUDA cannot be used
/// (cudaUnavailableReason in core/tensor/device_memory.h says why).
const EpiCudaOps* cudaOps();

}  // namespace epi
