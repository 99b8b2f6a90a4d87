#include "core/engine/loaded_model.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string_view>
#include <thread>

#include "core/base/seconds_since.h"
#include "core/format/cache_key.h"
#include "core/model/embedders.h"
#include "core/model/executor.h"
#include "core/model/model_catalog.h"
#include "core/tensor/device_memory.h"

namespace epi {
namespace {

/// What the user should know of a model that was loaded: why it is this one, and why it does not run on a
/// GPU.
std::vector<Notice> noticesOf(const LoadModel& command, const ModelInfo& info) {
    std::vector<Notice> notices;
    if (command.model.empty())
        notices.push_back(makeNotice(NoticeCode::kDefaultModel, {info.path.stem().string()}));
    if (!info.notice.empty()) notices.push_back(cpuNotice());
    if (!info.decoderNotice.empty())
        notices.push_back(makeNotice(NoticeCode::kSlowReplies, {info.decoderNotice}));
    return notices;
}

}  // namespace

Notice cpuNotice() {
    switch (cudaObstacle()) {
        case CudaObstacle::kNoDriver:
            return makeNotice(NoticeCode::kNoDriver);
        case CudaObstacle::kNoPlugin:
            return makeNotice(NoticeCode::kNoPlugin, {"libepi_cuda.so"});
        case CudaObstacle::kNone:
        case CudaObstacle::kOther:
            break;
    }
    return makeNotice(NoticeCode::kNoCuda, {cudaUnavailableReason()});
}

std::int32_t threadsOf(bool isOnGpu) {
    return isOnGpu ? 0 : static_cast<std::int32_t>(std::thread::hardware_concurrency());
}

std::string LoadedModel::identity() const {
    const LayerProfile layers = profile.value_or(LayerProfile());
    const std::string embedding = embedder ? embedder->fingerprint() : std::string();
    const std::string texts = wordingKey(wording);
    // Threads decide about speed alone.
    const std::string device = model->info().isOnGpu ? model->info().device : "CPU";
    const std::string compute = precisionOf(model->executor().placement());
    const auto bytes = [](std::string_view text) {
        return std::as_bytes(std::span(text));
    };
    const std::array fields{
        CacheKeyField{"model", bytes(model->info().fingerprint)},
        CacheKeyField{"embedder", bytes(embedding)},
        CacheKeyField{"template", bytes(chatTemplate->id())},
        CacheKeyField{"texts", bytes(texts)},
        CacheKeyField{"device", bytes(device)},
        CacheKeyField{"compute", bytes(compute)},
        CacheKeyField{"token profile", std::as_bytes(std::span(layers.tokenSimilarity))},
        CacheKeyField{"window profile", std::as_bytes(std::span(layers.windowSimilarity))}};
    return cacheKey(fields);
}

ModelLoaded LoadedModel::described() const {
    const ModelInfo& info = model->info();
    return {.title = info.title,
            .path = info.path.string(),
            .architecture = info.architecture,
            .device = info.device,
            .layers = info.layers,
            .kvHeads = info.kvHeads,
            .trainedContext = info.trainedContext,
            .weightBytes = info.weightBytes + (embedder ? embedder->weightBytes() : 0),
            .notices = notices,
            .identity = identity(),
            .threads = threadsOf(info.isOnGpu)};
}

Result<LoadedModel> loadModel(const LocalEngineConfig& config,
                              const LoadModel& command,
                              const JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    const auto progress = [&](std::int64_t done, std::int64_t total) {
        const double perSecond = static_cast<double>(done) / std::max(1e-9, secondsSince(start));
        context.emit(Progress{
            .phase = "loading", .done = done, .total = total, .unit = "bytes", .perSecond = perSecond});
    };
    EPI_TRY_ASSIGN(const std::filesystem::path path,
                   findModel(config.modelFolder, command.model, cudaUnavailableReason().empty()));
    LoadedModel loaded;
    EPI_TRY_ASSIGN(loaded.model,
                   LanguageModel::load({.path = path,
                                        .device = command.device,
                                        .compute = command.compute,
                                        .progress = progress,
                                        .cancel = context.cancel}));
    EPI_TRY_ASSIGN(loaded.chatTemplate, loaded.model->chatTemplate(command.plainTemplate));
    loaded.notices = noticesOf(command, loaded.model->info());
    if (!command.prompts.empty()) {
        auto wording = parseWording(command.prompts);
        if (!wording) return std::move(wording).error().with("prompts");
        loaded.wording = *std::move(wording);
    }
    auto embedder = loadEmbedder(config.modelFolder, command, *loaded.model, loaded.wording, context.cancel);
    if (embedder) {
        loaded.embedder = *std::move(embedder);
    } else if (embedder.error().code == ErrorCode::kNotFound && command.embedder.empty()) {
        loaded.notices.push_back(makeNotice(NoticeCode::kNoEmbedder, {embedder.error().message}));
    } else {
        return std::move(embedder).error();
    }
    if (auto profile = loadLayerProfile(config.profileFolder, loaded.model->info().fingerprint))
        loaded.profile = *std::move(profile);
    return loaded;
}

}  // namespace epi
