// Compares the engine on the CPU with the engine on a GPU: embeddings of sentences, and for one model file
// logits, greedy replies and the entries that eviction keeps; then fast mode's decoder with exact mode, the
// replies that it writes by itself with those whose tokens are chosen on the host, and a history read through
// working areas, its blocks computed before their probes or not, with one read where every layer has a
// block's rows. Before that, copies of a cache to the computer's memory and back. Prints the largest
// differences; exit code 1 when one is too large, 77 where there is no GPU.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>

#include "core/base/rng.h"
#include "core/engine/benchmark/kept_entries.h"
#include "core/engine/benchmark/made_up_text.h"
#include "core/engine/block_prefill.h"
#include "core/engine/generation.h"
#include "core/engine/model_tools.h"
#include "core/engine/reading_cache.h"
#include "core/kv/kv_cache.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/sentence_embedder.h"
#include "core/tensor/device_memory.h"
#include "tests/gpu/cache_copies.h"

#include <CLI/CLI.hpp>

namespace epi {
namespace {

constexpr double kMaxLogitDifference = 5e-3;  // fp32 on both sides; other summation orders
constexpr float kNearTie = 0.02F;             // a greedy step with a smaller gap may differ
constexpr double kMaxKeptDifference = 1e-3;   // share of kept entries, where scores are all but equal
constexpr double kMaxFastDifference = 0.05;   // the same in bf16, over tokens that no text has
constexpr int kSkipped = 77;

/// How much is compared.
struct Extent {
    std::vector<std::size_t> decoderLengths{0, 37, 700, 3000};
    std::vector<std::int64_t> streamRooms{40, 41, 200};
    std::vector<const char*> scores{"attention", "keydiff", "kvzip"};
    std::size_t readTokens = 1300;
    std::size_t copiedLayers = 32;
    bool isBrief = false;
};

/// For compute-sanitizer, which makes every launch many times longer: embeddings and exact mode, nearly all
/// of whose kernels are LibTorch's, and speeds are left out, and fast mode is compared with the CPU.
Extent brief() {
    return {.decoderLengths = {37},
            .streamRooms = {40},
            .scores = {"attention", "keydiff"},
            .readTokens = 700,
            .copiedLayers = 1,
            .isBrief = true};
}

struct Models {
    std::unique_ptr<LanguageModel> cpu;
    std::unique_ptr<LanguageModel> gpu;
};

Result<std::unique_ptr<LanguageModel>> load(const std::string& path, DeviceChoice device) {
    return LanguageModel::load(
        {.path = path, .device = device, .compute = ComputeMode::kExact, .progress = {}, .cancel = {}});
}

/// Ordinary tokens in an order that no text has: the model need not like them, both sides must agree on them.
std::vector<TokenId> tokens(const LanguageModel& model, std::size_t count, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<TokenId> ids;
    while (ids.size() < count) {
        const auto id = static_cast<TokenId>(rng.below(static_cast<std::uint64_t>(model.info().vocabulary)));
        if (!model.tokenizer().isControl(id)) ids.push_back(id);
    }
    return ids;
}

Result<bool> compareLogits(const Models& models) {
    const std::vector<TokenId> ids = tokens(*models.cpu, 384, 1);
    std::vector<TokenId> probe;
    for (TokenId id = 0; id < models.cpu->info().vocabulary; id += 997)
        probe.push_back(id);
    EPI_TRY_ASSIGN(const LogitsReport cpu, reportLogits(*models.cpu, ids, 1, probe));
    EPI_TRY_ASSIGN(const LogitsReport gpu, reportLogits(*models.gpu, ids, 1, probe));
    double logit = 0.0;
    for (std::size_t i = 0; i < probe.size(); ++i) {
        const float a = cpu.positions[0].probe[i].second;
        const float b = gpu.positions[0].probe[i].second;
        logit = std::max(logit, static_cast<double>(std::abs(a - b)));
    }
    double probability = 0.0;
    for (std::size_t i = 0; i < cpu.nextLogProbability.size(); ++i) {
        probability = std::max(probability, std::abs(cpu.nextLogProbability[i] - gpu.nextLogProbability[i]));
    }
    std::printf("logits: largest difference %.2e, of log-probabilities %.2e\n", logit, probability);
    return logit < kMaxLogitDifference && probability < kMaxLogitDifference;
}

/// Whether two greedy replies agree up to the first near-tie.
bool isSameReply(const Generation& cpu, const Generation& gpu) {
    const std::size_t steps = std::min(cpu.ids.size(), gpu.ids.size());
    for (std::size_t step = 0; step < steps; ++step) {
        if (cpu.gaps[step].gap < kNearTie) return true;
        if (cpu.ids[step] != gpu.ids[step]) return false;
    }
    return cpu.reason == gpu.reason;
}

Result<bool> compareReplies(const Models& models) {
    const std::vector<std::string> questions{"What is the capital of France?",
                                             "Write a haiku about the sea.",
                                             "Explain in two sentences why the sky is blue."};
    EPI_TRY_ASSIGN(const auto chatTemplate, models.cpu->chatTemplate(true));
    bool isEqual = true;
    for (const std::string& question : questions) {
        const ChatMessage message{.role = Role::kUser, .text = question};
        GenerationRequest request{.prompt = encodeParts(models.cpu->tokenizer(),
                                                        chatTemplate->render(std::span(&message, 1), true)),
                                  .sampling = {},
                                  .stopAtEnd = true,
                                  .recordGaps = true,
                                  .onText = {},
                                  .cancel = {}};
        request.sampling.maxTokens = 64;
        EPI_TRY_ASSIGN(const Generation cpu, generateOnce(*models.cpu, request));
        EPI_TRY_ASSIGN(const Generation gpu, generateOnce(*models.gpu, request));
        const bool isSame = isSameReply(cpu, gpu);
        isEqual = isEqual && isSame;
        std::printf("reply: %s, %zu tokens, CPU %.1f tokens/s, GPU %.1f tokens/s: %s\n",
                    isSame ? "equal" : "DIFFERENT",
                    gpu.ids.size(),
                    static_cast<double>(cpu.ids.size()) / cpu.decodeSeconds,
                    static_cast<double>(gpu.ids.size()) / gpu.decodeSeconds,
                    gpu.text.substr(0, 60).c_str());
    }
    return isEqual;
}

struct Sides {
    const LanguageModel& expected;
    const LanguageModel& found;
    double maxDifference;
};

/// Which entries stay of 1,200 tokens that are read in blocks of 256.
Result<bool> compareEviction(const Sides& sides, BudgetLevel level) {
    EvictionReplay replay{.ids = tokens(sides.expected, 1200, 2),
                          .prompt = tokens(sides.expected, 150, 3),
                          .prefixTokens = 8,
                          .budget = 256,
                          .block = 256,
                          .preset = "epicache",
                          .level = level,
                          .layerBudgets = {},
                          .question = {}};
    EPI_TRY_ASSIGN(const EvictionReplayReport expected, replayEviction(sides.expected, replay));
    EPI_TRY_ASSIGN(const EvictionReplayReport found, replayEviction(sides.found, replay));
    std::size_t kept = 0;
    std::size_t different = 0;
    const auto& last = expected.blocks.back().kept;
    for (std::size_t layer = 0; layer < last.size(); ++layer) {
        for (std::size_t head = 0; head < last[layer].size(); ++head) {
            const auto& a = last[layer][head];
            const auto& b = found.blocks.back().kept[layer][head];
            std::vector<std::int32_t> shared;
            std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
            kept += a.size();
            different += a.size() - shared.size();
        }
    }
    const double share = static_cast<double>(different) / static_cast<double>(kept);
    std::printf(
        "eviction, %s: %zu of %zu kept entries differ\n", std::string(name(level)).c_str(), different, kept);
    return share < sides.maxDifference;
}

/// What a history leaves in a cache that it is read into.
Result<KvSnapshot> readInto(KvCache cache, const Executor& executor, const PrefillTask& task) {
    EPI_TRY(BlockPrefill(executor, cache, task).run({}));
    return cache.snapshot();
}

/// The same where the rows of every block are computed before the probes behind it.
Result<KvSnapshot> readAheadInto(KvCache cache, const Executor& executor, const PrefillTask& task) {
    BlockPrefill prefill(executor, cache, task);
    while (!prefill.isDone()) {
        EPI_TRY_ASSIGN(const ComputedRows computed, prefill.computeNext({}));
        EPI_TRY(prefill.step({}, {}, &computed));
    }
    return cache.snapshot();
}

bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
    return std::ranges::equal(a.layers, b.layers, [](const auto& one, const auto& other) {
        return one.positions == other.positions && at::equal(one.keys, other.keys) &&
               at::equal(one.values, other.values);
    });
}

/// A history read within working areas must leave what it leaves where every layer has a block's rows, bit
/// for bit if the GPU computes the same twice.
Result<bool> compareReading(const LanguageModel& model,
                            std::size_t count,
                            BudgetLevel level,
                            const char* score) {
    const c10::InferenceMode inference;
    const Executor& executor = model.executor();
    const ModelSpec& spec = executor.spec();
    PrefillTask task;
    task.ids = tokens(model, count, 5);
    task.block = 256;
    task.prompt = tokens(model, 150, 6);
    task.rule.level = level;
    EPI_TRY_ASSIGN(task.rule.score, Score::bind(score));
    // Layers that a block fits into between such as it does not.
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer)
        task.rule.layerBudgets.push_back(layer % 3 == 1 ? 600 : 300);
    const auto largeCache = [&] {
        return KvCache(
            spec, BlockPrefill::rowsPerHead(spec, task.rule.layerBudgets, task.block), executor.placement());
    };
    EPI_TRY_ASSIGN(const KvSnapshot large, readInto(largeCache(), executor, task));
    EPI_TRY_ASSIGN(const KvSnapshot again, readInto(largeCache(), executor, task));
    const ReadingRows rows = readingRows(executor, task.rule.layerBudgets, task.block);
    EPI_TRY_ASSIGN(const KvSnapshot found,
                   readInto(KvCache(spec, rows, executor.placement()), executor, task));
    const bool isEqual = isSame(found, large);
    const bool isRepeatable = isSame(again, large);
    std::printf("reading, %s, %s, areas: %d: %s%s\n",
                score,
                std::string(name(level)).c_str(),
                rows.areas,
                isEqual ? "equal" : "DIFFERENT",
                isRepeatable ? "" : ", but the same cache gives something else the next time, too");
    // Products of fewer rows may sum in another order.
    EPI_TRY_ASSIGN(const KvSnapshot ahead,
                   readAheadInto(KvCache(spec, rows, executor.placement()), executor, task));
    const std::int64_t different = differingEntries(ahead, large);
    std::printf("reading, blocks computed before their probes: %lld of %lld kept entries differ\n",
                static_cast<long long>(different),
                static_cast<long long>(large.entries()));
    const bool isFast = executor.placement().cacheType != at::kFloat;
    const double share = static_cast<double>(different) / static_cast<double>(large.entries());
    return (isEqual || !isRepeatable) && share <= (isFast ? kMaxFastDifference : kMaxKeptDifference);
}

Result<bool> compareReadings(const LanguageModel& model, const Extent& extent) {
    bool isGood = true;
    for (const BudgetLevel level : {BudgetLevel::kPairUniform, BudgetLevel::kPair}) {
        for (const char* score : extent.scores) {
            EPI_TRY_ASSIGN(const bool isOneGood, compareReading(model, extent.readTokens, level, score));
            isGood = isGood && isOneGood;
        }
    }
    return isGood;
}

/// A text of ordinary sentences, as long as asked for.
Result<std::vector<TokenId>> textTokens(const LanguageModel& model, std::size_t count) {
    const std::string paragraph =
        "The harbour was quiet that morning. Two fishermen mended their nets on the pier while the ferry "
        "waited "
        "for the last of its passengers, an old woman with a basket of apples and her grandson, who counted "
        "the "
        "gulls on the roof of the customs house. When the bell rang, he had reached forty-one. The crossing "
        "took "
        "an hour in good weather. On the other side there was a market, a school with a green door, and the "
        "office where his mother wrote letters for people who had nobody else to write for them. ";
    std::vector<TokenId> ids;
    while (ids.size() < count) {
        const std::vector<TokenId> more = model.tokenizer().encode(paragraph, ControlTokens::kAsText);
        if (more.empty()) return Error{ErrorCode::kInternal, "the tokenizer gave nothing"};
        ids.insert(ids.end(), more.begin(), more.end());
    }
    ids.resize(count);
    return ids;
}

/// Reads `id` behind a cache, and returns its logits.
Result<std::vector<float>> readOne(const Executor& executor, KvCache& cache, TokenId id) {
    const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                             .ids = std::span(&id, 1),
                                             .firstPosition = cache.nextPosition()}},
                                 .logitRows = 1,
                                 .hook = nullptr,
                                 .cancel = {}};
    EPI_TRY_ASSIGN(const at::Tensor logits, executor.forward(request, cache));
    const at::Tensor onCpu = logits.cpu().contiguous();
    const float* const values = onCpu.const_data_ptr<float>();
    return std::vector<float>(values, values + onCpu.numel());
}

double logSumExp(const std::vector<float>& logits) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const float logit : logits)
        sum += std::exp(static_cast<double>(logit) - largest);
    return largest + std::log(sum);
}

/// The decoder of fast mode against the exact mode, step by step over the same text: the mean log-probability
/// may differ by 0.03, the best token only where the gap is below 2.
Result<bool> compareDecoder(const LanguageModel& fast, const LanguageModel& exact, std::size_t length) {
    const c10::InferenceMode inference;
    EPI_TRY_ASSIGN(const std::vector<TokenId> ids, textTokens(fast, length + 96));
    const auto cacheOf = [&](const Executor& executor) {
        const std::vector<std::int64_t> rows(executor.spec().layers.size(),
                                             static_cast<std::int64_t>(ids.size()) + 1);
        return KvCache(executor.spec(), rows, executor.placement());
    };
    KvCache own = cacheOf(fast.executor());
    KvCache general = cacheOf(exact.executor());
    const ForwardRequest prompt{.groups = {{.kind = RowGroup::Kind::kAppend,
                                            .ids = std::span(ids).first(length),
                                            .firstPosition = 0}},
                                .logitRows = 0,
                                .hook = nullptr,
                                .cancel = {}};
    if (length > 0) {
        EPI_TRY(fast.executor().forward(prompt, own));
        EPI_TRY(exact.executor().forward(prompt, general));
    }
    double difference = 0.0;
    double relative = 0.0;
    std::size_t clearDisagreements = 0;
    for (std::size_t i = length; i + 1 < ids.size(); ++i) {
        EPI_TRY_ASSIGN(const std::vector<float> a, readOne(fast.executor(), own, ids[i]));
        EPI_TRY_ASSIGN(const std::vector<float> b, readOne(exact.executor(), general, ids[i]));
        const auto next = static_cast<std::size_t>(ids[i + 1]);
        difference +=
            (static_cast<double>(a[next]) - logSumExp(a)) - (static_cast<double>(b[next]) - logSumExp(b));
        double error = 0.0;
        double norm = 0.0;
        for (std::size_t v = 0; v < a.size(); ++v) {
            error += std::pow(static_cast<double>(a[v]) - static_cast<double>(b[v]), 2);
            norm += std::pow(static_cast<double>(b[v]), 2);
        }
        relative = std::max(relative, std::sqrt(error / norm));
        EPI_TRY_ASSIGN(const GreedyGap ownBest, greedyGap(a));
        EPI_TRY_ASSIGN(const GreedyGap best, greedyGap(b));
        if (best.gap > 2.0F && best.best != ownBest.best) ++clearDisagreements;
    }
    difference = std::abs(difference) / static_cast<double>(ids.size() - length - 1);
    std::printf(
        "decoder behind %zu tokens: mean log-probability differs by %.4f, logits by %.3f at most, "
        "%zu clear disagreements\n",
        length,
        difference,
        relative,
        clearDisagreements);
    return difference < 0.03 && clearDisagreements == 0;
}

/// Ways to draw, by a name.
struct Drawn {
    std::string name;
    SamplingOptions sampling;
};

std::vector<Drawn> waysToDraw() {
    std::vector<Drawn> ways{{.name = "greedy", .sampling = {}}};
    const auto add = [&](const char* name, auto change) {
        ways.push_back({.name = name, .sampling = {}});
        ways.back().sampling.temperature = 0.7;
        ways.back().sampling.seed = 11;
        change(ways.back().sampling);
    };
    add("temperature 0.7", [](SamplingOptions&) {});
    add("temperature 0.7, top-k 40", [](SamplingOptions& options) { options.topK = 40; });
    add("temperature 0.7, top-p 0.9", [](SamplingOptions& options) { options.topP = 0.9; });
    add("temperature 0.7, min-p 0.05", [](SamplingOptions& options) { options.minP = 0.05; });
    add("greedy with a penalty of 1.1", [](SamplingOptions& options) {
        options.temperature = 0.0;
        options.repetitionPenalty = 1.1;
    });
    add("temperature 0.7 and everything else", [](SamplingOptions& options) {
        options.topK = 40;
        options.topP = 0.9;
        options.minP = 0.05;
        options.repetitionPenalty = 1.1;
    });
    return ways;
}

/// A reply that the decoder writes by itself is the one that is chosen token by token on the host, wherever
/// it ends, and leaves the cache at the same place.
Result<bool> compareStream(const LanguageModel& model, const Drawn& drawn, std::int64_t room) {
    GenerationRequest request{.prompt = tokens(model, 24, 5),
                              .sampling = drawn.sampling,
                              .stopAtEnd = false,
                              .recordGaps = true,  // chooses token by token
                              .onText = {},
                              .cancel = {}};
    request.sampling.maxTokens = 100;
    const auto write = [&](std::int64_t& end) -> Result<std::vector<TokenId>> {
        const std::vector<std::int64_t> rows(model.executor().spec().layers.size(), room);
        KvCache cache(model.executor().spec(), rows, model.executor().placement());
        EPI_TRY_ASSIGN(const Generation first, generate(model, cache, request));
        // A second reply behind it reads what the first left in the cache.
        GenerationRequest again = request;
        again.prompt = tokens(model, 5, 6);
        std::vector<TokenId> ids = first.ids;
        if (cache.room() > 6) {
            EPI_TRY_ASSIGN(const Generation second, generate(model, cache, again));
            ids.insert(ids.end(), second.ids.begin(), second.ids.end());
        }
        end = cache.nextPosition();
        return ids;
    };
    std::int64_t end = 0;
    std::int64_t streamedEnd = 0;
    EPI_TRY_ASSIGN(const std::vector<TokenId> ids, write(end));
    request.recordGaps = false;
    EPI_TRY_ASSIGN(const std::vector<TokenId> streamed, write(streamedEnd));
    const bool isSame = ids == streamed && end == streamedEnd;
    std::printf("written by itself, %s, room for %lld: %zu tokens, %s\n",
                drawn.name.c_str(),
                static_cast<long long>(room),
                streamed.size(),
                isSame ? "equal" : "DIFFERENT");
    return isSame;
}

/// Replies as the device writes them and as the host draws them from the logits: the same, and how fast.
Result<bool> compareSpeed(const LanguageModel& model, const Drawn& drawn) {
    constexpr int kRuns = 3;
    GenerationRequest request{.prompt = tokens(model, 200, 9),
                              .sampling = drawn.sampling,
                              .stopAtEnd = false,
                              .recordGaps = true,
                              .onText = {},
                              .cancel = {}};
    request.sampling.maxTokens = 256;
    EPI_TRY_ASSIGN(const Generation onHost, generateOnce(model, request));
    request.recordGaps = false;
    const auto speed = [](const Generation& reply) {
        return static_cast<double>(reply.ids.size()) / reply.decodeSeconds;
    };
    bool isSame = true;
    std::printf("fast mode, %s:", drawn.name.c_str());
    for (int run = 0; run < kRuns; ++run) {
        EPI_TRY_ASSIGN(const Generation reply, generateOnce(model, request));
        isSame = isSame && reply.ids == onHost.ids;
        std::printf(" %.1f", speed(reply));
    }
    std::printf(" tokens/s, %.1f by the host: %s\n", speed(onHost), isSame ? "equal" : "DIFFERENT");
    return isSame;
}

/// Replies of fast mode, with their speed.
Result<bool> compareFast(const std::string& path, const LanguageModel& exact, const Extent& extent) {
    EPI_TRY_ASSIGN(const auto model,
                   LanguageModel::load({.path = path,
                                        .device = DeviceChoice::kCuda,
                                        .compute = ComputeMode::kFast,
                                        .progress = {},
                                        .cancel = {}}));
    if (const std::string& notice = model->info().decoderNotice; !notice.empty()) {
        std::printf("decoder: not used, %s\n", notice.c_str());
        return false;
    }
    bool isGood = true;
    for (const std::size_t length : extent.decoderLengths) {
        EPI_TRY_ASSIGN(const bool isOne, compareDecoder(*model, exact, length));
        isGood = isGood && isOne;
    }
    for (const Drawn& drawn : waysToDraw()) {
        for (const std::int64_t room : extent.streamRooms) {
            EPI_TRY_ASSIGN(const bool isOne, compareStream(*model, drawn, room));
            isGood = isGood && isOne;
        }
    }
    EPI_TRY_ASSIGN(const bool isReadingGood, compareReadings(*model, extent));
    isGood = isGood && isReadingGood;
    for (const BudgetLevel level : {BudgetLevel::kPairUniform, BudgetLevel::kPair}) {
        EPI_TRY_ASSIGN(const bool isOne, compareEviction({exact, *model, kMaxFastDifference}, level));
        isGood = isGood && isOne;
    }
    if (extent.isBrief) return isGood;
    for (const Drawn& drawn : waysToDraw()) {
        EPI_TRY_ASSIGN(const bool isOne, compareSpeed(*model, drawn));
        isGood = isGood && isOne;
    }
    return isGood;
}

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

/// Texts of 1 to 300 words, which many batches of unequal lengths come of, on both sides.
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

Result<bool> compareAll(const std::string& path, const Extent& extent) {
    Models models;
    EPI_TRY_ASSIGN(models.cpu, load(path, DeviceChoice::kCpu));
    if (extent.isBrief) return compareFast(path, *models.cpu, extent);
    EPI_TRY_ASSIGN(models.gpu, load(path, DeviceChoice::kCuda));
    std::printf("%s on %s\n", models.gpu->info().title.c_str(), models.gpu->info().device.c_str());
    EPI_TRY_ASSIGN(const bool logits, compareLogits(models));
    EPI_TRY_ASSIGN(const bool replies, compareReplies(models));
    const Sides sides{*models.cpu, *models.gpu, kMaxKeptDifference};
    EPI_TRY_ASSIGN(const bool uniform, compareEviction(sides, BudgetLevel::kPairUniform));
    EPI_TRY_ASSIGN(const bool pair, compareEviction(sides, BudgetLevel::kPair));
    EPI_TRY_ASSIGN(const bool reading, compareReadings(*models.gpu, extent));
    std::printf("GPU memory: %.2f GB at most\n", static_cast<double>(takePeakDeviceBytes()) / 1e9);
    EPI_TRY_ASSIGN(const bool fast, compareFast(path, *models.gpu, extent));
    return logits && replies && uniform && pair && reading && fast;
}

int failed(const Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return exitCode(error.code);
}

}  // namespace
}  // namespace epi

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a long run is followed through a pipe
    CLI::App app("Compares the engine on the CPU with the engine on a GPU");
    std::string model;
    std::string embedder;
    app.add_option("MODEL", model, "GGUF file");
    app.add_option("--embedder", embedder, "Folder of a sentence embedder; without it a made-up one");
    bool isBrief = false;
    app.add_flag("--brief", isBrief, "Fast mode alone, on less: as compute-sanitizer needs");
    CLI11_PARSE(app, argc, argv);
    const epi::Extent extent = isBrief ? epi::brief() : epi::Extent{};
    if (const std::string reason = epi::cudaUnavailableReason(); !reason.empty()) {
        std::printf("skipped: %s\n", reason.c_str());
        return epi::kSkipped;
    }
    const auto copies = epi::checkCacheCopies(extent.copiedLayers);
    if (!copies) return epi::failed(copies.error());
    std::printf(*copies ? "copies: passed\n" : "copies: FAILED\n");
    const auto embeds = extent.isBrief ? epi::Result<bool>(true) : epi::compareEmbeddings(embedder);
    if (!embeds) return epi::failed(embeds.error());
    if (model.empty()) {
        std::printf(*embeds ? "embedding: passed\n" : "embedding: FAILED\n");
        std::printf("the rest is left out: no model file was named\n");
        return *copies && *embeds ? 0 : 1;
    }
    const auto engine = epi::compareAll(model, extent);
    if (!engine) return epi::failed(engine.error());
    const bool isEqual = *copies && *embeds && *engine;
    std::printf(isEqual ? "parity: passed\n" : "parity: FAILED\n");
    return isEqual ? 0 : 1;
}
