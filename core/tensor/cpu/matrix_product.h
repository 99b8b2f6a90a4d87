#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor/cpu/kernels.h"
#include "core/tensor/cpu/thread_pool.h"

namespace epi::cpu {

/// Owns a row of activations in both forms.
class Activations {
public:
    /// Takes `values`, which must outlive the use of `row`; `quantizes` says whether some matrix wants int8.
    void set(const Kernels& kernels, std::span<const float> values, bool quantizes);
    [[nodiscard]] const ActivationRow& row() const { return row_; }

private:
    ActivationRow row_;
    std::vector<std::int8_t> values_;
    std::vector<float> scales_;
    std::vector<float> sums_;
    std::vector<std::int16_t> halfSums_;
};

struct Product {
    BlockMatrix matrix;
    float* y = nullptr;  // [matrix.rows]
};

/// y = W x of several matrices with as many columns, in one parallel region; small ones on the caller alone.
void multiply(ThreadPool& pool,
              const Kernels& kernels,
              std::span<const Product> products,
              const ActivationRow& x);

/// The same for some rows of activations: y is [rows.size(), matrix.rows]. Each part of the matrix is read
/// from memory once.
void multiplyRows(ThreadPool& pool,
                  const Kernels& kernels,
                  const Product& product,
                  std::span<const ActivationRow> rows);

}  // namespace epi::cpu
