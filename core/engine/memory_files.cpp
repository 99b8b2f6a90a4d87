#include "core/engine/memory_files.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <system_error>

#include <ATen/ops/empty.h>
#include <nlohmann/json.hpp>

#include "core/format/cache_file.h"
#include "core/tensor/placement.h"

namespace epi {
namespace {

constexpr const char* kIndexSuffix = ".memory";
constexpr const char* kCacheSuffix = ".kv";
constexpr std::size_t kKeyDigits = 64;

std::span<const std::byte> bytesOf(const at::Tensor& tensor) {
    return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

Error mismatch(const std::filesystem::path& path, const std::string& what) {
    return Error{ErrorCode::kCorruptData, path.filename().string() + ": " + what};
}

std::string sectionName(const char* kind, std::size_t layer) {
    return std::string(kind) + "." + std::to_string(layer);
}

nlohmann::json describe(const EpisodeMemory& episode) {
    return {{"segments", episode.episode.segments},
            {"representative_segments", episode.episode.representatives},
            {"centroid", episode.episode.centroid},
            {"representatives", episode.representatives},
            {"turn_ids", episode.turnIds},
            {"name", episode.name},
            {"prompt", episode.prompt}};
}

/// Fills `value` when the field has its type.
template <typename T>
bool readField(const nlohmann::json& json, const char* name, T& value) {
    if (!json.is_object() || !json.contains(name)) return false;
    const nlohmann::json& field = json[name];
    if constexpr (std::is_integral_v<T>) {
        if (!field.is_number_integer()) return false;
    } else {
        using Element = typename T::value_type;
        if (!field.is_array()) return false;
        for (const nlohmann::json& element : field) {
            const bool fits = std::is_same_v<Element, std::string> ? element.is_string()
                              : std::is_integral_v<Element>        ? element.is_number_integer()
                                                                   : element.is_number();
            if (!fits) return false;
        }
    }
    value = field.get<T>();
    return true;
}

bool readEpisode(const nlohmann::json& json, EpisodeMemory& episode) {
    if (!json.is_object() || !json.value("name", nlohmann::json()).is_string()) return false;
    episode.name = json["name"].get<std::string>();
    return readField(json, "segments", episode.episode.segments) &&
           readField(json, "representative_segments", episode.episode.representatives) &&
           readField(json, "centroid", episode.episode.centroid) &&
           readField(json, "representatives", episode.representatives) &&
           readField(json, "turn_ids", episode.turnIds) && readField(json, "prompt", episode.prompt);
}

/// The scores that the entries of a layer keep, head-major, not a number where an entry has none; empty when
/// no entry has one.
std::vector<float> flatScores(const LayerArena::Content& layer) {
    std::vector<float> flat;
    for (std::size_t head = 0; head < layer.scores.size(); ++head) {
        flat.insert(flat.end(), layer.scores[head].begin(), layer.scores[head].end());
        flat.insert(flat.end(),
                    layer.positions[head].size() - layer.scores[head].size(),
                    std::numeric_limits<float>::quiet_NaN());
    }
    return flat;
}

/// Inverse of flatScores: a head's scores end where the first entry has none.
std::vector<std::vector<float>> scoresPerHead(std::span<const float> flat,
                                              std::span<const std::int64_t> lengths) {
    std::vector<std::vector<float>> scores;
    for (const std::int64_t length : lengths) {
        const auto head = flat.first(static_cast<std::size_t>(length));
        const auto end = std::ranges::find_if(head, [](float score) { return !std::isfinite(score); });
        scores.emplace_back(head.begin(), end);
        flat = flat.subspan(head.size());
    }
    return scores;
}

}  // namespace

Result<void> saveMemoryIndex(const std::filesystem::path& folder, const BuiltMemory& memory) {
    nlohmann::json episodes = nlohmann::json::array();
    for (const EpisodeMemory& episode : memory.episodes)
        episodes.push_back(describe(episode));
    const CacheFileHeader header{.key = memory.key,
                                 .metadata = {{"built_turns", memory.builtTurns},
                                              {"built_tokens", memory.builtTokens},
                                              {"layer_budgets", memory.layerBudgets},
                                              {"episodes", std::move(episodes)}}};
    return writeCacheFile(folder / (memory.key + kIndexSuffix), header, {});
}

Result<void> loadMemoryIndex(const std::filesystem::path& folder, BuiltMemory& memory) {
    const std::filesystem::path path = folder / (memory.key + kIndexSuffix);
    EPI_TRY_ASSIGN(const CacheFile file, CacheFile::open(path));
    const nlohmann::json& metadata = file.header().metadata;
    if (file.header().key != memory.key) return mismatch(path, "another key is inside");
    if (!readField(metadata, "built_turns", memory.builtTurns) ||
        !readField(metadata, "built_tokens", memory.builtTokens) ||
        !readField(metadata, "layer_budgets", memory.layerBudgets) || !metadata.contains("episodes") ||
        !metadata["episodes"].is_array()) {
        return mismatch(path, "a field of the index is missing or of another type");
    }
    for (const nlohmann::json& json : metadata["episodes"]) {
        if (!readEpisode(json, memory.episodes.emplace_back()))
            return mismatch(path, "an episode is damaged");
    }
    return {};
}

Result<void> saveSnapshot(const std::filesystem::path& folder,
                          const std::string& key,
                          const KvSnapshot& snapshot) {
    std::vector<std::string> names;
    std::vector<std::vector<std::int32_t>> positions;
    std::vector<std::vector<float>> scores;
    nlohmann::json lengths = nlohmann::json::array();
    for (const LayerArena::Content& layer : snapshot.layers) {
        nlohmann::json heads = nlohmann::json::array();
        std::vector<std::int32_t>& flat = positions.emplace_back();
        for (const auto& head : layer.positions) {
            heads.push_back(head.size());
            flat.insert(flat.end(), head.begin(), head.end());
        }
        lengths.push_back(std::move(heads));
        scores.push_back(flatScores(layer));
    }
    names.reserve(snapshot.layers.size() * 4);
    std::vector<CacheSection> sections;
    for (std::size_t layer = 0; layer < snapshot.layers.size(); ++layer) {
        const auto add = [&](const char* kind, std::span<const std::byte> bytes) {
            sections.push_back({names.emplace_back(sectionName(kind, layer)), bytes});
        };
        add("keys", bytesOf(snapshot.layers[layer].keys));
        add("values", bytesOf(snapshot.layers[layer].values));
        add("positions", std::as_bytes(std::span(positions[layer])));
        if (!scores[layer].empty()) add("scores", std::as_bytes(std::span(scores[layer])));
    }
    const auto type = snapshot.layers.front().keys.scalar_type();
    const CacheFileHeader header{.key = key,
                                 .metadata = {{"next_position", snapshot.nextPosition},
                                              {"type", typeName(type)},
                                              {"lengths", std::move(lengths)}}};
    return writeCacheFile(folder / (key + kCacheSuffix), header, sections);
}

Result<std::shared_ptr<const KvSnapshot>> loadSnapshot(const std::filesystem::path& folder,
                                                       const std::string& key,
                                                       const ModelSpec& spec) {
    const std::filesystem::path path = folder / (key + kCacheSuffix);
    EPI_TRY_ASSIGN(const CacheFile file, CacheFile::open(path));
    const nlohmann::json& metadata = file.header().metadata;
    auto snapshot = std::make_shared<KvSnapshot>();
    if (file.header().key != key) return mismatch(path, "another key is inside");
    if (!readField(metadata, "next_position", snapshot->nextPosition) || !metadata.contains("lengths") ||
        !metadata["lengths"].is_array() || metadata["lengths"].size() != spec.layers.size() ||
        !metadata.contains("type")) {
        return mismatch(path, "a field of the header is missing or does not fit the model");
    }
    const auto type = typeFromName(metadata["type"].is_string() ? metadata["type"].get<std::string>() : "");
    if (!type) return mismatch(path, "the type of its keys is unknown");
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        const AttentionSpec& attention = spec.layers[layer].attention;
        std::vector<std::int64_t> lengths;
        const nlohmann::json wrapped{{"heads", metadata["lengths"][layer]}};
        if (!readField(wrapped, "heads", lengths) ||
            lengths.size() != static_cast<std::size_t>(attention.kvHeads) ||
            std::any_of(lengths.begin(), lengths.end(), [](std::int64_t length) { return length < 0; })) {
            return mismatch(path,
                            "the head lengths of layer " + std::to_string(layer) + " do not fit the model");
        }
        std::int64_t total = 0;
        for (const std::int64_t length : lengths) {
            if (__builtin_add_overflow(total, length, &total))
                return mismatch(path, "a head length overflows");
        }
        const auto expected = static_cast<std::uint64_t>(total) * sizeof(std::int32_t);
        if (file.sectionSize(sectionName("positions", layer)).value_or(expected + 1) != expected) {
            return mismatch(path,
                            "the positions of layer " + std::to_string(layer) + " do not fit its lengths");
        }
        LayerArena::Content& content = snapshot->layers.emplace_back();
        const auto read = [&](const char* kind, at::Tensor& tensor) -> Result<void> {
            tensor = at::empty({total, attention.headDim}, *type);
            return file.read(sectionName(kind, layer),
                             {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()});
        };
        EPI_TRY(read("keys", content.keys));
        EPI_TRY(read("values", content.values));
        std::vector<std::int32_t> flat(static_cast<std::size_t>(total));
        EPI_TRY(file.read(sectionName("positions", layer), std::as_writable_bytes(std::span(flat))));
        auto next = flat.begin();
        for (const std::int64_t length : lengths) {
            content.positions.emplace_back(next, next + length);
            next += length;
        }
        if (file.sectionSize(sectionName("scores", layer)).value_or(0) != expected || total == 0) continue;
        std::vector<float> scores(static_cast<std::size_t>(total));
        EPI_TRY(file.read(sectionName("scores", layer), std::as_writable_bytes(std::span(scores))));
        content.scores = scoresPerHead(scores, lengths);
    }
    return std::shared_ptr<const KvSnapshot>(std::move(snapshot));
}

Result<RemovedFiles> removeMemory(const std::filesystem::path& folder, const std::string& key) {
    const std::string memoryKey = key.substr(0, kKeyDigits);
    const bool isKey = memoryKey.size() == kKeyDigits &&
                       memoryKey.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!isKey) return Error{ErrorCode::kInvalidArgument, "'" + key + "' is not the key of a memory"};
    RemovedFiles removed;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (!entry.path().filename().string().starts_with(memoryKey)) continue;
        const auto size = entry.file_size(error);
        if (!std::filesystem::remove(entry.path(), error)) continue;
        removed.files += 1;
        removed.bytes += static_cast<std::int64_t>(size);
    }
    return removed;
}

}  // namespace epi
