#pragma once

#include <cstdint>

#include "cuda/kernels/decode_attention.h"
#include "cuda/kernels/gemv.h"
#include "cuda/kernels/launch.h"

namespace epi::cuda {

/// What changes from token to token, on the device.
struct DecodeState {
    std::int32_t position;  // of the token that the next step reads
    std::int32_t step;      // tokens appended since decoding began
    std::int32_t token;     // the token that the next step reads
    std::int32_t reserved;
};

/// One slot of the ring through which the host learns the tokens.
struct TokenSlot {
    std::int32_t sequence;  // step + 1, written last
    std::int32_t token;     // -1: a logit is not finite
};

/// One kind of rotary embedding: frequencies in, the turn at the next position out.
struct RotaryKind {
    const float* frequencies;  // [half]
    float2* turns;             // [half]
    std::int32_t half;
};
inline constexpr int kMaxRotaryKinds = 4;

/// A layer whose heads see a window: the first visible row of each head moves with the position.
struct WindowedHead {
    HeadRange* range;
    const std::int32_t* positions;  // of the rows that were there when decoding began
    std::int32_t firstPosition;     // of the first token decoded
    std::int32_t window;
};

/// Chooses the next token (the best candidate, or the given one), and prepares the step that reads it: its
/// embedding, its position and rotation, the window.
struct NextTokenArgs {
    const Candidate* candidates;  // [candidateCount]; null: `given` is the token, and no position passes
    std::int32_t candidateCount;
    std::int32_t given;
    DecodeState* state;
    TokenSlot* ring;  // in pinned host memory, null for none
    std::int32_t ringMask;
    const std::uint16_t* embedding;  // bf16 [vocabulary, columns]
    float embeddingScale;
    std::int32_t columns;
    float* residual;  // [columns]
    RotaryKind rotaries[kMaxRotaryKinds];
    std::int32_t rotaryCount;
    const WindowedHead* windows;  // [windowCount]
    std::int32_t windowCount;
};

[[nodiscard]] cudaError_t nextToken(const NextTokenArgs& args, const Launch& launch);

}  // namespace epi::cuda
