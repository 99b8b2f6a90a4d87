#include "core/kv/layer_arena.h"

#include <algorithm>
#include <numeric>
#include <string>

#include <ATen/ops/as_strided.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/index_select.h>

#include "core/tensor/device_memory.h"
#include "core/tensor/host_block.h"
#include "core/tensor/upload.h"

namespace epi {

LayerArena::LayerArena(const Shape& shape, const Placement& placement)
    : shape_(shape),
      keys_(at::empty({shape.kvHeads * shape.rowsPerHead, shape.headDim},
                      placement.options(placement.cacheType))),
      values_(at::empty_like(keys_)),
      positions_(static_cast<std::size_t>(shape.kvHeads)),
      origins_(static_cast<std::size_t>(shape.kvHeads)),
      scores_(static_cast<std::size_t>(shape.kvHeads)) {
    layOut(std::vector<std::int64_t>(static_cast<std::size_t>(shape.kvHeads), 0));
}

std::int64_t LayerArena::totalLength() const {
    return std::accumulate(length_.begin(), length_.end(), std::int64_t{0});
}

std::int64_t LayerArena::longestHead() const {
    return *std::max_element(length_.begin(), length_.end());
}

std::int64_t LayerArena::room() const {
    std::int64_t room = totalRows();
    for (std::size_t head = 0; head < length_.size(); ++head)
        room = std::min(room, capacity_[head] - length_[head]);
    return room;
}

std::int64_t LayerArena::allocatedBytes() const {
    return static_cast<std::int64_t>(keys_.nbytes() + values_.nbytes());
}

void LayerArena::setScores(std::span<const float> scores) {
    auto next = scores.begin();
    for (std::size_t head = 0; head < length_.size(); ++head) {
        scores_[head].assign(next, next + length_[head]);
        next += length_[head];
    }
}

void LayerArena::layOut(std::span<const std::int64_t> lengths) {
    const std::int64_t used = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
    const std::int64_t slack = (totalRows() - used) / shape_.kvHeads;
    length_.assign(lengths.begin(), lengths.end());
    start_.resize(lengths.size());
    capacity_.resize(lengths.size());
    std::int64_t row = 0;
    for (std::size_t head = 0; head < lengths.size(); ++head) {
        start_[head] = row;
        capacity_[head] = lengths[head] + slack;
        row += capacity_[head];
    }
}

std::vector<HeadRun> LayerArena::runs() const {
    const auto heads = static_cast<std::int64_t>(length_.size());
    std::vector<HeadRun> runs;
    for (std::int64_t first = 0; first < heads;) {
        const auto at = [&](std::int64_t head) {
            return static_cast<std::size_t>(head);
        };
        const std::int64_t stride = first + 1 < heads ? start_[at(first + 1)] - start_[at(first)] : 0;
        std::int64_t last = first + 1;
        while (last < heads && length_[at(last)] == length_[at(first)] &&
               start_[at(last)] - start_[at(last - 1)] == stride) {
            ++last;
        }
        HeadRun run{.firstHead = first,
                    .count = last - first,
                    .length = length_[at(first)],
                    .keys = {},
                    .values = {}};
        const std::array<std::int64_t, 3> sizes{run.count, run.length, shape_.headDim};
        const std::array<std::int64_t, 3> strides{stride * shape_.headDim, shape_.headDim, 1};
        run.keys = keys_.as_strided(sizes, strides, start_[at(first)] * shape_.headDim);
        run.values = values_.as_strided(sizes, strides, start_[at(first)] * shape_.headDim);
        runs.push_back(std::move(run));
        first = last;
    }
    return runs;
}

Result<void> LayerArena::extend(std::int64_t rows, std::int64_t firstPosition) {
    if (rows > room()) {
        return Error{
            ErrorCode::kOutOfMemory,
            "kv cache: " + std::to_string(rows) + " rows to append, room for " + std::to_string(room())};
    }
    for (std::size_t head = 0; head < length_.size(); ++head) {
        length_[head] += rows;
        for (std::int64_t i = 0; i < rows; ++i) {
            positions_[head].push_back(static_cast<std::int32_t>(firstPosition + i));
            origins_[head].push_back(static_cast<std::int32_t>(firstPosition + shift_ + i));
        }
    }
    return {};
}

Result<void> LayerArena::append(const at::Tensor& keys,
                                const at::Tensor& values,
                                std::int64_t firstPosition) {
    const std::int64_t rows = keys.size(1);
    EPI_TRY(extend(rows, firstPosition));
    for (std::size_t head = 0; head < length_.size(); ++head) {
        const std::int64_t row = start_[head] + length_[head] - rows;
        const auto h = static_cast<std::int64_t>(head);
        keys_.narrow(0, row, rows).copy_(keys.select(0, h));
        values_.narrow(0, row, rows).copy_(values.select(0, h));
    }
    return {};
}

void LayerArena::apply(const CompactionPlan& plan) {
    std::vector<std::int64_t> lengths;
    std::int64_t total = 0;
    for (const std::vector<std::int64_t>& keep : plan.keep) {
        lengths.push_back(static_cast<std::int64_t>(keep.size()));
        total += lengths.back();
    }
    // Where each row comes from, then where each goes to: one upload.
    std::vector<std::int64_t> rows(static_cast<std::size_t>(total * 2));
    const std::span sources = std::span(rows).first(static_cast<std::size_t>(total));
    const std::span targets = std::span(rows).subspan(static_cast<std::size_t>(total));
    std::size_t next = 0;
    for (std::size_t head = 0; head < plan.keep.size(); ++head) {
        const std::vector<std::int64_t>& keep = plan.keep[head];
        for (std::size_t i = 0; i < keep.size(); ++i)
            sources[next + i] = start_[head] + keep[i];
        next += keep.size();
        // Ascending, so that every entry moves to the front or stays.
        const auto pick = [&](auto& values) {
            std::size_t kept = 0;
            for (const std::int64_t entry : keep) {
                const auto at = static_cast<std::size_t>(entry);
                if (at >= values.size()) break;  // the last entries may have no score yet
                values[kept++] = values[at];
            }
            values.resize(kept);
        };
        pick(positions_[head]);
        pick(origins_[head]);
        pick(scores_[head]);
    }
    layOut(lengths);
    next = 0;
    for (std::size_t head = 0; head < lengths.size(); ++head) {
        const std::span own = targets.subspan(next, static_cast<std::size_t>(lengths[head]));
        std::iota(own.begin(), own.end(), start_[head]);
        next += own.size();
    }
    moveRows(rows);
}

void LayerArena::moveRows(std::span<const std::int64_t> rows) {
    const auto count = static_cast<std::int64_t>(rows.size()) / 2;
    const at::Tensor both = toDevice(rows, keys_.device());
    const at::Tensor source = both.narrow(0, 0, count);
    const at::Tensor target = both.narrow(0, count, count);
    if (keys_.is_cuda()) {
        const std::vector<std::int64_t> shape{count, shape_.headDim};
        const at::Tensor keptKeys = at::empty(shape, keys_.options());
        const at::Tensor keptValues = at::empty(shape, values_.options());
        const auto rowBytes = static_cast<std::int64_t>(keys_.element_size()) * shape_.headDim;
        const DeviceRows before{keys_.data_ptr(), values_.data_ptr(), source.const_data_ptr<std::int64_t>()};
        const DeviceRows kept{keptKeys.data_ptr(), keptValues.data_ptr(), nullptr};
        const DeviceRows after{keys_.data_ptr(), values_.data_ptr(), target.const_data_ptr<std::int64_t>()};
        if (copyDeviceRows(before, kept, count, rowBytes) && copyDeviceRows(kept, after, count, rowBytes)) {
            return;
        }
    }
    const at::Tensor keptKeys = keys_.index_select(0, source);
    const at::Tensor keptValues = values_.index_select(0, source);
    keys_.index_copy_(0, target, keptKeys);
    values_.index_copy_(0, target, keptValues);
}

at::Tensor LayerArena::headKeys(std::int32_t head) const {
    return keys_.narrow(0, start_[index(head)], length_[index(head)]);
}

void LayerArena::setPositions(std::int32_t head, std::vector<std::int32_t> positions) {
    positions_[index(head)] = std::move(positions);
}

void LayerArena::clear() {
    positions_.assign(positions_.size(), {});
    origins_.assign(origins_.size(), {});
    scores_.assign(scores_.size(), {});
    layOut(std::vector<std::int64_t>(positions_.size(), 0));
}

void LayerArena::truncate(std::span<const std::int64_t> lengths) {
    for (std::size_t head = 0; head < length_.size(); ++head) {
        length_[head] = lengths[head];
        positions_[head].resize(static_cast<std::size_t>(lengths[head]));
        origins_[head].resize(static_cast<std::size_t>(lengths[head]));
        if (scores_[head].size() > positions_[head].size()) scores_[head].resize(positions_[head].size());
    }
}

LayerArena::Content LayerArena::copyOf(std::span<const EntryRange> ranges, const CopyTarget& target) const {
    Content content;
    std::vector<at::Tensor> keys;
    std::vector<at::Tensor> values;
    for (std::size_t head = 0; head < ranges.size(); ++head) {
        const auto [first, count] = ranges[head];
        keys.push_back(keys_.narrow(0, start_[head] + first, count));
        values.push_back(values_.narrow(0, start_[head] + first, count));
        const auto positions = positions_[head].begin() + first;
        content.positions.emplace_back(positions, positions + count);
        const auto origins = origins_[head].begin() + first;
        content.origins.emplace_back(origins, origins + count);
    }
    // Joined on the device first, so that one copy takes all heads, at the full rate.
    const auto joined = [&](const std::vector<at::Tensor>& heads) {
        const at::Tensor rows = at::cat(heads);
        if (target.staysOnDevice) return rows;
        if (target.pieces == nullptr) return rows.cpu();
        return target.pieces->take(rows.sizes(), rows.scalar_type()).copy_(rows, /*non_blocking=*/true);
    };
    content.keys = joined(keys);
    content.values = joined(values);
    return content;
}

LayerArena::Content LayerArena::content(std::int64_t withoutNewest, const CopyTarget& target) const {
    std::vector<EntryRange> ranges;
    for (const std::int64_t length : length_)
        ranges.push_back({.first = 0, .count = length - withoutNewest});
    Content content = copyOf(ranges, target);
    if (std::ranges::none_of(scores_, [](const auto& head) { return !head.empty(); })) return content;
    content.scores = scores_;
    for (std::size_t head = 0; head < scores_.size(); ++head) {
        const std::size_t held = content.positions[head].size();
        if (content.scores[head].size() > held) content.scores[head].resize(held);
    }
    return content;
}

LayerArena::Content LayerArena::newest(std::int64_t rows) const {
    std::vector<EntryRange> ranges;
    for (const std::int64_t length : length_)
        ranges.push_back({.first = length - rows, .count = rows});
    return copyOf(ranges);
}

Result<void> LayerArena::restore(const Content& content) {
    std::vector<std::int64_t> lengths;
    for (const auto& head : content.positions)
        lengths.push_back(static_cast<std::int64_t>(head.size()));
    const std::int64_t total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
    if (total > totalRows()) {
        return Error{ErrorCode::kOutOfMemory,
                     "kv cache: " + std::to_string(total) + " entries to restore, room for " +
                         std::to_string(totalRows())};
    }
    layOut(lengths);
    std::int64_t row = 0;
    for (std::size_t head = 0; head < lengths.size(); ++head) {
        const auto fill = [&](const at::Tensor& rows, const at::Tensor& from) {
            rows.narrow(0, start_[head], lengths[head])
                .copy_(from.narrow(0, row, lengths[head]), /*non_blocking=*/true);
        };
        fill(keys_, content.keys);
        fill(values_, content.values);
        row += lengths[head];
    }
    positions_ = content.positions;
    origins_ = content.origins;
    scores_ = content.scores;
    scores_.resize(lengths.size());
    return {};
}

Result<void> LayerArena::append(const Content& rows) {
    const std::size_t count = rows.positions.empty() ? 0 : rows.positions.front().size();
    const bool isEven = std::all_of(
        rows.positions.begin(), rows.positions.end(), [&](const auto& head) { return head.size() == count; });
    if (!isEven || rows.positions.size() != length_.size())
        return Error{ErrorCode::kInvalidArgument, "kv cache: rows to append differ from head to head"};
    const auto added = static_cast<std::int64_t>(count);
    if (added > room()) {
        return Error{
            ErrorCode::kOutOfMemory,
            "kv cache: " + std::to_string(added) + " rows to append, room for " + std::to_string(room())};
    }
    for (std::size_t head = 0; head < length_.size(); ++head) {
        const std::int64_t row = start_[head] + length_[head];
        const std::int64_t source = static_cast<std::int64_t>(head) * added;
        keys_.narrow(0, row, added).copy_(rows.keys.narrow(0, source, added));
        values_.narrow(0, row, added).copy_(rows.values.narrow(0, source, added));
        positions_[head].insert(
            positions_[head].end(), rows.positions[head].begin(), rows.positions[head].end());
        origins_[head].insert(origins_[head].end(), rows.origins[head].begin(), rows.origins[head].end());
        length_[head] += added;
    }
    return {};
}

}  // namespace epi
