#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/text/tokenizer.h"

namespace epi {

/// The numbers of a BERT encoder that its tensors do not say.
struct BertConfig {
    std::int64_t layers = 0;
    std::int64_t heads = 0;
    std::int64_t dimension = 0;
    double epsilon = 1e-12;
};

/// Where an encoder's tensors lie and what they are held in.
struct BertPlacement {
    c10::Device device = c10::Device(c10::kCPU);
    c10::ScalarType type = c10::kFloat;        // of activations, norms and embeddings
    c10::ScalarType linearType = c10::kFloat;  // of what is multiplied
};

/// A BERT encoder with mean pooling: word pieces to vectors of length 1. Immutable: one thread at a time.
class BertEncoder {
public:
    /// Gives a tensor of the checkpoint by its name, fp32 on the CPU.
    using Source = std::function<Result<at::Tensor>(const std::string& name)>;

    /// Takes every tensor that the config asks for. kCorruptData when one has another shape.
    static Result<BertEncoder> load(const BertConfig& config,
                                    const BertPlacement& placement,
                                    const Source& source);

    /// Texts of at least one piece as unit vectors, [texts, dimension], fp32 on the CPU. Shorter ones are
    /// padded to the longest, and padding is seen by none.
    [[nodiscard]] at::Tensor encode(std::span<const std::vector<TokenId>* const> texts) const;

    [[nodiscard]] std::int64_t dimension() const { return config_.dimension; }
    [[nodiscard]] const BertPlacement& placement() const { return placement_; }
    [[nodiscard]] std::int64_t vocabularySize() const;
    [[nodiscard]] std::int64_t positions() const;
    [[nodiscard]] std::int64_t bytes() const { return bytes_; }

private:
    struct Batch;

    BertEncoder(const BertConfig& config, const BertPlacement& placement)
        : config_(config), placement_(placement) {}

    [[nodiscard]] Batch gather(std::span<const std::vector<TokenId>* const> texts) const;
    [[nodiscard]] const at::Tensor& tensor(const std::string& name) const { return tensors_.at(name); }
    [[nodiscard]] at::Tensor linear(const at::Tensor& x, const std::string& name) const;
    [[nodiscard]] at::Tensor norm(const at::Tensor& x, const std::string& name) const;

    BertConfig config_;
    BertPlacement placement_;
    std::unordered_map<std::string, at::Tensor> tensors_;
    std::int64_t bytes_ = 0;
};

}  // namespace epi
