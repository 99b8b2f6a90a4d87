#include "core/engine/memory_files.h"

#include <map>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/base/log.h"
#include "core/engine/episode_files.h"
#include "core/format/cache_file.h"
#include "core/tensor/placement.h"

namespace epi {
namespace {

constexpr const char* kIndexSuffix = ".memory";
constexpr const char* kGroupsSuffix = ".groups";
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

namespace {

/// The episodes and the places of their turns.
nlohmann::json describe(std::span<const EpisodeMemory> episodes, std::span<const Turn> turns) {
    std::map<std::int64_t, std::int64_t> placeOf;
    for (const Turn& turn : turns)
        placeOf.emplace(turn.id, std::ssize(placeOf));
    nlohmann::json described = nlohmann::json::array();
    for (const EpisodeMemory& episode : episodes) {
        std::vector<std::int64_t> places;
        for (const std::int64_t id : episode.turnIds)
            places.push_back(placeOf.at(id));
        described.push_back(describe(episode));
        described.back()[kTurnPlaces] = std::move(places);
    }
    return described;
}

Result<std::vector<EpisodeMemory>> readEpisodes(const std::filesystem::path& path,
                                                const nlohmann::json& metadata,
                                                std::span<const Turn> turns) {
    if (!metadata.contains("episodes") || !metadata["episodes"].is_array())
        return mismatch(path, "its episodes are missing or of another type");
    std::vector<EpisodeMemory> episodes;
    for (const nlohmann::json& json : metadata["episodes"]) {
        EpisodeMemory& episode = episodes.emplace_back();
        std::vector<std::int64_t> places;
        if (!readEpisode(json, episode) || !readField(json, kTurnPlaces, places))
            return mismatch(path, "an episode is damaged");
        for (const std::int64_t place : places) {
            if (place < 0 || place >= std::ssize(turns))
                return mismatch(path, "a turn is not in the history");
            episode.turnIds.push_back(turns[static_cast<std::size_t>(place)].id);
        }
    }
    return episodes;
}

}  // namespace

Result<void> saveMemoryIndex(const std::filesystem::path& folder,
                             const BuiltMemory& memory,
                             std::span<const Turn> turns) {
    const CacheFileHeader header{.key = memory.key,
                                 .metadata = {{"built_turns", memory.builtTurns},
                                              {"built_tokens", memory.builtTokens},
                                              {"layer_budgets", memory.layerBudgets},
                                              {"episodes", describe(memory.episodes, turns)}}};
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
        !readField(metadata, "layer_budgets", memory.layerBudgets)) {
        return mismatch(path, "a field of the index is missing or of another type");
    }
    EPI_TRY_ASSIGN(memory.episodes, readEpisodes(path, metadata, turns));
    return {};
}

Result<void> saveGroups(const std::filesystem::path& folder,
                        const BuiltMemory& memory,
                        std::span<const Turn> turns) {
    std::vector<std::int64_t> copiedAt;
    for (const EpisodeMemory& episode : memory.episodes)
        copiedAt.push_back(episode.copiedAt);
    const CacheFileHeader header{.key = memory.key,
                                 .metadata = {{"turns", std::ssize(turns)},
                                              {"history", historyDigest(turns)},
                                              {"copied_at", std::move(copiedAt)},
                                              {"episodes", describe(memory.episodes, turns)}}};
    return writeCacheFile(folder / (memory.key + kGroupsSuffix), header, {});
}

void loadGroups(const std::filesystem::path& folder, BuiltMemory& memory, std::span<const Turn> turns) {
    const std::filesystem::path path = folder / (memory.key + kGroupsSuffix);
    const auto load = [&]() -> Result<std::vector<EpisodeMemory>> {
        EPI_TRY_ASSIGN(const CacheFile file, CacheFile::open(path));
        const nlohmann::json& metadata = file.header().metadata;
        if (file.header().key != memory.key) return mismatch(path, "another key is inside");
        TurnBoundary grouped;
        std::vector<std::int64_t> copiedAt;
        if (!readField(metadata, "turns", grouped.turns) || !readField(metadata, "copied_at", copiedAt) ||
            !metadata.contains("history") || !metadata["history"].is_string()) {
            return mismatch(path, "a field is missing or of another type");
        }
        grouped.history = metadata["history"].get<std::string>();
        if (grouped.turns < 0 || !isIn(grouped, turns))
            return Error{ErrorCode::kNotFound, "the episodes were grouped in another history"};
        EPI_TRY_ASSIGN(std::vector<EpisodeMemory> episodes, readEpisodes(path, metadata, turns));
        if (episodes.size() != memory.episodes.size() || copiedAt.size() != episodes.size())
            return mismatch(path, "it has other episodes");
        for (std::size_t index = 0; index < episodes.size(); ++index) {
            episodes[index].groupedTurns = grouped.turns;
            episodes[index].copiedAt = copiedAt[index];
        }
        return episodes;
    };
    auto episodes = load();
    if (episodes) {
        memory.episodes = *std::move(episodes);
    } else if (episodes.error().code != ErrorCode::kNotFound) {
        logWarning(episodes.error().message + "; the episodes are those of the build");
    }
}

}  // namespace epi
