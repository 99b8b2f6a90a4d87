#include "core/engine/memory_files.h"

#include <map>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/format/cache_file.h"
#include "core/tensor/placement.h"

namespace epi {
namespace {

constexpr const char* kIndexSuffix = ".memory";
constexpr const char* kTurnPlaces = "turn_places";

Error mismatch(const std::filesystem::path& path, const std::string& what) {
    return Error{ErrorCode::kCorruptData, path.filename().string() + ": " + what};
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

}  // namespace

nlohmann::json describe(const EpisodeMemory& episode) {
    return {{"segments", episode.episode.segments},
            {"representative_segments", episode.episode.representatives},
            {"centroid", episode.episode.centroid},
            {"representatives", episode.representatives},
            {"name", episode.name},
            {"prompt", episode.prompt}};
}

bool readEpisode(const nlohmann::json& json, EpisodeMemory& episode) {
    if (!json.is_object() || !json.value("name", nlohmann::json()).is_string()) return false;
    episode.name = json["name"].get<std::string>();
    return readField(json, "segments", episode.episode.segments) &&
           readField(json, "representative_segments", episode.episode.representatives) &&
           readField(json, "centroid", episode.episode.centroid) &&
           readField(json, "representatives", episode.representatives) &&
           readField(json, "prompt", episode.prompt);
}

Result<void> saveMemoryIndex(const std::filesystem::path& folder,
                             const BuiltMemory& memory,
                             std::span<const Turn> turns) {
    std::map<std::int64_t, std::int64_t> placeOf;
    for (const Turn& turn : turns)
        placeOf.emplace(turn.id, std::ssize(placeOf));
    nlohmann::json episodes = nlohmann::json::array();
    for (const EpisodeMemory& episode : memory.episodes) {
        std::vector<std::int64_t> places;
        for (const std::int64_t id : episode.turnIds)
            places.push_back(placeOf.at(id));
        episodes.push_back(describe(episode));
        episodes.back()[kTurnPlaces] = std::move(places);
    }
    const CacheFileHeader header{.key = memory.key,
                                 .metadata = {{"built_turns", memory.builtTurns},
                                              {"built_tokens", memory.builtTokens},
                                              {"layer_budgets", memory.layerBudgets},
                                              {"episodes", std::move(episodes)}}};
    return writeCacheFile(folder / (memory.key + kIndexSuffix), header, {});
}

Result<void> loadMemoryIndex(const std::filesystem::path& folder,
                             BuiltMemory& memory,
                             std::span<const Turn> turns) {
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
        EpisodeMemory& episode = memory.episodes.emplace_back();
        std::vector<std::int64_t> places;
        if (!readEpisode(json, episode) || !readField(json, kTurnPlaces, places))
            return mismatch(path, "an episode is damaged");
        for (const std::int64_t place : places) {
            if (place < 0 || place >= std::ssize(turns))
                return mismatch(path, "a turn is not in the history");
            episode.turnIds.push_back(turns[static_cast<std::size_t>(place)].id);
        }
    }
    return {};
}

}  // namespace epi
