#include "ui/chat/height_index.h"

#include <algorithm>
#include <bit>

namespace epi {

void HeightIndex::assign(const std::vector<int>& heights) {
    heights_ = heights;
    sums_.assign(heights.size() + 1, 0);
    for (std::size_t i = 1; i <= heights.size(); ++i) {
        sums_[i] += heights[i - 1];
        const std::size_t parent = i + (i & (~i + 1));
        if (parent < sums_.size()) sums_[parent] += sums_[i];
    }
}

void HeightIndex::append(int height) {
    if (sums_.empty()) sums_.push_back(0);
    heights_.push_back(height);
    // A new node sums the rows since the node below it in the tree.
    const std::size_t index = heights_.size();
    const std::size_t below = index - (index & (~index + 1));
    sums_.push_back(top(static_cast<int>(index) - 1) - top(static_cast<int>(below)) + height);
}

void HeightIndex::replace(int first, int removed, const std::vector<int>& added) {
    std::vector<int> heights = std::move(heights_);
    const auto place = heights.erase(heights.begin() + first, heights.begin() + first + removed);
    heights.insert(place, added.begin(), added.end());
    assign(heights);
}

void HeightIndex::set(int row, int height) {
    const auto index = static_cast<std::size_t>(row);
    const int difference = height - heights_[index];
    if (difference == 0) return;
    heights_[index] = height;
    for (std::size_t i = index + 1; i < sums_.size(); i += i & (~i + 1))
        sums_[i] += difference;
}

int HeightIndex::top(int row) const {
    int sum = 0;
    for (auto i = static_cast<std::size_t>(row); i > 0; i -= i & (~i + 1))
        sum += sums_[i];
    return sum;
}

int HeightIndex::rowAt(int position) const {
    if (heights_.empty()) return -1;
    std::size_t row = 0;
    for (std::size_t step = std::bit_floor(heights_.size()); step > 0; step /= 2) {
        if (row + step <= heights_.size() && sums_[row + step] <= position) {
            row += step;
            position -= sums_[row];
        }
    }
    return static_cast<int>(std::min(row, heights_.size() - 1));
}

}  // namespace epi
