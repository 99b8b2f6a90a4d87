#pragma once

#include <cstdint>

/// What the kernels of block prefill are given: plain data that the engine fills in and the plug-in passes
/// on. All pointers are on the device; bf16 in memory, fp32 in between.
namespace epi::cuda {

/// RMSNorm of many rows, with the residual sum before it: x = input + addend, output = x / rms(x) * weight.
/// bf16 in memory, fp32 in between; the sum is rounded to bf16 before it is normalised, as a separate
/// addition would be.
struct NormRowsArgs {
    const void* input;    // bf16 [rows, width]
    const void* addend;   // bf16 [rows, width]; null: nothing is added
    void* sum;            // bf16 [rows, width], receives x; may be `input`; null without an addend
    const float* weight;  // [width]
    void* output;         // bf16 [rows, width]
    std::int64_t rows;
    std::int64_t width;  // a multiple of 8, at most 16,384
    float epsilon;
};

/// output = activation(gate) * up, element by element, for the gated feed-forward block.
struct GatedActivationArgs {
    enum class Activation : std::int32_t { kSilu, kGeluTanh };
    const void* gate;     // bf16 [values]
    const void* up;       // bf16 [values]
    void* output;         // bf16 [values]; may be `gate` or `up`
    std::int64_t values;  // a multiple of 8
    Activation activation;
};

/// What lies between a layer's projections and its attention, for many rows at once: the norms per head, the
/// rotary embedding, and every row to its place. The first `appended` rows go behind their head's segment in
/// the arena; the `probes` after them go to buffers of their own and leave the arena as it is. Queries are
/// laid out as attention over ragged heads wants them: one sequence per KV head.
struct RotateAppendArgs {
    enum class Pairing : std::int32_t { kNeighbours, kHalves };
    const void* query;           // bf16 [rows, heads, headDim]
    const void* key;             // bf16 [rows, kvHeads, headDim]
    const void* value;           // bf16 [rows, kvHeads, headDim]
    const float* cosines;        // [rows, dimensions / 2]
    const float* sines;          // [rows, dimensions / 2]
    const float* queryNorm;      // [headDim]; null: none
    const float* keyNorm;        // [headDim]; null: none
    const std::int32_t* target;  // [kvHeads]: arena row of the first appended row
    void* arenaKeys;             // bf16 [any, headDim]
    void* arenaValues;           // bf16 [any, headDim]
    void* appendedQuery;         // bf16 [kvHeads, appended, heads / kvHeads, headDim]
    void* probeQuery;            // bf16 [kvHeads, probes, heads / kvHeads, headDim]
    void* probeKeys;             // bf16 [kvHeads, probes, headDim]
    void* probeValues;           // bf16 [kvHeads, probes, headDim]
    std::int32_t appended;
    std::int32_t probes;
    std::int32_t heads;
    std::int32_t kvHeads;
    std::int32_t headDim;     // even
    std::int32_t dimensions;  // that rotate, from the front; a multiple of 4
    float queryEpsilon;
    float keyEpsilon;
    Pairing pairing;
};

/// Attention outputs of one layer, from one sequence per KV head back to one row per token. A probe row's two
/// parts, over the cache and over the probe itself, are merged by their log-sum-exps, which is exact.
struct JoinAttentionArgs {
    const void* appended;     // bf16 [kvHeads, appendedRows, group, headDim]
    const void* past;         // bf16 [kvHeads, probeRows, group, headDim]
    const void* own;          // bf16 [kvHeads, probeRows, group, headDim]
    const float* pastLogSum;  // [group, kvHeads * probeRows]
    const float* ownLogSum;   // [group, kvHeads * probeRows]
    void* output;             // bf16 [appendedRows + probeRows, kvHeads * group * headDim]
    std::int32_t appendedRows;
    std::int32_t probeRows;
    std::int32_t kvHeads;
    std::int32_t group;
    std::int32_t headDim;  // a multiple of 8
};

/// Attention of a layer's appended rows and of its probe rows, each KV head with its own entries
/// (FlashAttention-3, section 3: producer and consumer warps, products and softmax side by side). An appended
/// row sees its head's entries up to its own, the newest one of the last row; a probe row sees all of them,
/// then the probe rows up to itself. Queries are laid out one sequence per KV head, outputs one row per
/// token.
struct AttendRowsArgs {
    const void* appendedQuery;    // bf16 [kvHeads, appended, group, headDim]
    const void* probeQuery;       // bf16 [kvHeads, probes, group, headDim]
    const void* keys;             // bf16 [arenaRows, headDim]
    const void* values;           // bf16 [arenaRows, headDim]
    const void* probeKeys;        // bf16 [kvHeads, probes, headDim]
    const void* probeValues;      // bf16 [kvHeads, probes, headDim]
    const std::int32_t* starts;   // [kvHeads]: first arena row of the head
    const std::int32_t* lengths;  // [kvHeads]: entries, the appended ones among them
    void* output;       // bf16 [appended + probes, kvHeads * group * headDim]; null: only pastLogSum
    float* pastLogSum;  // [group, kvHeads * probes]: log-sum-exp of a probe row over the entries alone
    std::int64_t arenaRows;
    std::int32_t appended;
    std::int32_t probes;
    std::int32_t kvHeads;
    std::int32_t group;
    std::int32_t headDim;  // 64 or 128
    float scale;
};

/// Scores of a layer's entries by a probe (EpiCache, equation 3 as released): for entry i of KV head h,
/// exp(max over the head's query rows r of scale * q_r . k_i - logSum_r), where logSum_r is the row's
/// log-sum-exp over the cache alone. A maximum needs no exponential per element, so this is one matrix
/// product with a cheap epilogue; nothing but the scores is written.
struct ProbeScoresArgs {
    const void* query;            // bf16 [kvHeads, probeRows, group, headDim]
    const void* keys;             // bf16 [any, headDim]: the arena
    const std::int32_t* starts;   // [kvHeads]: first arena row of the head
    const std::int32_t* lengths;  // [kvHeads]
    const std::int32_t* offsets;  // [kvHeads]: where the head's scores begin
    const float* logSum;          // [group, kvHeads * probeRows]
    float* scores;                // [entries], head-major
    std::int64_t arenaRows;       // of `keys`
    std::int32_t entries;         // sum of `lengths`
    std::int32_t longest;         // largest of `lengths`
    std::int32_t probeRows;
    std::int32_t kvHeads;
    std::int32_t group;
    std::int32_t headDim;  // 64, 96, 128 or 256
    float scale;
};

}  // namespace epi::cuda
