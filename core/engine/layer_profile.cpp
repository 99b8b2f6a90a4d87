#include "core/engine/layer_profile.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/kv/kv_cache.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::int64_t kRowsPerForward = 256;
constexpr std::size_t kWindowTokens = 100;  // of the released code's similarity
constexpr int kVersion = 2;                 // 2: the last window counts also where it is short
constexpr std::uint64_t kMaxFileBytes = 1 << 20;

/// Dot products of the keys of one layer with and without the bounded view, for every head and token.
struct KeyProducts {
    std::vector<double> dot;     // [heads, tokens]
    std::vector<double> full;    // squared lengths
    std::vector<double> masked;  // squared lengths
};

/// Keys of the newest entries: [kvHeads, rows, headDim], fp32.
at::Tensor newestKeys(const LayerArena& arena, std::int64_t rows) {
    std::vector<at::Tensor> keys;
    for (const HeadRun& run : arena.runs())
        keys.push_back(run.keys.narrow(1, run.length - rows, rows).to(at::kFloat));
    return keys.size() == 1 ? keys.front() : at::cat(keys);
}

/// Cosine of a piece of two vectors whose products are known per token.
double cosine(const KeyProducts& products, std::size_t first, std::size_t count) {
    double dot = 0.0;
    double full = 0.0;
    double masked = 0.0;
    for (std::size_t i = first; i < first + count; ++i) {
        dot += products.dot[i];
        full += products.full[i];
        masked += products.masked[i];
    }
    const double lengths = std::sqrt(full) * std::sqrt(masked);
    return lengths > 0.0 ? dot / lengths : 0.0;
}

/// Mean over heads of the mean over pieces of `size` tokens. The released code counts what is left at the end
/// as a piece as well.
double meanCosine(const KeyProducts& products, std::size_t tokens, std::size_t size) {
    const std::size_t heads = products.dot.size() / tokens;
    double sum = 0.0;
    std::size_t count = 0;
    for (std::size_t head = 0; head < heads; ++head) {
        for (std::size_t first = 0; first < tokens; first += size, ++count)
            sum += cosine(products, head * tokens + first, std::min(size, tokens - first));
    }
    return count == 0 ? 1.0 : sum / static_cast<double>(count);
}

/// Reads one text twice at once.
class Profiler {
public:
    Profiler(const LanguageModel& model, const ProfileTask& task)
        : executor_(model.executor()),
          task_(task),
          tokens_(static_cast<std::int64_t>(task.ids.size())),
          full_(executor_.spec(), rows(tokens_), executor_.placement()),
          masked_(executor_.spec(),
                  rows(std::min(tokens_, task.sinks + task.overlap + task.window)),
                  executor_.placement()) {
        for (const LayerSpec& layer : executor_.spec().layers) {
            const auto size = static_cast<std::size_t>(layer.attention.kvHeads * tokens_);
            products_.push_back({.dot = std::vector<double>(size),
                                 .full = std::vector<double>(size),
                                 .masked = std::vector<double>(size)});
        }
    }

    Result<void> run() {
        for (std::int64_t first = 0; first < tokens_;) {
            if (first > 0 && first % task_.window == 0) narrowView(first);
            const std::int64_t border = first - first % task_.window + task_.window;
            const std::int64_t count = std::min({kRowsPerForward, border - first, tokens_ - first});
            EPI_TRY(read(full_, first, count));
            EPI_TRY(read(masked_, first, count));
            for (std::int32_t layer = 0; layer < full_.layerCount(); ++layer)
                compare(layer, first, count);
            first += count;
            if (task_.progress) task_.progress(first, tokens_);
        }
        return {};
    }

    [[nodiscard]] LayerProfile profile() const {
        LayerProfile profile;
        profile.tokens = tokens_;
        const auto tokens = static_cast<std::size_t>(tokens_);
        for (const KeyProducts& products : products_) {
            profile.tokenSimilarity.push_back(meanCosine(products, tokens, 1));
            profile.windowSimilarity.push_back(meanCosine(products, tokens, kWindowTokens));
        }
        return profile;
    }

private:
    [[nodiscard]] std::vector<std::int64_t> rows(std::int64_t count) const {
        return std::vector<std::int64_t>(executor_.spec().layers.size(), count);
    }

    Result<void> read(KvCache& cache, std::int64_t first, std::int64_t count) const {
        const auto ids =
            std::span(task_.ids).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        EPI_TRY(executor_.forward(
            {.groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = first}},
             .logitRows = 0,
             .hook = nullptr,
             .cancel = task_.cancel},
            cache));
        return {};
    }

    /// At the border of two blocks: what the next one does not see is dropped.
    void narrowView(std::int64_t border) {
        for (std::int32_t layer = 0; layer < masked_.layerCount(); ++layer) {
            LayerArena& arena = masked_.layer(layer);
            CompactionPlan plan;
            for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
                std::vector<std::int32_t>& keep = plan.keep.emplace_back();
                const auto positions = arena.positions(head);
                for (std::size_t entry = 0; entry < positions.size(); ++entry) {
                    if (positions[entry] < task_.sinks || positions[entry] >= border - task_.overlap)
                        keep.push_back(static_cast<std::int32_t>(entry));
                }
            }
            arena.apply(plan);
        }
    }

    void compare(std::int32_t layer, std::int64_t first, std::int64_t count) {
        const at::Tensor full = newestKeys(full_.layer(layer), count);
        const at::Tensor masked = newestKeys(masked_.layer(layer), count);
        const at::Tensor all =
            at::stack({(full * masked).sum(-1), full.square().sum(-1), masked.square().sum(-1)})
                .to(at::kCPU, at::kDouble)
                .contiguous();  // [3, heads, count]
        const double* value = all.const_data_ptr<double>();
        KeyProducts& products = products_[static_cast<std::size_t>(layer)];
        const std::int64_t heads = full.size(0);
        for (std::vector<double>* const target : {&products.dot, &products.full, &products.masked}) {
            for (std::int64_t head = 0; head < heads; ++head, value += count)
                std::copy(value, value + count, target->begin() + head * tokens_ + first);
        }
    }

    const Executor& executor_;
    const ProfileTask& task_;
    std::int64_t tokens_;
    KvCache full_;
    KvCache masked_;
    std::vector<KeyProducts> products_;
};

Result<void> check(const ProfileTask& task) {
    if (task.ids.size() < 2) {
        return Error{
            ErrorCode::kInvalidArgument,
            "a text of at least 2 tokens is needed, this one has " + std::to_string(task.ids.size())};
    }
    if (task.window < 1 || task.sinks < 0 || task.overlap < 0 || task.overlap > task.window) {
        return Error{ErrorCode::kInvalidArgument,
                     "blocks of " + std::to_string(task.window) + " tokens, " + std::to_string(task.sinks) +
                         " sinks and an overlap of " + std::to_string(task.overlap) +
                         ": a block, and an overlap within it, are expected"};
    }
    return {};
}

std::filesystem::path fileOf(const std::filesystem::path& folder, const std::string& model) {
    return folder / (model + ".json");
}

/// Similarities as a file has them: numbers from -1 to 1.
bool readSimilarities(const nlohmann::json& json, const char* name, std::vector<double>& values) {
    if (!json.contains(name) || !json[name].is_array()) return false;
    for (const nlohmann::json& value : json[name]) {
        if (!value.is_number() || std::abs(value.get<double>()) > 1.0 + 1e-6) return false;
        values.push_back(value.get<double>());
    }
    return !values.empty();
}

}  // namespace

Result<LayerProfile> profileLayers(const LanguageModel& model, const ProfileTask& task) {
    EPI_TRY(check(task));
    const c10::InferenceMode inference;
    return guarded("profiling the layers", [&]() -> Result<LayerProfile> {
        const auto start = std::chrono::steady_clock::now();
        Profiler profiler(model, task);
        EPI_TRY(profiler.run());
        LayerProfile profile = profiler.profile();
        profile.model = model.info().fingerprint;
        profile.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        return profile;
    });
}

Result<void> saveLayerProfile(const std::filesystem::path& folder, const LayerProfile& profile) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Error{ErrorCode::kIo, "cannot create " + folder.string() + ": " + error.message()};
    const nlohmann::json json{{"version", kVersion},
                              {"model", profile.model},
                              {"tokens", profile.tokens},
                              {"token_similarity", profile.tokenSimilarity},
                              {"window_similarity", profile.windowSimilarity},
                              {"seconds", profile.seconds}};
    return writeFileAtomically(fileOf(folder, profile.model), json.dump(1) + "\n");
}

Result<LayerProfile> loadLayerProfile(const std::filesystem::path& folder, const std::string& model) {
    const std::filesystem::path path = fileOf(folder, model);
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, kMaxFileBytes));
    const auto json = nlohmann::json::parse(text, nullptr, false);
    LayerProfile profile;
    const bool isSound = json.is_object() && json.value("version", nlohmann::json()) == kVersion &&
                         json.value("model", nlohmann::json()) == model &&
                         json.value("tokens", nlohmann::json()).is_number_integer() &&
                         readSimilarities(json, "token_similarity", profile.tokenSimilarity) &&
                         readSimilarities(json, "window_similarity", profile.windowSimilarity) &&
                         profile.tokenSimilarity.size() == profile.windowSimilarity.size();
    if (!isSound) {
        return Error{ErrorCode::kCorruptData,
                     path.filename().string() + ": no layer profile of version " + std::to_string(kVersion) +
                         " for this model"};
    }
    profile.model = model;
    profile.tokens = json["tokens"].get<std::int64_t>();
    return profile;
}

}  // namespace epi
