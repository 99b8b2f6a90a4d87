#include "core/engine/benchmark/kept_entries.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace epi {

std::int64_t differingEntries(const KvSnapshot& a, const KvSnapshot& b) {
    std::int64_t count = 0;
    for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
        for (std::size_t head = 0; head < a.layers[layer].origins.size(); ++head) {
            const auto& one = a.layers[layer].origins[head];
            const auto& other = b.layers[layer].origins[head];
            std::vector<std::int32_t> missing;
            std::ranges::set_difference(one, other, std::back_inserter(missing));
            count += static_cast<std::int64_t>(missing.size());
        }
    }
    return count;
}

}  // namespace epi
