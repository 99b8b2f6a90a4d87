#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/wording.h"
#include "core/engine/job_context.h"
#include "core/engine/layer_profile.h"
#include "core/engine/local_engine.h"
#include "core/engine/notice.h"
#include "core/model/language_model.h"
#include "core/model/text_embedder.h"

namespace epi {

/// A model and what memories are made with besides. A value that moves. Engine thread only.
struct LoadedModel {
    std::unique_ptr<LanguageModel> model;
    std::unique_ptr<TextEmbedder> embedder;  // null: none is installed
    std::shared_ptr<const ChatTemplate> chatTemplate;
    Wording wording;
    std::optional<LayerProfile> profile;  // where one was made
    std::vector<Notice> notices;          // why it is this model, and what it cannot do here

    /// Another one when any of them would make other memories or answers, as in ModelLoaded.
    [[nodiscard]] std::string identity() const;
    [[nodiscard]] ModelLoaded described() const;
};

/// Emits progress; a cancel is seen between two tensors. The errors of finding and reading the files.
Result<LoadedModel> loadModel(const LocalEngineConfig& config,
                              const LoadModel& command,
                              const JobContext& context);

/// Why it is the CPU that computes. Requires: CUDA cannot be used.
Notice cpuNotice();

/// How many threads compute; 0 on a GPU.
std::int32_t threadsOf(bool isOnGpu);

}  // namespace epi
