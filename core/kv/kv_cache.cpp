#include "core/kv/kv_cache.h"

#include <algorithm>
#include <limits>
#include <string>

#include <c10/util/Exception.h>

#include "core/base/log.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/host_block.h"

namespace epi {

std::int64_t KvSnapshot::entries() const {
    std::int64_t total = 0;
    for (const LayerArena::Content& layer : layers)
        total += layer.keys.size(0);
    return total;
}

std::int64_t KvSnapshot::bytes() const {
    std::size_t total = 0;
    for (const LayerArena::Content& layer : layers)
        total += layer.keys.nbytes() + layer.values.nbytes();
    return static_cast<std::int64_t>(total);
}

std::int64_t KvSnapshot::allocatedBytes() const {
    std::size_t notes = 0;
    for (const LayerArena::Content& layer : layers) {
        for (const auto* const heads : {&layer.positions, &layer.origins}) {
            for (const std::vector<std::int32_t>& head : *heads)
                notes += head.size() * sizeof(std::int32_t);
        }
        for (const std::vector<float>& head : layer.scores)
            notes += head.size() * sizeof(float);
    }
    return (block ? block->bytes() : bytes()) + static_cast<std::int64_t>(notes);
}

KvSnapshot KvSnapshot::onHost() const {
    KvSnapshot copy = *this;
    for (LayerArena::Content& layer : copy.layers) {
        layer.keys = layer.keys.cpu();
        layer.values = layer.values.cpu();
    }
    return copy;
}

KvCache::KvCache(const ModelSpec& spec,
                 std::span<const std::int64_t> rowsPerHead,
                 const Placement& placement) {
    layers_.reserve(spec.layers.size());
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        const AttentionSpec& attention = spec.layers[layer].attention;
        layers_.emplace_back(LayerArena::Shape{.kvHeads = attention.kvHeads,
                                               .headDim = attention.headDim,
                                               .rowsPerHead = rowsPerHead[layer]},
                             placement);
    }
}

KvCache::KvCache(const ModelSpec& spec, const ReadingRows& rows, const Placement& placement) {
    std::int64_t numbers = 0;
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        const AttentionSpec& attention = spec.layers[layer].attention;
        const std::int64_t width = std::int64_t{attention.kvHeads} * attention.headDim;
        numbers = std::max(numbers, (rows.kept[layer] + rows.block) * width);
    }
    for (std::int32_t area = 0; area < rows.areas; ++area)
        areas_.push_back(std::make_shared<WorkingArea>(numbers, placement));
    layers_.reserve(spec.layers.size());
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        const AttentionSpec& attention = spec.layers[layer].attention;
        layers_.emplace_back(
            LayerArena::Shape{
                .kvHeads = attention.kvHeads, .headDim = attention.headDim, .rowsPerHead = rows.kept[layer]},
            placement,
            LayerArena::Spare{.area = areas_[layer % areas_.size()],
                              .rowsPerHead = rows.kept[layer] + rows.block});
    }
}

std::int64_t KvCache::room() const {
    std::int64_t room = std::numeric_limits<std::int64_t>::max();
    for (const LayerArena& layer : layers_)
        room = std::min(room, layer.room());
    return room;
}

std::int64_t KvCache::allocatedBytes() const {
    std::int64_t total = ownBytes();
    for (const auto& area : areas_)
        total += area->allocatedBytes();
    return total;
}

std::int64_t KvCache::ownBytes() const {
    std::int64_t total = 0;
    for (const LayerArena& layer : layers_)
        total += layer.allocatedBytes();
    return total;
}

std::int64_t KvCache::entries() const {
    std::int64_t total = 0;
    for (const LayerArena& layer : layers_)
        total += layer.totalLength();
    return total;
}

KvCache::Mark KvCache::mark() const {
    Mark mark{.lengths = {}, .nextPosition = nextPosition_};
    for (const LayerArena& layer : layers_) {
        std::vector<std::int64_t>& lengths = mark.lengths.emplace_back();
        for (std::int32_t head = 0; head < layer.shape().kvHeads; ++head)
            lengths.push_back(layer.length(head));
    }
    return mark;
}

void KvCache::truncate(const Mark& mark) {
    for (std::size_t layer = 0; layer < layers_.size(); ++layer)
        layers_[layer].truncate(mark.lengths[layer]);
    nextPosition_ = mark.nextPosition;
}

void KvCache::clear() {
    for (LayerArena& layer : layers_)
        layer.clear();
    nextPosition_ = 0;
    setShift(0);
}

void KvCache::setShift(std::int64_t shift) {
    shift_ = shift;
    isMixed_ = false;
    for (LayerArena& layer : layers_)
        layer.setShift(shift);
}

KvSnapshot KvCache::snapshot(std::int64_t withoutNewest) const {
    KvSnapshot snapshot{.layers = {}, .nextPosition = nextPosition_ - withoutNewest, .shift = shift_};
    for (const LayerArena& layer : layers_)
        snapshot.layers.push_back(layer.content(withoutNewest));
    return snapshot;
}

KvSnapshot KvCache::snapshotIn(std::shared_ptr<HostBlock> block) const {
    if (!block) return snapshot();
    KvSnapshot snapshot{.layers = {}, .nextPosition = nextPosition_, .shift = shift_};
    HostPieces pieces(block);
    runCopies([&] {
        for (const LayerArena& layer : layers_)
            snapshot.layers.push_back(layer.content(0, {.pieces = &pieces}));
    });
    snapshot.block = std::move(block);
    return snapshot;
}

KvSnapshot KvCache::copyOnDevice() const {
    KvSnapshot copy{.layers = {}, .nextPosition = nextPosition_, .shift = shift_};
    for (const LayerArena& layer : layers_)
        copy.layers.push_back(layer.content(0, {.staysOnDevice = true}));
    return copy;
}

std::int64_t KvCache::snapshotBytes() const {
    std::int64_t total = 0;
    for (const LayerArena& layer : layers_) {
        const auto rowBytes = static_cast<std::int64_t>(layer.keys().element_size()) * layer.shape().headDim;
        total += 2 * HostPieces::bytesFor(layer.totalLength() * rowBytes);
    }
    return total;
}

std::int64_t KvCache::noteBytes() const {
    std::size_t notes = 0;
    for (const LayerArena& layer : layers_) {
        for (std::int32_t head = 0; head < layer.shape().kvHeads; ++head) {
            notes += layer.positions(head).size_bytes() + layer.origins(head).size_bytes() +
                     layer.scores(head).size_bytes();
        }
    }
    return static_cast<std::int64_t>(notes);
}

void KvCache::runCopies(const std::function<void()>& queue) const {
    const auto finish = [this] {
        if (!layers_.empty() && layers_.front().keys().is_cuda()) synchronizeDevice();
    };
    try {
        queue();
    } catch (...) {
        // What copies that are on their way read or write goes with the exception.
        try {
            finish();
        } catch (const c10::Error& error) {
            logWarning(std::string("waiting for copies of a cache: ") + error.what_without_backtrace());
        }
        throw;
    }
    finish();
}

KvSnapshot KvCache::newest(std::int64_t rows) const {
    KvSnapshot snapshot{.layers = {}, .nextPosition = nextPosition_, .shift = shift_};
    for (const LayerArena& layer : layers_)
        snapshot.layers.push_back(layer.newest(rows));
    return snapshot;
}

Result<void> KvCache::append(const KvSnapshot& rows) {
    for (std::size_t layer = 0; layer < layers_.size(); ++layer)
        EPI_TRY(layers_[layer].append(rows.layers[layer]));
    nextPosition_ = rows.nextPosition;
    const bool isMixed = isMixed_ || rows.shift != shift_;
    setShift(rows.shift);
    isMixed_ = isMixed;
    return {};
}

void KvCache::dropNewest(std::int64_t rows) {
    Mark before = mark();
    for (std::vector<std::int64_t>& lengths : before.lengths) {
        for (std::int64_t& length : lengths)
            length -= rows;
    }
    before.nextPosition -= rows;
    truncate(before);
}

Result<void> KvCache::restore(const KvSnapshot& snapshot) {
    Result<void> restored;
    runCopies([&] {
        for (std::size_t layer = 0; restored && layer < layers_.size(); ++layer)
            restored = layers_[layer].restore(snapshot.layers[layer]);
    });
    if (!restored) return restored;
    nextPosition_ = snapshot.nextPosition;
    setShift(snapshot.shift);
    return {};
}

}  // namespace epi
