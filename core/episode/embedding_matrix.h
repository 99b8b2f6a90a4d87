#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace epi {

/// Embedding vectors as the rows of one matrix, row-major.
struct EmbeddingMatrix {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::vector<float> values;  // [rows, columns]

    /// Requires: 0 <= index < rows.
    [[nodiscard]] std::span<const float> row(std::int64_t index) const {
        return std::span(values).subspan(static_cast<std::size_t>(index * columns),
                                         static_cast<std::size_t>(columns));
    }
    [[nodiscard]] std::span<float> row(std::int64_t index) {
        return std::span(values).subspan(static_cast<std::size_t>(index * columns),
                                         static_cast<std::size_t>(columns));
    }
};

/// Of two vectors of equal length, in double.
inline double squaredDistance(std::span<const float> a, std::span<const float> b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sum += difference * difference;
    }
    return sum;
}

}  // namespace epi
