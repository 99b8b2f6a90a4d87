#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace epi::test {

/// A random decoder with a byte-level vocabulary, as a GGUF file of a few hundred kilobytes: it says nothing
/// sensible, but everything that the engine does with a real model can be done with it in milliseconds. The
/// same description gives the same bytes. A reply never ends by itself: the end token is very unlikely.
struct TinyModel {
    std::string architecture = "llama";  // "llama", "qwen2", "qwen3" or "gemma3"
    std::int32_t layers = 2;
    std::int32_t dimension = 32;
    std::int32_t heads = 4;
    std::int32_t kvHeads = 2;
    std::int32_t feedForward = 64;
    std::int32_t trainedContext = 65536;
    std::int32_t window = 24;  // gemma3
    std::uint32_t seed = 1;

    /// A metadata key that is written with this type and these bytes instead, or besides (see gguf_writer.h).
    struct Key {
        std::string name;
        std::uint32_t type = 0;
        std::string bytes;
    };
    std::vector<Key> otherKeys;
    std::string leftOutKey;
    /// May change a tensor before it is written; false leaves it out.
    using EditTensor = std::function<bool(
        const std::string& name, std::vector<std::uint64_t>& shape, std::vector<float>& values)>;
    EditTensor edit;
};

std::string tinyModelBytes(const TinyModel& model);

/// Writes `folder`/`id`/`id`.gguf, where a model catalogue finds it; its path.
std::filesystem::path writeTinyModel(const std::filesystem::path& folder,
                                     const TinyModel& model = {},
                                     const std::string& id = "tiny");

/// A random sentence embedder of one layer, as the files all-MiniLM-L6-v2 consists of, in `folder`/`id`.
std::filesystem::path writeTinyEmbedder(const std::filesystem::path& folder, const std::string& id);

/// Ids of ordinary tokens of the tiny vocabulary.
std::vector<TokenId> randomTokens(std::size_t count, std::uint32_t seed);

}  // namespace epi::test
