#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/chat/chat_template.h"
#include "core/engine/options.h"
#include "core/text/tokenizer.h"

namespace epi {

class Executor;

/// What a loaded model is.
struct ModelInfo {
    std::string title;
    std::filesystem::path path;
    std::string architecture;
    std::string device;  // "NVIDIA H200" or "CPU, 2 threads"
    std::string notice;  // why CUDA is not used; empty when it is, or was not wanted
    std::string
        decoderNotice;  // why the GPU's own decode kernels are not used; empty when they are, or on the CPU
    std::string fingerprint;
    std::int32_t layers = 0;
    std::int32_t kvHeads = 0;
    std::int32_t vocabulary = 0;
    std::int32_t trainedContext = 0;
    std::int64_t weightBytes = 0;
    bool isOnGpu = false;
};

/// A decoder with its tokenizer and chat template, loaded from a GGUF file. Immutable after load; forwards go
/// through `executor`, one thread at a time.
class LanguageModel {
public:
    struct LoadOptions {
        std::filesystem::path path;
        DeviceChoice device = DeviceChoice::kAuto;
        ComputeMode compute = ComputeMode::kExact;
        std::function<void(std::int64_t doneBytes, std::int64_t totalBytes)> progress;
        CancelToken cancel;
    };

    /// kNotFound or kIo for the file, kCorruptData or kUnsupported for its content, kOutOfMemory, kCancelled.
    static Result<std::unique_ptr<LanguageModel>> load(const LoadOptions& options);
    ~LanguageModel();

    /// What a model consists of.
    struct Parts {
        ModelInfo info;  // title, path, architecture, device, notice and fingerprint; the rest is filled in
        std::string templateText;
        std::unique_ptr<Tokenizer> tokenizer;
        std::unique_ptr<Executor> executor;
    };
    static std::unique_ptr<LanguageModel> assemble(Parts parts);

    [[nodiscard]] const ModelInfo& info() const { return info_; }
    [[nodiscard]] const Tokenizer& tokenizer() const { return *tokenizer_; }
    [[nodiscard]] const Executor& executor() const { return *executor_; }

    /// The formatter of the model's own chat template; the plain one for a model without template, or with
    /// `plainFallback` for one whose template is unknown (kUnsupported otherwise).
    [[nodiscard]] Result<std::shared_ptr<const ChatTemplate>> chatTemplate(bool plainFallback) const;

private:
    LanguageModel();

    ModelInfo info_;
    std::string templateText_;
    std::unique_ptr<Tokenizer> tokenizer_;
    std::unique_ptr<Executor> executor_;
};

}  // namespace epi
