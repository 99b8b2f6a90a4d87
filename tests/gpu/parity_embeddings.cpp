// Embeddings of sentences on the CPU and on a GPU.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/engine/benchmark/made_up_text.h"
#include "core/model/sentence_embedder.h"
#include "tests/gpu/parity.h"

namespace epi {
namespace {

Result<std::unique_ptr<SentenceEmbedder>> loadEmbedder(const std::string& folder,
                                                       const SentenceEmbedder::Options& options) {
    return folder.empty() ? SentenceEmbedder::makeUp(madeUpWordPieces(), options)
                          : SentenceEmbedder::load(folder, options);
}

/// The smallest cosine between the embeddings of the same texts.
double leastCosine(const EmbeddingMatrix& a, const EmbeddingMatrix& b) {
    double least = 1.0;
    for (std::int64_t row = 0; row < a.rows; ++row) {
        const auto left = a.row(row);
        const auto right = b.row(row);
        double cosine = 0.0;
        for (std::size_t i = 0; i < left.size(); ++i)
            cosine += static_cast<double>(left[i]) * static_cast<double>(right[i]);
        least = std::min(least, cosine);
    }
    return least;
}

}  // namespace

Result<bool> compareEmbeddings(const std::string& folder) {
    Rng random(4);
    std::vector<std::string> texts{""};
    for (std::int32_t i = 0; i < 400; ++i) {
        const auto words = static_cast<std::int32_t>(1 + random.below(300));
        texts.push_back(madeUpText(random, i % kMadeUpTopics, words));
    }
    const auto embedOn = [&](DeviceChoice device, ComputeMode compute) -> Result<EmbeddingMatrix> {
        EPI_TRY_ASSIGN(const auto embedder, loadEmbedder(folder, {.compute = compute, .device = device}));
        EPI_TRY(embedder->embed(texts, {}, {}));
        const auto start = std::chrono::steady_clock::now();
        EPI_TRY_ASSIGN(EmbeddingMatrix found, embedder->embed(texts, {}, {}));
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::printf("embedding: %s, %s: %zu texts in %.3f s\n",
                    std::string(name(device)).c_str(),
                    std::string(name(compute)).c_str(),
                    texts.size(),
                    seconds);
        return found;
    };
    EPI_TRY_ASSIGN(const EmbeddingMatrix cpu, embedOn(DeviceChoice::kCpu, ComputeMode::kExact));
    EPI_TRY_ASSIGN(const EmbeddingMatrix gpu, embedOn(DeviceChoice::kCuda, ComputeMode::kExact));
    EPI_TRY_ASSIGN(const EmbeddingMatrix fast, embedOn(DeviceChoice::kCuda, ComputeMode::kFast));
    const double exactCosine = leastCosine(cpu, gpu);
    const double fastCosine = leastCosine(cpu, fast);
    std::printf("embedding: least cosine to the CPU %.7f in fp32, %.7f in fp16\n", exactCosine, fastCosine);
    return exactCosine >= 0.9999 && fastCosine >= 0.999;
}

}  // namespace epi
