#include "core/kv/layer_arena.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

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
namespace {

constexpr std::int64_t kNothing = -1;  // a length that no head can go back to

}  // namespace

LayerArena::LayerArena(const Shape& shape, const Placement& placement)
    : LayerArena(shape, placement, Spare()) {}

LayerArena::LayerArena(const Shape& shape, const Placement& placement, Spare spare)
    : shape_(shape),
      spare_(std::move(spare)),
      positions_(static_cast<std::size_t>(shape.kvHeads)),
      origins_(static_cast<std::size_t>(shape.kvHeads)),
      scores_(static_cast<std::size_t>(shape.kvHeads)) {
    own_.keys = at::empty({totalRows(), shape.headDim}, placement.options(placement.cacheType));
    own_.values = at::empty_like(own_.keys);
    rows_ = own_;
    layout_ =
        spread(std::vector<std::int64_t>(static_cast<std::size_t>(shape.kvHeads), 0), shape.rowsPerHead);
}

std::int64_t LayerArena::totalLength() const {
    return std::accumulate(layout_.length.begin(), layout_.length.end(), std::int64_t{0});
}

std::int64_t LayerArena::longestHead() const {
    return *std::max_element(layout_.length.begin(), layout_.length.end());
}

std::int64_t LayerArena::roomHere() const {
    std::int64_t room = rows_.keys.size(0);
    for (std::size_t head = 0; head < layout_.length.size(); ++head)
        room = std::min(room, layout_.capacity[head] - layout_.length[head]);
    return room;
}

std::int64_t LayerArena::room() const {
    if (spare_.area == nullptr || isInArea()) return roomHere();
    const std::int64_t inArea = (shape_.kvHeads * spare_.rowsPerHead - totalLength()) / shape_.kvHeads;
    return std::max(roomHere(), inArea);
}

std::int64_t LayerArena::allocatedBytes() const {
    return static_cast<std::int64_t>(own_.keys.nbytes() + own_.values.nbytes());
}

void LayerArena::setScores(std::span<const float> scores) {
    auto next = scores.begin();
    for (std::size_t head = 0; head < layout_.length.size(); ++head) {
        scores_[head].assign(next, next + layout_.length[head]);
        next += layout_.length[head];
    }
}

LayerArena::Layout LayerArena::spread(std::span<const std::int64_t> lengths, std::int64_t rowsPerHead) const {
    const std::int64_t used = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
    const std::int64_t slack = (shape_.kvHeads * rowsPerHead - used) / shape_.kvHeads;
    Layout layout{.start = {}, .length = {lengths.begin(), lengths.end()}, .capacity = {}};
    std::int64_t row = 0;
    for (const std::int64_t length : lengths) {
        layout.start.push_back(row);
        layout.capacity.push_back(length + slack);
        row += length + slack;
    }
    return layout;
}

std::vector<HeadRun> LayerArena::runs() const {
    return runsOf(rows_, layout_);
}

HeadRun LayerArena::runOf(const EntryRows& rows, const Layout& layout, HeadRun run) const {
    const auto first = static_cast<std::size_t>(run.firstHead);
    const std::int64_t stride = run.count > 1 ? layout.start[first + 1] - layout.start[first] : 0;
    const std::array<std::int64_t, 3> sizes{run.count, run.length, shape_.headDim};
    const std::array<std::int64_t, 3> strides{stride * shape_.headDim, shape_.headDim, 1};
    const auto view = [&](const at::Tensor& all) {
        return all.as_strided(sizes, strides, all.storage_offset() + layout.start[first] * shape_.headDim);
    };
    run.keys = view(rows.keys);
    run.values = view(rows.values);
    return run;
}

std::vector<HeadRun> LayerArena::runsOf(const EntryRows& rows, const Layout& layout) const {
    const auto heads = static_cast<std::int64_t>(layout.length.size());
    std::vector<HeadRun> runs;
    for (std::int64_t first = 0; first < heads;) {
        const auto at = [&](std::int64_t head) {
            return static_cast<std::size_t>(head);
        };
        const std::int64_t stride =
            first + 1 < heads ? layout.start[at(first + 1)] - layout.start[at(first)] : 0;
        std::int64_t last = first + 1;
        while (last < heads && layout.length[at(last)] == layout.length[at(first)] &&
               layout.start[at(last)] - layout.start[at(last - 1)] == stride) {
            ++last;
        }
        runs.push_back(runOf(rows,
                             layout,
                             {.firstHead = first,
                              .count = last - first,
                              .length = layout.length[at(first)],
                              .keys = {},
                              .values = {}}));
        first = last;
    }
    return runs;
}

Result<void> LayerArena::makeRoom(std::int64_t rows) {
    if (rows > room()) {
        return Error{
            ErrorCode::kOutOfMemory,
            "kv cache: " + std::to_string(rows) + " rows to append, room for " + std::to_string(room())};
    }
    if (rows <= roomHere()) return {};
    ownLayout_ = std::move(layout_);
    layout_ = spread(ownLayout_->length, spare_.rowsPerHead);
    rows_ = spare_.area->view(shape_.kvHeads * spare_.rowsPerHead, shape_.headDim);
    hasMovedIn_ = false;
    return {};
}

Result<void> LayerArena::moveIn() {
    if (!isInArea() || hasMovedIn_) return {};
    if (!spare_.area->take())
        return Error{ErrorCode::kInternal, "kv cache: another layer is still in the working area"};
    hasMovedIn_ = true;
    // Heads of equal length lie at equal distances in the area, too.
    for (const HeadRun& from : runsOf(own_, *ownLayout_)) {
        const HeadRun to = runOf(rows_, layout_, from);
        to.keys.copy_(from.keys);
        to.values.copy_(from.values);
    }
    return {};
}

void LayerArena::leaveArea(Layout layout) {
    if (hasMovedIn_) spare_.area->release();
    hasMovedIn_ = false;
    ownLayout_.reset();
    rows_ = own_;
    layout_ = std::move(layout);
}

Result<void> LayerArena::extend(std::int64_t rows, std::int64_t firstPosition) {
    EPI_TRY(makeRoom(rows));
    for (std::size_t head = 0; head < layout_.length.size(); ++head) {
        layout_.length[head] += rows;
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
    EPI_TRY(moveIn());
    for (std::size_t head = 0; head < layout_.length.size(); ++head) {
        const std::int64_t row = layout_.start[head] + layout_.length[head] - rows;
        const auto h = static_cast<std::int64_t>(head);
        rows_.keys.narrow(0, row, rows).copy_(keys.select(0, h));
        rows_.values.narrow(0, row, rows).copy_(values.select(0, h));
    }
    return {};
}

void LayerArena::apply(const CompactionPlan& plan) {
    std::vector<std::int64_t> lengths;
    std::int64_t total = 0;
    for (const std::vector<std::int32_t>& keep : plan.keep) {
        lengths.push_back(static_cast<std::int64_t>(keep.size()));
        total += lengths.back();
    }
    // Where each row comes from, then where each goes to: one upload.
    std::vector<std::int64_t> rows(static_cast<std::size_t>(total * 2));
    const std::span sources = std::span(rows).first(static_cast<std::size_t>(total));
    const std::span targets = std::span(rows).subspan(static_cast<std::size_t>(total));
    std::size_t next = 0;
    for (std::size_t head = 0; head < plan.keep.size(); ++head) {
        const std::vector<std::int32_t>& keep = plan.keep[head];
        for (std::size_t i = 0; i < keep.size(); ++i)
            sources[next + i] = layout_.start[head] + keep[i];
        next += keep.size();
        // Ascending, so that every entry moves to the front or stays.
        const auto pick = [&](auto& values) {
            std::size_t kept = 0;
            for (const std::int32_t entry : keep) {
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
    const bool goesHome = isInArea() && total <= totalRows();
    const bool staysInArea = isInArea() && !goesHome;
    Layout layout = spread(lengths, staysInArea ? spare_.rowsPerHead : shape_.rowsPerHead);
    next = 0;
    for (std::size_t head = 0; head < lengths.size(); ++head) {
        const std::span own = targets.subspan(next, static_cast<std::size_t>(lengths[head]));
        std::iota(own.begin(), own.end(), layout.start[head]);
        next += own.size();
    }
    if (goesHome) {
        gatherOwn(rows, layout);
        leaveArea(std::move(layout));
        return;
    }
    // What the arena's own rows hold is no longer the beginning of what is in the area.
    if (staysInArea) ownLayout_->length.assign(lengths.size(), kNothing);
    layout_ = std::move(layout);
    if (!std::ranges::equal(sources, targets)) moveRows(rows);
}

void LayerArena::gatherOwn(std::span<const std::int64_t> rows, const Layout& layout) {
    const auto count = static_cast<std::int64_t>(rows.size()) / 2;
    const at::Tensor both = toDevice(rows, own_.keys.device());
    const at::Tensor source = both.narrow(0, 0, count);
    if (own_.keys.is_cuda()) {
        const at::Tensor target = both.narrow(0, count, count);
        const auto rowBytes = static_cast<std::int64_t>(own_.keys.element_size()) * shape_.headDim;
        const DeviceRows before{
            rows_.keys.data_ptr(), rows_.values.data_ptr(), source.const_data_ptr<std::int64_t>()};
        const DeviceRows after{
            own_.keys.data_ptr(), own_.values.data_ptr(), target.const_data_ptr<std::int64_t>()};
        if (copyDeviceRows(before, after, count, rowBytes)) return;
    }
    std::int64_t first = 0;
    for (std::size_t head = 0; head < layout.length.size(); ++head) {
        const std::int64_t length = layout.length[head];
        const at::Tensor kept = source.narrow(0, first, length);
        at::Tensor keys = own_.keys.narrow(0, layout.start[head], length);
        at::Tensor values = own_.values.narrow(0, layout.start[head], length);
        at::index_select_out(keys, rows_.keys, 0, kept);
        at::index_select_out(values, rows_.values, 0, kept);
        first += length;
    }
}

void LayerArena::moveRows(std::span<const std::int64_t> rows) {
    const auto count = static_cast<std::int64_t>(rows.size()) / 2;
    const auto& [keys, values] = rows_;
    const at::Tensor both = toDevice(rows, keys.device());
    const at::Tensor source = both.narrow(0, 0, count);
    const at::Tensor target = both.narrow(0, count, count);
    if (keys.is_cuda()) {
        const std::vector<std::int64_t> shape{count, shape_.headDim};
        const at::Tensor keptKeys = at::empty(shape, keys.options());
        const at::Tensor keptValues = at::empty(shape, values.options());
        const auto rowBytes = static_cast<std::int64_t>(keys.element_size()) * shape_.headDim;
        const DeviceRows before{keys.data_ptr(), values.data_ptr(), source.const_data_ptr<std::int64_t>()};
        const DeviceRows kept{keptKeys.data_ptr(), keptValues.data_ptr(), nullptr};
        const DeviceRows after{keys.data_ptr(), values.data_ptr(), target.const_data_ptr<std::int64_t>()};
        if (copyDeviceRows(before, kept, count, rowBytes) && copyDeviceRows(kept, after, count, rowBytes)) {
            return;
        }
    }
    const at::Tensor keptKeys = keys.index_select(0, source);
    const at::Tensor keptValues = values.index_select(0, source);
    keys.index_copy_(0, target, keptKeys);
    values.index_copy_(0, target, keptValues);
}

at::Tensor LayerArena::headKeys(std::int32_t head) const {
    return rows_.keys.narrow(0, layout_.start[index(head)], layout_.length[index(head)]);
}

void LayerArena::setPositions(std::int32_t head, std::vector<std::int32_t> positions) {
    positions_[index(head)] = std::move(positions);
}

void LayerArena::clear() {
    positions_.assign(positions_.size(), {});
    origins_.assign(origins_.size(), {});
    scores_.assign(scores_.size(), {});
    leaveArea(spread(std::vector<std::int64_t>(positions_.size(), 0), shape_.rowsPerHead));
}

void LayerArena::truncate(std::span<const std::int64_t> lengths) {
    // What was there before the entries passed over to the area is where it was.
    if (isInArea() && std::ranges::equal(lengths, ownLayout_->length, std::less_equal<>{}))
        leaveArea(*std::exchange(ownLayout_, std::nullopt));
    for (std::size_t head = 0; head < layout_.length.size(); ++head) {
        layout_.length[head] = lengths[head];
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
        keys.push_back(rows_.keys.narrow(0, layout_.start[head] + first, count));
        values.push_back(rows_.values.narrow(0, layout_.start[head] + first, count));
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
    for (const std::int64_t length : layout_.length)
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
    for (const std::int64_t length : layout_.length)
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
    leaveArea(spread(lengths, shape_.rowsPerHead));
    std::int64_t row = 0;
    for (std::size_t head = 0; head < lengths.size(); ++head) {
        const auto fill = [&](const at::Tensor& rows, const at::Tensor& from) {
            rows.narrow(0, layout_.start[head], lengths[head])
                .copy_(from.narrow(0, row, lengths[head]), /*non_blocking=*/true);
        };
        fill(rows_.keys, content.keys);
        fill(rows_.values, content.values);
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
    if (!isEven || rows.positions.size() != layout_.length.size())
        return Error{ErrorCode::kInvalidArgument, "kv cache: rows to append differ from head to head"};
    const auto added = static_cast<std::int64_t>(count);
    EPI_TRY(makeRoom(added));
    EPI_TRY(moveIn());
    for (std::size_t head = 0; head < layout_.length.size(); ++head) {
        const std::int64_t row = layout_.start[head] + layout_.length[head];
        const std::int64_t source = static_cast<std::int64_t>(head) * added;
        rows_.keys.narrow(0, row, added).copy_(rows.keys.narrow(0, source, added));
        rows_.values.narrow(0, row, added).copy_(rows.values.narrow(0, source, added));
        positions_[head].insert(
            positions_[head].end(), rows.positions[head].begin(), rows.positions[head].end());
        origins_[head].insert(origins_[head].end(), rows.origins[head].begin(), rows.origins[head].end());
        layout_.length[head] += added;
    }
    return {};
}

}  // namespace epi
