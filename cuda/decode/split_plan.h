#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/kernels/decode_attention.h"

namespace epi::cuda {

/// Deals `blocks` thread blocks to KV heads in proportion to their lengths, at least one each; the splits of
/// a head lie next to each other. Requires: blocks >= lengths.size() > 0.
std::vector<AttentionItem> planSplits(std::span<const std::int64_t> lengths, int blocks);

}  // namespace epi::cuda
