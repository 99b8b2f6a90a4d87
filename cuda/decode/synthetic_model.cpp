#include "cuda/decode/synthetic_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace epi::cuda {
namespace {

constexpr std::array kShapes{
    ModelShape{.name = "llama-8b",
               .dimension = 4096,
               .layers = 32,
               .heads = 32,
               .kvHeads = 8,
               .headDim = 128,
               .feedForward = 14336,
               .vocabulary = 128256},
    ModelShape{.name = "qwen-7b",
               .dimension = 3584,
               .layers = 28,
               .heads = 28,
               .kvHeads = 4,
               .headDim = 128,
               .feedForward = 18944,
               .vocabulary = 152064,
               .hasBias = true},
    ModelShape{.name = "llama-1b",
               .dimension = 2048,
               .layers = 16,
               .heads = 32,
               .kvHeads = 8,
               .headDim = 64,
               .feedForward = 8192,
               .vocabulary = 128256},
    ModelShape{.name = "smollm2-135m",
               .dimension = 576,
               .layers = 30,
               .heads = 9,
               .kvHeads = 3,
               .headDim = 64,
               .feedForward = 1536,
               .vocabulary = 49152},
    ModelShape{.name = "tiny",
               .dimension = 256,
               .layers = 2,
               .heads = 4,
               .kvHeads = 2,
               .headDim = 64,
               .feedForward = 512,
               .vocabulary = 1024},
};

struct FormatName {
    WeightFormat format;
    std::string_view name;
};
constexpr std::array kFormatNames{FormatName{WeightFormat::kBf16, "bf16"},
                                  FormatName{WeightFormat::kQ8_0, "q8_0"},
                                  FormatName{WeightFormat::kQ4_0, "q4_0"},
                                  FormatName{WeightFormat::kQ4_1, "q4_1"},
                                  FormatName{WeightFormat::kQ5_0, "q5_0"},
                                  FormatName{WeightFormat::kQ4_K, "q4_K"},
                                  FormatName{WeightFormat::kQ5_K, "q5_K"},
                                  FormatName{WeightFormat::kQ6_K, "q6_K"}};

constexpr double kRotaryBase = 500000.0;

Result<DeviceBuffer> randomBf16(std::int64_t values, float scale, std::uint64_t seed, cudaStream_t stream) {
    EPI_TRY_ASSIGN(DeviceBuffer buffer, DeviceBuffer::allocate(static_cast<std::size_t>(values) * 2));
    const RandomBlocksArgs args{.blocks = buffer.as<std::byte>(),
                                .format = WeightFormat::kBf16,
                                .count = values,
                                .scale = scale,
                                .seed = seed};
    EPI_CUDA_TRY("random values", randomBlocks(args, stream));
    return buffer;
}

}  // namespace

const ModelShape* findShape(std::string_view name) {
    const auto found = std::ranges::find(kShapes, name, &ModelShape::name);
    return found == kShapes.end() ? nullptr : &*found;
}

std::vector<std::string_view> shapeNames() {
    std::vector<std::string_view> names;
    for (const ModelShape& shape : kShapes)
        names.push_back(shape.name);
    return names;
}

bool weightFormatFromName(std::string_view name, WeightFormat& format) {
    const auto found = std::ranges::find(kFormatNames, name, &FormatName::name);
    if (found == kFormatNames.end()) return false;
    format = found->format;
    return true;
}

std::string_view name(WeightFormat format) {
    return std::ranges::find(kFormatNames, format, &FormatName::format)->name;
}

Result<WeightRows> SyntheticModel::matrix(
    int rows, int columns, float scale, WeightFormat wanted, QuadShare share) {
    const WeightFormat format = canHold(wanted, columns) ? wanted : WeightFormat::kBf16;
    const std::int64_t values = std::int64_t{rows} * columns;
    WeightRows result{.data = nullptr, .format = format, .rows = rows, .columns = columns};
    if (format == WeightFormat::kBf16) {
        EPI_TRY_ASSIGN(DeviceBuffer buffer, randomBf16(values, scale, seed_++, stream_));
        result.data = buffer.as<std::byte>();
        matrices_.push_back({.rows = result, .blocks = buffer.as<std::byte>()});
        buffers_.push_back(std::move(buffer));
        return result;
    }
    const std::int64_t count = values / ggufBlockColumns(format);
    const auto blockBytes = static_cast<std::size_t>(count * ggufBlockBytes(format));
    if (keepsBlocks_ || staging_.bytes() < blockBytes) {
        EPI_CUDA_TRY("random weights", cudaStreamSynchronize(stream_));
        if (keepsBlocks_ && staging_.bytes() > 0) buffers_.push_back(std::move(staging_));
        EPI_TRY_ASSIGN(staging_, DeviceBuffer::allocate(blockBytes));
    }
    // The second of two that share their quads goes into the buffer of the first, the last one made.
    if (share != QuadShare::kSecond) {
        const std::int64_t all = share == QuadShare::kWhole ? rows : std::int64_t{rows} * 2;
        EPI_TRY_ASSIGN(DeviceBuffer tiles,
                       DeviceBuffer::allocate(static_cast<std::size_t>(matrixBytes(format, all, columns))));
        EPI_CUDA_TRY("random weights", cudaMemsetAsync(tiles.as<void>(), 0, tiles.bytes(), stream_));
        tiles_ = tiles.as<std::byte>();
        buffers_.push_back(std::move(tiles));
    }
    EPI_CUDA_TRY("random weights",
                 randomBlocks({.blocks = staging_.as<std::byte>(),
                               .format = format,
                               .count = count,
                               .scale = scale,
                               .seed = seed_++},
                              stream_));
    EPI_CUDA_TRY("random weights",
                 repack({.blocks = staging_.as<std::byte>(),
                         .tiles = tiles_,
                         .format = format,
                         .rows = rows,
                         .columns = columns,
                         .share = share},
                        stream_));
    result.data = tiles_;
    matrices_.push_back({.rows = result, .blocks = keepsBlocks_ ? staging_.as<std::byte>() : nullptr});
    return result;
}

Result<const float*> SyntheticModel::vector(int size, float around, float spread) {
    std::vector<float> values(static_cast<std::size_t>(size));
    for (float& value : values) {
        seed_ = seed_ * 6364136223846793005ULL + 1442695040888963407ULL;
        value = around + spread * (static_cast<float>(seed_ >> 40) * 0x1p-23F - 1.0F);
    }
    EPI_TRY_ASSIGN(DeviceBuffer buffer, DeviceBuffer::allocate(values.size() * sizeof(float)));
    EPI_CUDA_TRY(
        "random vector",
        cudaMemcpy(buffer.as<void>(), values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice));
    const float* const data = buffer.as<float>();
    buffers_.push_back(std::move(buffer));
    return data;
}

Result<void> SyntheticModel::addLayer(int index) {
    DecodeLayer layer;
    const int queryRows = shape_.heads * shape_.headDim;
    const int keyRows = shape_.kvHeads * shape_.headDim;
    const float scale = 1.0F / std::sqrt(static_cast<float>(shape_.dimension));
    WeightFormat valueFormat = format_;
    if (shape_.mixesFormats) valueFormat = index % 2 == 0 ? WeightFormat::kQ6_K : WeightFormat::kBf16;
    const auto norm = [&](NormWeights& target, int size) -> Result<void> {
        target.epsilon = 1e-5F;
        EPI_TRY_ASSIGN(target.weight, vector(size, 1.0F, 0.2F));
        return {};
    };
    EPI_TRY(norm(layer.attentionNorm, shape_.dimension));
    EPI_TRY(norm(layer.feedForwardNorm, shape_.dimension));
    EPI_TRY_ASSIGN(layer.query, matrix(queryRows, shape_.dimension, scale, format_));
    EPI_TRY_ASSIGN(layer.key, matrix(keyRows, shape_.dimension, scale, format_));
    EPI_TRY_ASSIGN(layer.value, matrix(keyRows, shape_.dimension, scale, valueFormat));
    EPI_TRY_ASSIGN(layer.output, matrix(shape_.dimension, queryRows, scale, format_));
    EPI_TRY_ASSIGN(layer.gate,
                   matrix(shape_.feedForward, shape_.dimension, scale, format_, QuadShare::kFirst));
    EPI_TRY_ASSIGN(layer.up,
                   matrix(shape_.feedForward, shape_.dimension, scale, format_, QuadShare::kSecond));
    EPI_TRY_ASSIGN(layer.down, matrix(shape_.dimension, shape_.feedForward, scale / 2.0F, format_));
    if (shape_.hasBias) {
        EPI_TRY_ASSIGN(layer.bias, vector(queryRows + 2 * keyRows, 0.0F, 0.5F));
    }
    if (shape_.hasHeadNorms) {
        EPI_TRY(norm(layer.queryNorm, shape_.headDim));
        EPI_TRY(norm(layer.keyNorm, shape_.headDim));
    }
    if (shape_.hasBranchNorms) {
        EPI_TRY(norm(layer.attentionBranchNorm, shape_.dimension));
        EPI_TRY(norm(layer.feedForwardBranchNorm, shape_.dimension));
        layer.activation = GateActivation::kGeluTanh;
    }
    layer.heads = shape_.heads;
    layer.kvHeads = shape_.kvHeads;
    layer.headDim = shape_.headDim;
    layer.scale = 1.0F / std::sqrt(static_cast<float>(shape_.headDim));
    layer.rotaryDimensions = shape_.headDim;
    layer.rotatesNeighbours = !shape_.hasBias && !shape_.hasHeadNorms;
    layer.window = index % 2 == 0 ? shape_.window : 0;
    model_.layers.push_back(layer);
    return {};
}

Result<SyntheticModel> SyntheticModel::create(const ModelShape& shape,
                                              WeightFormat format,
                                              bool keepsBlocks,
                                              cudaStream_t stream) {
    SyntheticModel made;
    made.shape_ = shape;
    made.format_ = format;
    made.keepsBlocks_ = keepsBlocks;
    made.stream_ = stream;
    DecodeModel& model = made.model_;
    model.vocabulary = shape.vocabulary;
    model.dimension = shape.dimension;
    EPI_TRY_ASSIGN(DeviceBuffer embedding,
                   randomBf16(std::int64_t{shape.vocabulary} * shape.dimension, 0.5F, made.seed_++, stream));
    model.embedding = embedding.as<std::uint16_t>();
    made.buffers_.push_back(std::move(embedding));
    for (int layer = 0; layer < shape.layers; ++layer)
        EPI_TRY(made.addLayer(layer));
    EPI_TRY_ASSIGN(model.output,
                   made.matrix(shape.vocabulary,
                               shape.dimension,
                               1.0F / std::sqrt(static_cast<float>(shape.dimension)),
                               format));
    model.outputNorm.epsilon = 1e-5F;
    EPI_TRY_ASSIGN(model.outputNorm.weight, made.vector(shape.dimension, 1.0F, 0.2F));

    std::vector<float> frequencies;
    for (int i = 0; i < shape.headDim; i += 2)
        frequencies.push_back(
            static_cast<float>(std::pow(kRotaryBase, -static_cast<double>(i) / shape.headDim)));
    EPI_TRY_ASSIGN(DeviceBuffer buffer, DeviceBuffer::allocate(frequencies.size() * sizeof(float)));
    EPI_CUDA_TRY("rotary frequencies",
                 cudaMemcpy(buffer.as<void>(), frequencies.data(), buffer.bytes(), cudaMemcpyHostToDevice));
    model.rotaries.push_back({.frequencies = buffer.as<float>(), .half = shape.headDim / 2});
    made.buffers_.push_back(std::move(buffer));
    EPI_CUDA_TRY("random weights", cudaStreamSynchronize(stream));
    if (!keepsBlocks) made.staging_ = DeviceBuffer();
    return made;
}

Result<SyntheticCache> SyntheticCache::create(const ModelShape& shape,
                                              std::vector<std::int64_t> lengths,
                                              std::int64_t room,
                                              cudaStream_t stream) {
    SyntheticCache cache;
    cache.headDim_ = shape.headDim;
    std::vector<std::int64_t> starts;
    std::int64_t rows = 0;
    for (const std::int64_t length : lengths) {
        starts.push_back(rows);
        rows += length + room;
    }
    // Every third position was evicted.
    const std::int64_t longest = *std::ranges::max_element(lengths);
    cache.nextPosition_ = longest + longest / 2 + 1;
    for (const std::int64_t length : lengths) {
        std::vector<std::int32_t> positions;
        for (std::int64_t i = 0; i < length; ++i)
            positions.push_back(
                static_cast<std::int32_t>(cache.nextPosition_ - 1 - (length - 1 - i) * 3 / 2));
        cache.positions_.push_back(std::move(positions));
    }
    for (int layer = 0; layer < shape.layers; ++layer) {
        const auto seed = 1000 + static_cast<std::uint64_t>(layer) * 2;
        EPI_TRY_ASSIGN(DeviceBuffer keys, randomBf16(rows * shape.headDim, 0.5F, seed, stream));
        EPI_TRY_ASSIGN(DeviceBuffer values, randomBf16(rows * shape.headDim, 0.5F, seed + 1, stream));
        CacheLayer entries{.keys = keys.as<std::uint16_t>(),
                           .values = values.as<std::uint16_t>(),
                           .starts = starts,
                           .lengths = lengths};
        for (const auto& positions : cache.positions_)
            entries.positions.push_back(positions.data());
        cache.layers_.push_back(std::move(entries));
        cache.buffers_.push_back(std::move(keys));
        cache.buffers_.push_back(std::move(values));
    }
    EPI_CUDA_TRY("random cache", cudaStreamSynchronize(stream));
    return cache;
}

std::int64_t SyntheticCache::bytesPerToken() const {
    std::int64_t rows = 0;
    for (const CacheLayer& layer : layers_)
        rows += std::accumulate(layer.lengths.begin(), layer.lengths.end(), std::int64_t{0});
    return rows * headDim_ * 4;
}

}  // namespace epi::cuda
