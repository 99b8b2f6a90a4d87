// Compares the engine on the CPU with the engine on a GPU: copies of a cache to the computer's memory and
// back, embeddings of sentences, and for one model file logits, greedy replies and the entries that eviction
// keeps; then fast mode's decoder with exact mode, the replies that it writes by itself with those whose
// tokens are chosen on the host, and a history read through working areas, its blocks computed before their
// probes or not, with one read where every layer has a block's rows. Prints the largest differences; exit
// code 1 when one is too large, 77 where there is no GPU.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/engine/generation.h"
#include "core/engine/model_tools.h"
#include "core/tensor/device_memory.h"
#include "tests/gpu/cache_copies.h"
#include "tests/gpu/parity.h"

#include <CLI/CLI.hpp>

namespace epi {

std::vector<TokenId> tokens(const LanguageModel& model, std::size_t count, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<TokenId> ids;
    while (ids.size() < count) {
        const auto id = static_cast<TokenId>(rng.below(static_cast<std::uint64_t>(model.info().vocabulary)));
        if (!model.tokenizer().isControl(id)) ids.push_back(id);
    }
    return ids;
}

namespace {

constexpr double kMaxLogitDifference = 5e-3;  // fp32 on both sides; other summation orders
constexpr float kNearTie = 0.02F;             // a greedy step with a smaller gap may differ
constexpr int kSkipped = 77;

/// For compute-sanitizer, which makes every launch many times longer: embeddings and exact mode, nearly all
/// of whose kernels are LibTorch's, and speeds are left out, and fast mode is compared with the CPU.
Extent brief() {
    return {.parts = {"copies", "decoder", "replies", "reading", "eviction"},
            .decoderLengths = {37},
            .decoderSteps = 8,
            .replyRooms = {40},
            .replyTokens = 2,
            .scores = {"attention", "keydiff"},
            .readTokens = 700,
            .copiedLayers = 1};
}

/// Both in fp32.
struct Models {
    std::unique_ptr<LanguageModel> cpu;
    std::unique_ptr<LanguageModel> gpu;
};

Result<std::unique_ptr<LanguageModel>> load(const std::string& path,
                                            DeviceChoice device,
                                            ComputeMode compute) {
    return LanguageModel::load(
        {.path = path, .device = device, .compute = compute, .progress = {}, .cancel = {}});
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

Result<bool> compareAnswers(const Models& models) {
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

/// The CPU and the GPU in fp32.
Result<bool> compareExact(const Models& models, const Extent& extent) {
    std::printf("%s on %s\n", models.gpu->info().title.c_str(), models.gpu->info().device.c_str());
    EPI_TRY_ASSIGN(const bool logits, compareLogits(models));
    EPI_TRY_ASSIGN(const bool answers, compareAnswers(models));
    const Sides sides{*models.cpu, *models.gpu, kMaxKeptDifference};
    EPI_TRY_ASSIGN(const bool uniform, compareEviction(sides, BudgetLevel::kPairUniform));
    EPI_TRY_ASSIGN(const bool pair, compareEviction(sides, BudgetLevel::kPair));
    EPI_TRY_ASSIGN(const bool reading, compareReadings(*models.gpu, extent));
    std::printf("GPU memory: %.2f GB at most\n", static_cast<double>(takePeakDeviceBytes()) / 1e9);
    return logits && answers && uniform && pair && reading;
}

/// Fast mode on the GPU, beside fp32.
Result<bool> compareFast(const LanguageModel& fast, const LanguageModel& exact, const Extent& extent) {
    if (const std::string& notice = fast.info().decoderNotice; !notice.empty()) {
        std::printf("decoder: not used, %s\n", notice.c_str());
        return false;
    }
    bool isGood = true;
    const auto compare = [&](const char* part, const auto& comparison) -> Result<void> {
        if (!extent.has(part)) return {};
        EPI_TRY_ASSIGN(const bool isOne, comparison());
        isGood = isGood && isOne;
        return {};
    };
    EPI_TRY(compare("decoder", [&] { return compareDecoder(fast, exact, extent); }));
    EPI_TRY(compare("replies", [&] { return compareReplies(fast, extent); }));
    EPI_TRY(compare("reading", [&] { return compareReadings(fast, extent); }));
    for (const BudgetLevel level : {BudgetLevel::kPairUniform, BudgetLevel::kPair})
        EPI_TRY(compare("eviction", [&] {
            return compareEviction({exact, fast, kMaxFastDifference}, level);
        }));
    EPI_TRY(compare("speed", [&] { return compareSpeed(fast); }));
    return isGood;
}

Result<bool> compareModel(const std::string& path, const Extent& extent) {
    Models models;
    EPI_TRY_ASSIGN(models.cpu, load(path, DeviceChoice::kCpu, ComputeMode::kExact));
    bool isExactGood = true;
    if (extent.has("exact")) {
        EPI_TRY_ASSIGN(models.gpu, load(path, DeviceChoice::kCuda, ComputeMode::kExact));
        EPI_TRY_ASSIGN(isExactGood, compareExact(models, extent));
    }
    EPI_TRY_ASSIGN(const auto fast, load(path, DeviceChoice::kCuda, ComputeMode::kFast));
    EPI_TRY_ASSIGN(const bool isFastGood, compareFast(*fast, models.gpu ? *models.gpu : *models.cpu, extent));
    return isExactGood && isFastGood;
}

Result<bool> compareAll(const std::string& model, const std::string& embedder, const Extent& extent) {
    bool isGood = true;
    if (extent.has("copies")) {
        EPI_TRY_ASSIGN(const bool areCopies, checkCacheCopies(extent.copiedLayers));
        std::printf(areCopies ? "copies: passed\n" : "copies: FAILED\n");
        isGood = areCopies;
    }
    if (extent.has("embeddings")) {
        EPI_TRY_ASSIGN(const bool areEqual, compareEmbeddings(embedder));
        std::printf(areEqual ? "embedding: passed\n" : "embedding: FAILED\n");
        isGood = isGood && areEqual;
    }
    if (model.empty()) {
        std::printf("the rest is left out: no model file was named\n");
        return isGood;
    }
    EPI_TRY_ASSIGN(const bool isModelGood, compareModel(model, extent));
    return isGood && isModelGood;
}

}  // namespace
}  // namespace epi

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a long run is followed through a pipe
    CLI::App app("Compares the engine on the CPU with the engine on a GPU");
    std::string model;
    std::string embedder;
    std::vector<std::string> parts;
    bool isBrief = false;
    app.add_option("MODEL", model, "GGUF file");
    app.add_option("--embedder", embedder, "Folder of a sentence embedder; without it a made-up one");
    app.add_flag("--brief", isBrief, "Fast mode alone, on less: as compute-sanitizer needs");
    app.add_option("--parts", parts, "What is compared, separated by commas; default: everything")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember(epi::Extent{}.parts));
    CLI11_PARSE(app, argc, argv);
    epi::Extent extent = isBrief ? epi::brief() : epi::Extent{};
    if (!parts.empty()) extent.parts = parts;
    if (const std::string reason = epi::cudaUnavailableReason(); !reason.empty()) {
        std::printf("skipped: %s\n", reason.c_str());
        return epi::kSkipped;
    }
    const auto compared = epi::compareAll(model, embedder, extent);
    if (!compared) {
        std::fprintf(stderr, "%s\n", compared.error().message.c_str());
        return epi::exitCode(compared.error().code);
    }
    std::printf(*compared ? "parity: passed\n" : "parity: FAILED\n");
    return *compared ? 0 : 1;
}
