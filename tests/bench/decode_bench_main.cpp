// Decode of one model with a cache of a given length, for tests/peer/compare_decode.py:
//   epichat-decode-bench MODEL CACHE_TOKENS
// Fills the cache, writes "ready", then for each line "N" on its input decodes N tokens behind the same cache
// and writes one line of JSON.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "core/model/executor.h"
#include "core/model/language_model.h"

namespace epi {
namespace {

constexpr std::int64_t kRoom = 512;

double processSeconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Entries with random keys and values: the work of a step depends on their number alone.
Result<void> fill(KvCache& cache, std::int64_t tokens) {
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        const LayerArena::Shape& shape = cache.layer(layer).shape();
        const at::Tensor rows = at::randn({shape.kvHeads, tokens, shape.headDim});
        EPI_TRY(cache.layer(layer).append(rows, rows, 0));
    }
    cache.setNextPosition(tokens);
    return {};
}

Result<void> decode(const Executor& executor, KvCache& cache, std::int64_t tokens) {
    const KvCache::Mark mark = cache.mark();
    const auto start = std::chrono::steady_clock::now();
    const double cpuStart = processSeconds();
    for (std::int64_t i = 0; i < tokens; ++i) {
        const auto id = static_cast<TokenId>(100 + i * 37 % 1000);
        EPI_TRY(executor.forward({.groups = {{.kind = RowGroup::Kind::kAppend,
                                              .ids = {&id, 1},
                                              .firstPosition = cache.nextPosition()}},
                                  .logitRows = 1,
                                  .hook = nullptr,
                                  .cancel = {}},
                                 cache));
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("{\"tokens\": %lld, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
                static_cast<long long>(tokens),
                seconds,
                processSeconds() - cpuStart);
    std::fflush(stdout);
    cache.truncate(mark);
    return {};
}

Result<void> serve(const std::string& path, std::int64_t cacheTokens) {
    const c10::InferenceMode inference;
    EPI_TRY_ASSIGN(const auto model,
                   LanguageModel::load({.path = path,
                                        .device = DeviceChoice::kCpu,
                                        .compute = ComputeMode::kFast,
                                        .progress = {},
                                        .cancel = {}}));
    const Executor& executor = model->executor();
    const std::vector<std::int64_t> rows(executor.spec().layers.size(), cacheTokens + kRoom);
    KvCache cache(executor.spec(), rows, executor.placement());
    if (cacheTokens > 0) EPI_TRY(fill(cache, cacheTokens));
    std::puts("ready");
    std::fflush(stdout);
    for (std::int64_t tokens = 0; std::cin >> tokens && tokens <= kRoom;)
        EPI_TRY(decode(executor, cache, tokens));
    return {};
}

}  // namespace
}  // namespace epi

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: epichat-decode-bench MODEL CACHE_TOKENS\n", stderr);
        return 2;
    }
    const auto served = epi::serve(argv[1], std::atoll(argv[2]));
    if (!served) std::fprintf(stderr, "%s\n", served.error().message.c_str());
    return served ? 0 : 1;
}
