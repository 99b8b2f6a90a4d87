#pragma once

#include <cstdint>

#include "cuda/kernels/launch.h"

namespace epi::cuda {

/// Splits of one head, at most.
inline constexpr int kMaxSplits = 160;

/// Floats behind the output of one query head in a block's partial sums: the largest score, the sum of
/// weights, and two more that align the next head.
inline constexpr int kPartialTail = 4;

/// A share of the cache for one block: split `split` of `splits` of a KV head.
struct AttentionItem {
    std::int16_t head;
    std::int16_t split;
    std::int16_t splits;
    std::int16_t reserved;
};

/// Where the entries of one KV head lie in its layer's arena.
struct alignas(16) HeadRange {
    std::int64_t start;    // first row in the arena
    std::int32_t length;   // rows when decoding began
    std::int32_t visible;  // first row that the window shows; 0 without a window
};

/// Attention of one new token over a ragged cache: per KV head any number of rows. Takes the raw projections,
/// norms the heads of query and key where the model does, rotates both, appends key and value to the cache
/// and attends to everything up to the new token.
struct DecodeAttentionArgs {
    const float* projections;  // [heads * headDim | kvHeads * headDim | kvHeads * headDim]: query, key, value
    const float* queryNorm;    // [headDim], null for none
    const float* keyNorm;
    float normEpsilon;
    const float2* rotary;  // [rotaryDimensions / 2]: cosine and sine at the token's position
    std::int32_t rotaryDimensions;
    bool rotatesNeighbours;  // pairs (2i, 2i + 1) instead of (i, i + rotaryDimensions / 2)
    float scale;             // of q.k
    std::int32_t heads;
    std::int32_t kvHeads;
    std::int32_t headDim;

    std::uint16_t* keys;       // bf16 [rows, headDim], rotated
    std::uint16_t* values;     // bf16 [rows, headDim]
    const HeadRange* ranges;   // [kvHeads]
    const std::int32_t* step;  // tokens appended since decoding began, the same for every head

    const AttentionItem* items;  // [blocks]; the splits of a head are 0, 1, ... splits - 1, each once
    std::int32_t blocks;
    float* partials;        // [blocks][heads / kvHeads][headDim + kPartialTail]
    std::int32_t* tickets;  // [kvHeads], 0 between launches
    std::uint16_t* output;  // bf16 [heads * headDim]
};

/// Head sizes 64, 128 and 256, at most 8 query heads per KV head; else cudaErrorInvalidValue.
/// Traffic: every visible key and value once.
[[nodiscard]] cudaError_t decodeAttention(const DecodeAttentionArgs& args,
                                          const DeviceTraits& traits,
                                          const Launch& launch);
[[nodiscard]] bool canAttend(int heads, int kvHeads, int headDim);

}  // namespace epi::cuda
