#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/TensorBody.h>

#include "core/model/weights.h"
#include "core/tensor/cpu/kernels.h"
#include "core/tensor/cpu/thread_pool.h"
#include "core/tensor/placement.h"

namespace epi {

/// A weight's blocks as the CPU kernels take them. Requires: it has blocks, on the CPU.
cpu::BlockMatrix blockMatrix(const Weight& weight);

/// Products with weights in whatever form they are held. Few rows are multiplied with the blocks themselves
/// and activations in int8; for many, panels of the matrix are decoded into a scratch of bounded size, which
/// takes less time than the rows save, and quantised ones are multiplied in bfloat16 where the CPU does that
/// faster. One thread.
class Linear {
public:
    explicit Linear(const Placement& placement);
    ~Linear();

    /// x W^T: x [rows, columns], the result [rows, weight.rows], both in the placement's type.
    [[nodiscard]] at::Tensor apply(const at::Tensor& x, const Weight& weight) const;
    /// Rows of the weight: ids [n], int64, the result [n, columns] in the placement's type.
    [[nodiscard]] at::Tensor embed(const at::Tensor& ids, const Weight& weight) const;

    /// Requires: a placement that keeps blocks on the CPU.
    [[nodiscard]] cpu::ThreadPool& pool() const { return *pool_; }

private:
    [[nodiscard]] at::Tensor applyToFew(const at::Tensor& x, const Weight& weight) const;
    [[nodiscard]] at::Tensor applyByPanels(const at::Tensor& x, const Weight& weight) const;

    std::unique_ptr<cpu::ThreadPool> pool_;
    mutable at::Tensor panel_;  // kept, since fresh memory for each product costs as much as decoding
};

}  // namespace epi
