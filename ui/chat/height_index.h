#pragma once

#include <cstdint>
#include <vector>

namespace epi {

/// Heights of many rows with their running sums (a Fenwick tree): changing a height, the top of a row and the
/// row at a position cost O(log n). Pixels.
class HeightIndex {
public:
    void assign(const std::vector<int>& heights);
    void append(int height);
    /// Puts other rows in the place of `removed` ones from `first` on. O(n).
    void replace(int first, int removed, const std::vector<int>& added);
    void set(int row, int height);

    [[nodiscard]] int count() const { return static_cast<int>(heights_.size()); }
    [[nodiscard]] int height(int row) const { return heights_[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int total() const { return top(count()); }
    /// Sum of the heights of all rows before `row`.
    [[nodiscard]] int top(int row) const;
    /// The row that covers `position`, clamped to the first and last; -1 without rows.
    [[nodiscard]] int rowAt(int position) const;

private:
    std::vector<int> heights_;
    std::vector<int> sums_;  // Fenwick tree, 1-based
};

}  // namespace epi
