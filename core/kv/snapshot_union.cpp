#include "core/kv/snapshot_union.h"

#include <algorithm>

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>

namespace epi {
namespace {

/// Which rows of [first; second] make up one head, ascending by position.
struct HeadUnion {
    std::vector<std::int64_t> rows;
    std::vector<std::int32_t> origins;
};

HeadUnion uniteHead(std::span<const std::int32_t> first,
                    std::int64_t firstRow,
                    std::span<const std::int32_t> second,
                    std::int64_t secondRow) {
    HeadUnion united;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < first.size() || j < second.size()) {
        const bool takesFirst = j == second.size() || (i < first.size() && first[i] <= second[j]);
        united.origins.push_back(takesFirst ? first[i] : second[j]);
        united.rows.push_back(takesFirst ? firstRow + static_cast<std::int64_t>(i)
                                         : secondRow + static_cast<std::int64_t>(j));
        const bool isInBoth = i < first.size() && j < second.size() && first[i] == second[j];
        if (takesFirst) ++i;
        if (!takesFirst || isInBoth) ++j;
    }
    return united;
}

}  // namespace

KvSnapshot unite(const KvSnapshot& first, const KvSnapshot& second) {
    KvSnapshot united{.layers = {}, .nextPosition = first.nextPosition, .shift = first.shift};
    for (std::size_t layer = 0; layer < first.layers.size(); ++layer) {
        const LayerArena::Content& a = first.layers[layer];
        const LayerArena::Content& b = second.layers[layer];
        LayerArena::Content& content = united.layers.emplace_back();
        std::vector<std::int64_t> rows;
        std::int64_t firstRow = 0;
        std::int64_t secondRow = a.keys.size(0);
        for (std::size_t head = 0; head < a.positions.size(); ++head) {
            HeadUnion one = uniteHead(a.origins[head], firstRow, b.origins[head], secondRow);
            std::vector<std::int32_t>& positions = content.positions.emplace_back();
            for (const std::int64_t row : one.rows) {
                positions.push_back(row < a.keys.size(0)
                                        ? a.positions[head][static_cast<std::size_t>(row - firstRow)]
                                        : b.positions[head][static_cast<std::size_t>(row - secondRow)]);
            }
            rows.insert(rows.end(), one.rows.begin(), one.rows.end());
            content.origins.push_back(std::move(one.origins));
            firstRow += static_cast<std::int64_t>(a.positions[head].size());
            secondRow += static_cast<std::int64_t>(b.positions[head].size());
        }
        const at::Tensor index =
            at::from_blob(rows.data(), {static_cast<std::int64_t>(rows.size())}, at::kLong);
        content.keys = at::cat({a.keys, b.keys}).index_select(0, index);
        content.values = at::cat({a.values, b.values}).index_select(0, index);
    }
    return united;
}

}  // namespace epi
