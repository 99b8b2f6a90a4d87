#include "core/tensor/cpu/head_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace epi::cpu {
namespace {

constexpr std::int64_t kSmallestRegionBytes = 64 << 10;
constexpr std::int64_t kSmallestPart = 64;
constexpr std::int64_t kLargestPart = 512;
constexpr std::int64_t kPartsPerThread = 4;

}  // namespace

void HeadAttention::plan(std::span<const HeadEntries> kvHeads, std::int64_t threads) {
    std::int64_t total = 0;
    for (const HeadEntries& head : kvHeads)
        total += head.entries;
    const std::int64_t size = std::clamp(total / (threads * kPartsPerThread), kSmallestPart, kLargestPart);
    parts_.clear();
    for (std::size_t head = 0; head < kvHeads.size(); ++head) {
        for (std::int64_t first = 0; first < kvHeads[head].entries; first += size) {
            parts_.push_back({.head = static_cast<std::int64_t>(head),
                              .first = first,
                              .entries = std::min(size, kvHeads[head].entries - first)});
        }
    }
}

void HeadAttention::attend(ThreadPool& pool,
                           const Kernels& kernels,
                           std::span<const HeadEntries> kvHeads,
                           std::span<const float> queries,
                           std::int64_t headDim,
                           float* output) {
    plan(kvHeads, pool.threads());
    const auto heads = static_cast<std::int64_t>(queries.size()) / headDim;
    const std::int64_t group = heads / static_cast<std::int64_t>(kvHeads.size());
    const std::int64_t resultSize = group * (headDim + 2);
    results_.resize(parts_.size() * static_cast<std::size_t>(resultSize));
    const auto attendPart = [&](std::int64_t index) {
        thread_local std::vector<float> scratch;
        const auto needed = static_cast<std::size_t>(attentionScratch(group, headDim));
        if (scratch.size() < needed) scratch.resize(needed);
        const Part& part = parts_[static_cast<std::size_t>(index)];
        const HeadEntries& head = kvHeads[static_cast<std::size_t>(part.head)];
        float* result = results_.data() + index * resultSize;
        kernels.attend({.queries = queries.data() + part.head * group * headDim,
                        .keys = head.keys + part.first * headDim,
                        .values = head.values + part.first * headDim,
                        .entries = part.entries,
                        .group = group,
                        .headDim = headDim,
                        .maxima = result,
                        .sums = result + group,
                        .outputs = result + 2 * group,
                        .scratch = scratch.data()});
    };
    std::int64_t bytes = 0;
    for (const HeadEntries& head : kvHeads)
        bytes += 2 * head.entries * headDim * static_cast<std::int64_t>(sizeof(std::uint16_t));
    const auto parts = static_cast<std::int64_t>(parts_.size());
    if (bytes < kSmallestRegionBytes) {
        for (std::int64_t index = 0; index < parts; ++index)
            attendPart(index);
    } else {
        pool.run(parts, attendPart);
    }
    merge(static_cast<std::int64_t>(kvHeads.size()), group, headDim, output);
}

void HeadAttention::merge(std::int64_t kvHeads,
                          std::int64_t group,
                          std::int64_t headDim,
                          float* output) const {
    const std::int64_t resultSize = group * (headDim + 2);
    std::fill_n(output, kvHeads * group * headDim, 0.0F);
    for (std::size_t first = 0; first < parts_.size();) {
        std::size_t last = first;
        while (last < parts_.size() && parts_[last].head == parts_[first].head)
            ++last;
        for (std::int64_t i = 0; i < group; ++i) {
            float* row = output + (parts_[first].head * group + i) * headDim;
            const auto resultOf = [&](std::size_t part) {
                return results_.data() + static_cast<std::int64_t>(part) * resultSize;
            };
            float maximum = -std::numeric_limits<float>::infinity();
            for (std::size_t part = first; part < last; ++part)
                maximum = std::max(maximum, resultOf(part)[i]);
            float sum = 0.0F;
            for (std::size_t part = first; part < last; ++part)
                sum += std::exp(resultOf(part)[i] - maximum) * resultOf(part)[group + i];
            for (std::size_t part = first; part < last; ++part) {
                const float weight = std::exp(resultOf(part)[i] - maximum) / sum;
                const float* values = resultOf(part) + 2 * group + i * headDim;
                for (std::int64_t d = 0; d < headDim; ++d)
                    row[d] += weight * values[d];
            }
        }
        first = last;
    }
}

}  // namespace epi::cpu
