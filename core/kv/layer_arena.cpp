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
        const auto held = static_cast<std::size_t>(layout_.length[head]);
        layout_.length[head] += rows;
        const auto append = [&](std::vector<std::int32_t>& values, std::int64_t first) {
            values.resize(held + static_cast<std::size_t>(rows));
            std::iota(values.begin() + static_cast<std::ptrdiff_t>(held),
                      values.end(),
                      static_cast<std::int32_t>(first));
        };
        append(positions_[head], firstPosition);
        append(origins_[head], firstPosition + shift_);
    }
    return {};
}

Result<void> LayerArena::append(const at::Tensor& keys,
                                const at::Tensor& values,
                                std::int64_t firstPosition) {
    EPI_TRY(extend(keys.size(1), firstPosition));
    EPI_TRY(moveIn());
    writeNewest(keys, values);
    return {};
}

void LayerArena::writeNewest(const at::Tensor& keys, const at::Tensor& values) {
    const std::int64_t rows = keys.size(1);
    for (const HeadRun& run : runs()) {
        const auto write = [&](const at::Tensor& entries, const at::Tensor& from) {
            entries.narrow(1, run.length - rows, rows).copy_(from.narrow(0, run.firstHead, run.count));
        };
        write(run.keys, keys);
        write(run.values, values);
    }
}

bool LayerArena::movesRows(const CompactionPlan& plan, const Layout& layout) const {
    for (std::size_t head = 0; head < plan.keep.size(); ++head) {
        const std::vector<std::int32_t>& keep = plan.keep[head];
        if (keep.empty()) continue;
        const bool dropsBeforeLast = std::cmp_greater_equal(keep.back(), keep.size());
        if (dropsBeforeLast || layout.start[head] != layout_.start[head]) return true;
    }
    return false;
}

void LayerArena::keepOnly(std::span<const std::int32_t> keep, std::size_t head, std::int32_t* rows) {
    // Ascending, so that every entry moves to the front or stays. In one pass, since this is the host's share
    // of a cut.
    const auto start = static_cast<std::int32_t>(layout_.start[head]);
    std::int32_t* const positions = positions_[head].data();
    std::int32_t* const origins = origins_[head].data();
    for (std::size_t i = 0; i < keep.size(); ++i) {
        const std::int32_t entry = keep[i];
        rows[i] = start + entry;
        positions[i] = positions[entry];
        origins[i] = origins[entry];
    }
    positions_[head].resize(keep.size());
    origins_[head].resize(keep.size());
    std::vector<float>& scores = scores_[head];
    std::size_t scored = 0;
    for (; scored < keep.size(); ++scored) {
        const auto entry = static_cast<std::size_t>(keep[scored]);
        if (entry >= scores.size()) break;  // the last entries may have no score yet
        scores[scored] = scores[entry];
    }
    scores.resize(scored);
}

void LayerArena::apply(const CompactionPlan& plan) {
    std::vector<std::int64_t> lengths;
    for (const std::vector<std::int32_t>& keep : plan.keep)
        lengths.push_back(static_cast<std::int64_t>(keep.size()));
    const std::int64_t total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
    const bool goesHome = isInArea() && total <= totalRows();
    const bool staysInArea = isInArea() && !goesHome;
    Layout layout = spread(lengths, staysInArea ? spare_.rowsPerHead : shape_.rowsPerHead);
    const bool moves = goesHome || movesRows(plan, layout);
    const at::Tensor rows = tableFor<std::int32_t>(own_.keys.device(), total);
    std::int32_t* next = rows.mutable_data_ptr<std::int32_t>();
    for (std::size_t head = 0; head < plan.keep.size(); ++head) {
        keepOnly(plan.keep[head], head, next);
        next += lengths[head];
    }
    if (moves) moveRows(rows, goesHome ? own_ : rows_, layout);
    if (goesHome) {
        leaveArea(std::move(layout));
        return;
    }
    // What the arena's own rows hold is no longer the beginning of what is in the area.
    if (staysInArea) ownLayout_->length.assign(lengths.size(), kNothing);
    layout_ = std::move(layout);
}

void LayerArena::moveRows(const at::Tensor& rows, const EntryRows& target, const Layout& layout) const {
    if (moveOnDevice(rows, target, layout)) return;
    const at::Tensor source = upload(rows, target.keys.device());
    const bool isElsewhere = !target.keys.is_same(rows_.keys);
    const auto move = [&](const at::Tensor& from, const at::Tensor& to) {
        const at::Tensor kept = isElsewhere ? at::Tensor() : from.index_select(0, source);
        std::int64_t first = 0;
        for (std::size_t head = 0; head < layout.length.size(); ++head) {
            const std::int64_t length = layout.length[head];
            at::Tensor own = to.narrow(0, layout.start[head], length);
            if (isElsewhere) {
                at::index_select_out(own, from, 0, source.narrow(0, first, length));
            } else {
                own.copy_(kept.narrow(0, first, length));
            }
            first += length;
        }
    };
    move(rows_.keys, target.keys);
    move(rows_.values, target.values);
}

bool LayerArena::moveOnDevice(const at::Tensor& rows, const EntryRows& target, const Layout& layout) const {
    const auto& [keys, values] = rows_;
    if (!keys.is_cuda()) return false;
    const std::int64_t count = rows.size(0);
    const at::Tensor sourceRows = upload(rows, keys.device());
    const at::Tensor targetRows = rowsOf(layout, count);
    const auto rowBytes = static_cast<std::int64_t>(keys.element_size()) * shape_.headDim;
    const DeviceRows source{keys.data_ptr(), values.data_ptr(), sourceRows.const_data_ptr<std::int32_t>()};
    const DeviceRows after{target.keys.data_ptr(),
                           target.values.data_ptr(),
                           targetRows.defined() ? targetRows.const_data_ptr<std::int32_t>() : nullptr};
    if (!target.keys.is_same(keys)) return copyDeviceRows(source, after, count, rowBytes);
    const std::array<std::int64_t, 2> shape{count, shape_.headDim};
    const at::Tensor keptKeys = at::empty(shape, keys.options());
    const at::Tensor keptValues = at::empty(shape, values.options());
    const DeviceRows kept{keptKeys.data_ptr(), keptValues.data_ptr(), nullptr};
    return copyDeviceRows(source, kept, count, rowBytes) && copyDeviceRows(kept, after, count, rowBytes);
}

at::Tensor LayerArena::rowsOf(const Layout& layout, std::int64_t count) const {
    // Without slack heads lie one behind the other, and every row has its own number.
    if (layout.start.back() + layout.length.back() == count) return {};
    const at::Tensor rows = tableFor<std::int32_t>(own_.keys.device(), count);
    std::int32_t* next = rows.mutable_data_ptr<std::int32_t>();
    for (std::size_t head = 0; head < layout.length.size(); ++head) {
        std::iota(next, next + layout.length[head], static_cast<std::int32_t>(layout.start[head]));
        next += layout.length[head];
    }
    return upload(rows, own_.keys.device());
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
    // Within a device all heads that lie alike in one launch, from elsewhere what is contiguous at a time.
    const bool isHere = content.keys.device() == rows_.keys.device();
    std::int64_t row = 0;
    for (const HeadRun& run : runs()) {
        const std::array<std::int64_t, 3> shape{run.count, run.length, shape_.headDim};
        const auto fill = [&](const at::Tensor& rows, const at::Tensor& all) {
            const at::Tensor from = all.narrow(0, row, run.count * run.length).view(shape);
            if (isHere) {
                rows.copy_(from);
                return;
            }
            for (std::int64_t head = 0; head < run.count; ++head)
                rows.select(0, head).copy_(from.select(0, head), /*non_blocking=*/true);
        };
        fill(run.keys, content.keys);
        fill(run.values, content.values);
        row += run.count * run.length;
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
        positions_[head].insert(
            positions_[head].end(), rows.positions[head].begin(), rows.positions[head].end());
        origins_[head].insert(origins_[head].end(), rows.origins[head].begin(), rows.origins[head].end());
        layout_.length[head] += added;
    }
    const std::array<std::int64_t, 3> shape{shape_.kvHeads, added, shape_.headDim};
    writeNewest(rows.keys.view(shape), rows.values.view(shape));
    return {};
}

}  // namespace epi
