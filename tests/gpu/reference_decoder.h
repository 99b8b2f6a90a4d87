#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"

#include "cuda/decode/synthetic_model.h"

namespace epi::cuda {

/// A matrix on the host, decoded by the project's own GGUF code.
struct HostMatrix {
    WeightFormat format = WeightFormat::kBf16;
    int rows = 0;
    int columns = 0;
    std::vector<float> values;

    /// Products with x as the kernels see it: rounded to bf16, or to 8 bits per 32 columns.
    [[nodiscard]] std::vector<double> times(const std::vector<double>& x) const;
};
Result<HostMatrix> toHost(const SyntheticModel::Matrix& matrix);
Result<std::vector<float>> toHost(const float* data, int count);

double roundToBf16(double value);
std::vector<double> rmsNorm(const std::vector<double>& x, const std::vector<float>& weight, double epsilon);

/// One step of a decoder on the CPU in double precision, with the roundings that the kernels' storage has.
/// The oracle of everything in cuda/kernels; slow.
class ReferenceDecoder {
public:
    /// `disturbance` is a relative error that is put on the embedding: how far two such decoders come apart
    /// is how far rounding alone may lead.
    static Result<ReferenceDecoder> create(const SyntheticModel& model,
                                           const SyntheticCache& cache,
                                           double disturbance = 0.0);

    /// Logits of `token` read at the next position, whose entry is appended.
    std::vector<double> step(std::int32_t token);

private:
    struct Norm {
        std::vector<float> weight;  // empty: none
        double epsilon = 0.0;
    };
    struct Layer {
        Norm attentionNorm, queryNorm, keyNorm, attentionBranchNorm, feedForwardNorm, feedForwardBranchNorm;
        HostMatrix query, key, value, output, gate, up, down;
        std::vector<float> bias;
        DecodeLayer spec;
        // [head][entry][headDim]
        std::vector<std::vector<std::vector<double>>> keys, values;
        std::vector<std::vector<std::int32_t>> positions;
    };

    std::vector<double> attention(Layer& layer, const std::vector<double>& input) const;
    void rotate(std::vector<double>& head, const DecodeLayer& spec) const;

    std::vector<Layer> layers_;
    Norm outputNorm_;
    HostMatrix output_;
    std::vector<float> frequencies_;
    std::vector<std::uint16_t> embedding_;
    int dimension_ = 0;
    double disturbance_ = 0.0;
    std::int32_t position_ = 0;
};

}  // namespace epi::cuda
