#include "core/format/model_facts.h"

#include <algorithm>
#include <climits>

#include "core/format/gguf.h"

namespace epi {
namespace {

// As the engine chooses them.
constexpr std::int64_t kLargestAutomaticBudget = 4096;
constexpr std::int64_t kCpuBlock = 1024;
constexpr std::int64_t kGpuBlock = 4096;
constexpr std::int64_t kPatchTokens = 1024;
constexpr std::int64_t kQueryChunk = 256;  // rows of attention scores that exist at once
constexpr std::int64_t kFloatBytes = 4;

std::string text(const GgufFile& file, std::string_view key) {
    const auto value = file.text(key);
    return value ? *value : std::string();
}

std::int32_t number(const GgufFile& file, const std::string& key) {
    const auto value = file.integer(key, 0, INT32_MAX);
    return value ? static_cast<std::int32_t>(*value) : 0;
}

void readShape(const GgufFile& file, ModelFacts& facts) {
    const std::string prefix = facts.architecture + ".";
    facts.trainedContext = number(file, prefix + "context_length");
    facts.layers = number(file, prefix + "block_count");
    facts.dimension = number(file, prefix + "embedding_length");
    facts.feedForward = number(file, prefix + "feed_forward_length");
    facts.heads = number(file, prefix + "attention.head_count");
    facts.kvHeads = number(file, prefix + "attention.head_count_kv");
    if (facts.kvHeads == 0) facts.kvHeads = facts.heads;
    facts.headDim = number(file, prefix + "attention.key_length");
    if (facts.headDim == 0 && facts.heads > 0) facts.headDim = facts.dimension / facts.heads;
}

Result<void> readTensors(const GgufFile& file, ModelFacts& facts) {
    std::map<std::string, std::int64_t> values;
    for (const GgufTensor& tensor : file.tensors()) {
        EPI_TRY_ASSIGN(const BlockLayout layout, blockLayout(static_cast<std::uint32_t>(tensor.type)));
        const std::int64_t count = tensor.elementCount();
        const std::string type(layout.name);
        ++facts.tensorTypes[type];
        values[type] += count;
        facts.parameters += count;
        const bool isMatrix = tensor.shape.size() == 2;
        (isMatrix ? facts.matrixValues : facts.vectorValues) += count;
        if (isMatrix) facts.matrixBytes += static_cast<std::int64_t>(tensor.sizeBytes);
        if (count <= facts.largestTensorValues) continue;
        facts.largestTensorValues = count;
        facts.largestTensorBytes = static_cast<std::int64_t>(tensor.sizeBytes);
    }
    const auto main = std::ranges::max_element(values, {}, [](const auto& entry) { return entry.second; });
    if (main != values.end()) facts.mainType = main->first;
    const GgufTensor* embedding = file.findTensor("token_embd.weight");
    if (embedding != nullptr && embedding->shape.size() == 2) {
        facts.vocabulary = static_cast<std::int32_t>(std::min<std::int64_t>(embedding->shape[1], INT32_MAX));
    }
    return {};
}

}  // namespace

Result<ModelFacts> readModelFacts(const std::filesystem::path& path) {
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(path));
    ModelFacts facts;
    facts.path = path;
    facts.fileBytes = static_cast<std::int64_t>(file.fileSize());
    facts.title = text(file, "general.name");
    facts.architecture = text(file, "general.architecture");
    facts.licence = text(file, "general.license");
    facts.author = text(file, "general.organization");
    if (facts.author.empty()) facts.author = text(file, "general.author");
    facts.hasChatTemplate = file.find("tokenizer.chat_template") != nullptr;
    readShape(file, facts);
    EPI_TRY(readTensors(file, facts));
    return facts;
}

LoadEstimate estimateLoad(const ModelFacts& facts, const LoadRequest& request) {
    const bool isHalf = !request.isExact && request.isOnGpu;
    const std::int64_t valueBytes = isHalf ? 2 : kFloatBytes;
    const std::int64_t cacheBytes = request.isExact ? kFloatBytes : 2;
    const std::int64_t budget = request.budget > 0 ? request.budget : kLargestAutomaticBudget;
    const std::int64_t block = request.block > 0 ? request.block : request.isOnGpu ? kGpuBlock : kCpuBlock;
    const std::int64_t rows = block + kPatchTokens;
    const std::int64_t entry = std::int64_t{2} * facts.layers * facts.kvHeads * facts.headDim * cacheBytes;

    LoadEstimate estimate;
    const bool keepsBlocks = !request.isExact && !request.isOnGpu;
    estimate.weights = (keepsBlocks ? facts.matrixBytes : facts.matrixValues * valueBytes) +
                       facts.vectorValues * kFloatBytes;
    estimate.caches = request.episodes * budget * entry;
    const std::int64_t arena = (budget + rows) * entry;
    const std::int64_t activations =
        rows *
            (std::int64_t{4} * facts.dimension + std::int64_t{3} * facts.feedForward +
             std::int64_t{2} * facts.heads * facts.headDim) *
            valueBytes +
        std::min(rows, kQueryChunk) * facts.heads * (budget + rows) * kFloatBytes +
        std::int64_t{facts.vocabulary} * kFloatBytes;
    const std::int64_t loading =
        facts.largestTensorBytes + (isHalf ? facts.largestTensorValues * kFloatBytes : 0);
    estimate.scratch = std::max(arena + activations, loading);
    return estimate;
}

}  // namespace epi
