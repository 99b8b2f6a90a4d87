#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cuda/decode/decode_model.h"
#include "cuda/decode/device_buffer.h"

namespace epi::cuda {

/// The sizes of a decoder. Everything is the llama family's but for what is named.
struct ModelShape {
    std::string_view name;
    int dimension = 0;
    int layers = 0;
    int heads = 0;
    int kvHeads = 0;
    int headDim = 0;
    int feedForward = 0;
    int vocabulary = 0;
    bool hasBias = false;         // of query, key and value
    bool hasHeadNorms = false;    // on query and key
    bool hasBranchNorms = false;  // on both branches
    int window = 0;               // of every second layer; 0: none
    bool mixesFormats = false;    // value rows in q6_K and bf16 by turns, as files mix them
};

/// Shapes that are benchmarked: llama-8b, qwen-7b, llama-1b, smollm2-135m, tiny. Null for another name.
const ModelShape* findShape(std::string_view name);
std::vector<std::string_view> shapeNames();

/// "bf16", "q8_0", "q4_0", ... ; false for another name.
bool weightFormatFromName(std::string_view name, WeightFormat& format);
std::string_view name(WeightFormat format);

/// A decoder with random weights, made on the device. Where a format cannot hold the columns of a matrix, the
/// matrix is bf16 (as GGUF files fall back to other types).
class SyntheticModel {
public:
    /// With `keepsBlocks` the GGUF blocks stay beside what was made of them, for a reference.
    static Result<SyntheticModel> create(const ModelShape& shape,
                                         WeightFormat format,
                                         bool keepsBlocks,
                                         cudaStream_t stream);

    [[nodiscard]] const DecodeModel& model() const { return model_; }
    [[nodiscard]] const ModelShape& shape() const { return shape_; }

    struct Matrix {
        WeightRows rows;
        const std::byte* blocks = nullptr;  // GGUF, on the device; null unless kept. kBf16: the values
    };
    /// In the order query, key, value, output, gate, up, down of each layer, then the output matrix.
    [[nodiscard]] const std::vector<Matrix>& matrices() const { return matrices_; }

private:
    Result<WeightRows> matrix(
        int rows, int columns, float scale, WeightFormat wanted, QuadShare share = QuadShare::kWhole);
    Result<const float*> vector(int size, float around, float spread);
    Result<void> addLayer(int index);

    ModelShape shape_;
    WeightFormat format_ = WeightFormat::kBf16;
    bool keepsBlocks_ = false;
    cudaStream_t stream_ = nullptr;
    std::uint64_t seed_ = 1;
    DecodeModel model_;
    std::vector<Matrix> matrices_;
    std::vector<DeviceBuffer> buffers_;
    DeviceBuffer staging_;
    std::byte* tiles_ = nullptr;  // of the matrix made last
};

/// A cache of random entries: head h of layer l has lengths[h] of them, with room for `room` more.
class SyntheticCache {
public:
    static Result<SyntheticCache> create(const ModelShape& shape,
                                         std::vector<std::int64_t> lengths,
                                         std::int64_t room,
                                         cudaStream_t stream);
    [[nodiscard]] const std::vector<CacheLayer>& layers() const { return layers_; }
    [[nodiscard]] std::int64_t nextPosition() const { return nextPosition_; }
    /// Bytes of keys and values that one token reads.
    [[nodiscard]] std::int64_t bytesPerToken() const;

private:
    std::vector<DeviceBuffer> buffers_;
    std::vector<CacheLayer> layers_;
    std::vector<std::vector<std::int32_t>> positions_;  // per head, the same in every layer
    std::int64_t nextPosition_ = 0;
    int headDim_ = 0;
};

}  // namespace epi::cuda
