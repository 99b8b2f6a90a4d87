#include "core/model/linear.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

#include "core/tensor/cpu/matrix_product.h"

namespace epi {
namespace {

// From here on decoding a matrix costs less than what fp32 products save.
constexpr std::int64_t kManyRows = 32;
constexpr std::int64_t kPanelFloats = 1 << 20;

void decodeRow(const Weight& weight, std::int64_t row, float* values) {
    const auto rowBytes = static_cast<std::size_t>(weight.blocks.size(1));
    const std::byte* blocks = static_cast<const std::byte*>(weight.blocks.const_data_ptr());
    dequantize(weight.type,
               {blocks + static_cast<std::size_t>(row) * rowBytes, rowBytes},
               {values, static_cast<std::size_t>(weight.columns)});
}

/// Whether the rounding to bfloat16 is small beside that of the format.
bool losesLittleAsBfloat16(TensorType type) {
    return type != TensorType::kF32 && type != TensorType::kF16;
}

}  // namespace

cpu::BlockMatrix blockMatrix(const Weight& weight) {
    return {.type = weight.type,
            .rows = weight.rows,
            .columns = weight.columns,
            .rowBytes = weight.blocks.size(1),
            .blocks = static_cast<const std::byte*>(weight.blocks.const_data_ptr())};
}

Linear::Linear(const Placement& placement) {
    if (!placement.keepsBlocks || !placement.device.is_cpu()) return;
    pool_ = std::make_unique<cpu::ThreadPool>(at::get_num_threads());
}

Linear::~Linear() = default;

at::Tensor Linear::apply(const at::Tensor& x, const Weight& weight) const {
    if (weight.values.defined()) return at::linear(x, weight.values);
    return x.size(0) < kManyRows ? applyToFew(x, weight) : applyByPanels(x, weight);
}

at::Tensor Linear::applyToFew(const at::Tensor& x, const Weight& weight) const {
    const cpu::Kernels& kernels = cpu::bestKernels();
    const at::Tensor input = x.contiguous();
    const auto columns = static_cast<std::size_t>(weight.columns);
    std::vector<cpu::Activations> activations(static_cast<std::size_t>(x.size(0)));
    std::vector<cpu::ActivationRow> rows;
    const float* values = input.const_data_ptr<float>();
    for (cpu::Activations& row : activations) {
        row.set(kernels, {values, columns}, cpu::takesQuantized(weight.type));
        rows.push_back(row.row());
        values += columns;
    }
    at::Tensor y = at::empty({x.size(0), weight.rows}, x.options());
    cpu::multiplyRows(
        *pool_, kernels, {.matrix = blockMatrix(weight), .y = y.mutable_data_ptr<float>()}, rows);
    return y;
}

at::Tensor Linear::applyByPanels(const at::Tensor& x, const Weight& weight) const {
    const std::int64_t rowsPerPanel = std::clamp<std::int64_t>(kPanelFloats / weight.columns, 1, weight.rows);
    const std::int64_t needed = rowsPerPanel * weight.columns;
    if (!panel_.defined() || panel_.numel() < needed)
        panel_ = at::empty({std::max(needed, kPanelFloats)}, x.options());
    const bool isRounded = losesLittleAsBfloat16(weight.type) && cpu::multipliesBfloat16();
    const at::Tensor input = isRounded ? x.to(at::kBFloat16) : x;
    at::Tensor y = at::empty({x.size(0), weight.rows}, x.options());
    for (std::int64_t first = 0; first < weight.rows; first += rowsPerPanel) {
        const std::int64_t count = std::min(rowsPerPanel, weight.rows - first);
        const at::Tensor panel = panel_.narrow(0, 0, count * weight.columns).view({count, weight.columns});
        float* values = panel.mutable_data_ptr<float>();
        at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row)
                decodeRow(weight, first + row, values + row * weight.columns);
        });
        at::Tensor part = y.narrow(1, first, count);
        if (isRounded) {
            part.copy_(at::linear(input, panel.to(at::kBFloat16)));
        } else {
            at::mm_out(part, input, panel.t());
        }
    }
    return y;
}

at::Tensor Linear::embed(const at::Tensor& ids, const Weight& weight) const {
    if (weight.values.defined()) return at::embedding(weight.values, ids);
    at::Tensor rows = at::empty({ids.size(0), weight.columns}, ids.options().dtype(at::kFloat));
    const std::int64_t* id = ids.const_data_ptr<std::int64_t>();
    for (std::int64_t row = 0; row < ids.size(0); ++row)
        decodeRow(weight, id[row], rows.mutable_data_ptr<float>() + row * weight.columns);
    return rows;
}

}  // namespace epi
