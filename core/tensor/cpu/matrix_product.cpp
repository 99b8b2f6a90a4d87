#include "core/tensor/cpu/matrix_product.h"

#include <algorithm>

namespace epi::cpu {
namespace {

// Below this starting threads costs more than it wins.
constexpr std::int64_t kSmallestRegionBytes = 64 << 10;
// Small enough to spread evenly and to stay in the first-level cache for a few rows of activations, large
// enough that claiming a part costs nothing beside it.
constexpr std::int64_t kSmallestPartBytes = 16 << 10;
constexpr std::int64_t kLargestPartBytes = 128 << 10;
constexpr std::int64_t kPartsPerThread = 8;
constexpr std::int64_t kRowsTogether = 4;  // the kernels take four rows at a time

std::int64_t bytesOf(const BlockMatrix& matrix) {
    return matrix.rows * matrix.rowBytes;
}

/// Calls body(product, rows) for parts of all products.
template <typename Body>
void inParts(ThreadPool& pool, std::span<const Product> products, std::int64_t largest, const Body& body) {
    std::int64_t bytes = 0;
    for (const Product& product : products)
        bytes += bytesOf(product.matrix);
    if (bytes < kSmallestRegionBytes || pool.threads() == 1) {
        for (const Product& product : products)
            body(product, RowRange{.first = 0, .count = product.matrix.rows});
        return;
    }
    const std::int64_t partBytes =
        std::clamp(bytes / (pool.threads() * kPartsPerThread), kSmallestPartBytes, largest);
    const auto rowsPerPart = [&](const Product& product) {
        const std::int64_t rows = partBytes / product.matrix.rowBytes / kRowsTogether * kRowsTogether;
        return std::max(rows, kRowsTogether);
    };
    std::int64_t parts = 0;
    for (const Product& product : products)
        parts += (product.matrix.rows + rowsPerPart(product) - 1) / rowsPerPart(product);
    pool.run(parts, [&](std::int64_t part) {
        for (const Product& product : products) {
            const std::int64_t rows = rowsPerPart(product);
            const std::int64_t own = (product.matrix.rows + rows - 1) / rows;
            if (part < own) {
                const std::int64_t first = part * rows;
                return body(product, {.first = first, .count = std::min(rows, product.matrix.rows - first)});
            }
            part -= own;
        }
    });
}

}  // namespace

void Activations::set(const Kernels& kernels, std::span<const float> values, bool quantizes) {
    row_.values = values.data();
    if (!quantizes) return;
    const std::size_t groups = values.size() / std::size_t{kGroup};
    if (values_.size() < groups * std::size_t{kGroup}) {
        values_.resize(groups * std::size_t{kGroup});
        scales_.resize(groups);
        sums_.resize(groups);
        halfSums_.resize(2 * groups);
    }
    row_.quantized = {.values = values_.data(),
                      .scales = scales_.data(),
                      .sums = sums_.data(),
                      .halfSums = halfSums_.data()};
    kernels.quantize(values.data(), static_cast<std::int64_t>(values.size()), row_.quantized);
}

void multiply(ThreadPool& pool,
              const Kernels& kernels,
              std::span<const Product> products,
              const ActivationRow& x) {
    inParts(pool, products, kLargestPartBytes, [&](const Product& product, const RowRange& rows) {
        kernels.multiply(product.matrix, x, rows, product.y + rows.first);
    });
}

void multiplyRows(ThreadPool& pool,
                  const Kernels& kernels,
                  const Product& product,
                  std::span<const ActivationRow> rows) {
    inParts(pool, {&product, 1}, kSmallestPartBytes, [&](const Product& part, const RowRange& range) {
        float* y = part.y + range.first;
        for (const ActivationRow& x : rows) {
            kernels.multiply(part.matrix, x, range, y);
            y += part.matrix.rows;
        }
    });
}

}  // namespace epi::cpu
