#include "cuda/decode/split_plan.h"

#include <algorithm>

namespace epi::cuda {

std::vector<AttentionItem> planSplits(std::span<const std::int64_t> lengths, int blocks) {
    std::vector<int> splits(lengths.size(), 1);
    // Each further block goes where a split is longest.
    for (int given = static_cast<int>(lengths.size()); given < blocks; ++given) {
        std::size_t longest = 0;
        for (std::size_t head = 1; head < lengths.size(); ++head) {
            if ((lengths[head] + 1) * splits[longest] > (lengths[longest] + 1) * splits[head]) longest = head;
        }
        ++splits[longest];
    }
    std::vector<AttentionItem> items;
    items.reserve(static_cast<std::size_t>(blocks));
    for (std::size_t head = 0; head < lengths.size(); ++head) {
        for (int split = 0; split < splits[head]; ++split) {
            items.push_back({.head = static_cast<std::int16_t>(head),
                             .split = static_cast<std::int16_t>(split),
                             .splits = static_cast<std::int16_t>(splits[head]),
                             .reserved = 0});
        }
    }
    return items;
}

}  // namespace epi::cuda
