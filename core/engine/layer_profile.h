#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/text/tokenizer.h"

namespace epi {

class LanguageModel;

/// How much the keys of each layer change when a long text is read in blocks with a bounded view instead of
/// with full attention (EpiCache section 3.2): mean cosines between the two, 1 for a layer that does not
/// care. A property of the model, hardly of the text.
struct LayerProfile {
    std::string model;                     // fingerprint
    std::int64_t tokens = 0;               // of the text
    std::vector<double> tokenSimilarity;   // [layers], mean over heads and tokens
    std::vector<double> windowSimilarity;  // [layers], over vectors of 100 tokens, as the released code does
    double seconds = 0.0;
};

/// The text that is read, and the view it is read with: `window` tokens in a block, the last `overlap` of the
/// one before and the first `sinks` of all are seen.
struct ProfileTask {
    std::vector<TokenId> ids;
    std::int64_t window = 4096;
    std::int64_t sinks = 128;
    std::int64_t overlap = 2048;
    std::function<void(std::int64_t done, std::int64_t total)> progress;  // tokens
    CancelToken cancel;
};

/// Reads the text both ways, side by side. kInvalidArgument for a text or a view that is too short,
/// kCancelled between layers, kOutOfMemory.
Result<LayerProfile> profileLayers(const LanguageModel& model, const ProfileTask& task);

/// Replaces the profile of a model in a folder of them, or leaves it as it was.
Result<void> saveLayerProfile(const std::filesystem::path& folder, const LayerProfile& profile);
/// kNotFound when there is none, kCorruptData when it is of another version or damaged.
Result<LayerProfile> loadLayerProfile(const std::filesystem::path& folder, const std::string& model);

}  // namespace epi
