#include "core/model/reindex.h"

#include <algorithm>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>

#include "core/tensor/rotary.h"

namespace epi {
namespace {

/// Cosines and sines of moves by `deltas` positions. An angle of 100,000 positions has no digits left in
/// fp32.
RotaryTable moveTable(const at::Tensor& frequencies, std::vector<std::int64_t>& deltas, c10::Device device) {
    const auto rows = static_cast<std::int64_t>(deltas.size());
    const at::Tensor angles =
        at::from_blob(deltas.data(), {rows, 1, 1}, at::kLong).to(at::kDouble) * frequencies.to(at::kDouble);
    return {.cosines = angles.cos().to(at::kFloat).to(device),
            .sines = angles.sin().to(at::kFloat).to(device)};
}

/// The positions that a head of this length gets.
std::vector<std::int32_t> consecutive(std::int64_t length, std::int64_t next) {
    std::vector<std::int32_t> positions(static_cast<std::size_t>(length));
    for (std::int64_t i = 0; i < length; ++i)
        positions[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(next - length + i);
    return positions;
}

at::Tensor frequenciesOf(const Executor& executor, const RotarySpec& rotary) {
    return rotaryFrequencies(
        rotary,
        rotary.frequencyFactors.empty() ? at::Tensor() : executor.weights().vector(rotary.frequencyFactors));
}

/// Keys after a move by `deltas`: [rows, headDim].
at::Tensor moved(const at::Tensor& keys,
                 const RotarySpec& rotary,
                 const at::Tensor& frequencies,
                 std::vector<std::int64_t> deltas) {
    return rotate(keys.unsqueeze(1), rotary, moveTable(frequencies, deltas, keys.device())).squeeze(1);
}

void moveHead(const RotarySpec& rotary,
              const at::Tensor& frequencies,
              LayerArena& arena,
              std::int32_t head,
              std::int64_t next) {
    std::vector<std::int32_t> positions = consecutive(arena.length(head), next);
    const auto before = arena.positions(head);
    std::vector<std::int64_t> deltas;
    for (std::size_t i = 0; i < positions.size(); ++i)
        deltas.push_back(static_cast<std::int64_t>(positions[i]) - before[i]);
    if (std::ranges::all_of(deltas, [](std::int64_t delta) { return delta == 0; })) return;
    const at::Tensor keys = arena.headKeys(head);
    keys.copy_(moved(keys, rotary, frequencies, std::move(deltas)));
    arena.setPositions(head, std::move(positions));
}

std::int64_t longestHead(const KvCache& cache) {
    std::int64_t longest = 0;
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
        longest = std::max(longest, cache.layer(layer).longestHead());
    return longest;
}

/// Requires: no head is longer than `next`.
void reindexUpTo(const Executor& executor, KvCache& cache, std::int64_t next) {
    const std::int64_t logical = cache.nextPosition() + cache.shift();
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        const RotarySpec& rotary = executor.spec().layers[static_cast<std::size_t>(layer)].attention.rotary;
        const at::Tensor frequencies = frequenciesOf(executor, rotary);
        LayerArena& arena = cache.layer(layer);
        for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head)
            moveHead(rotary, frequencies, arena, head, next);
    }
    cache.setNextPosition(next);
    cache.setShift(logical - next);
}

}  // namespace

void reindexPositions(const Executor& executor, KvCache& cache) {
    reindexUpTo(executor, cache, longestHead(cache));
}

bool reindexForRoom(const Executor& executor, KvCache& cache, std::int64_t rows) {
    return reindexForRoom(executor, std::span(&cache, 1), rows);
}

bool reindexForRoom(const Executor& executor, std::span<KvCache> caches, std::int64_t rows) {
    const std::int64_t before = caches.front().nextPosition();
    if (before + rows <= executor.spec().trainedContext) return false;
    std::int64_t next = 0;
    for (const KvCache& cache : caches)
        next = std::max(next, longestHead(cache));
    if (next == before) return false;
    for (KvCache& cache : caches)
        reindexUpTo(executor, cache, next);
    return true;
}

Result<void> cutOut(const Executor& executor, KvCache& cache, std::int64_t rows, std::int64_t behind) {
    KvSnapshot tail = cache.newest(behind);
    cache.dropNewest(rows + behind);
    const auto moveDown = [rows](std::vector<std::int32_t>& positions) {
        for (std::int32_t& position : positions)
            position -= static_cast<std::int32_t>(rows);
    };
    for (std::size_t layer = 0; layer < tail.layers.size(); ++layer) {
        const RotarySpec& rotary = executor.spec().layers[layer].attention.rotary;
        LayerArena::Content& content = tail.layers[layer];
        std::vector<std::int64_t> deltas(static_cast<std::size_t>(content.keys.size(0)), -rows);
        content.keys = moved(content.keys, rotary, frequenciesOf(executor, rotary), std::move(deltas))
                           .to(content.keys.scalar_type())
                           .contiguous();
        std::ranges::for_each(content.positions, moveDown);
        std::ranges::for_each(content.origins, moveDown);
    }
    tail.nextPosition -= rows;
    return cache.append(tail);
}

}  // namespace epi
