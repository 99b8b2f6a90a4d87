#include "core/engine/episode_files.h"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/base/log.h"
#include "core/engine/memory_files.h"

namespace epi {
namespace {

using nlohmann::json;

json describe(const TurnBoundary& boundary) {
    return {{"turns", boundary.turns},
            {"rows", boundary.rows},
            {"reply_open", boundary.isReplyOpen},
            {"history", boundary.history},
            {"embedding", boundary.embedding}};
}

/// Numbers; nothing when there is something else among them.
std::optional<std::vector<float>> readNumbers(const json& object, const char* field) {
    if (!object.contains(field) || !object[field].is_array()) return std::nullopt;
    std::vector<float> numbers;
    for (const json& value : object[field]) {
        if (!value.is_number()) return std::nullopt;
        numbers.push_back(value.get<float>());
    }
    return numbers;
}

std::optional<TurnBoundary> readBoundary(const json& value) {
    if (!value.is_object() || !value.contains("turns") || !value["turns"].is_number_integer() ||
        !value.contains("rows") || !value["rows"].is_number_integer() || !value.contains("reply_open") ||
        !value["reply_open"].is_boolean() || !value.contains("history") || !value["history"].is_string()) {
        return std::nullopt;
    }
    TurnBoundary boundary{.turns = value["turns"].get<std::int64_t>(),
                          .rows = value["rows"].get<std::int64_t>(),
                          .isReplyOpen = value["reply_open"].get<bool>(),
                          .history = value["history"].get<std::string>()};
    auto embedding = readNumbers(value, "embedding");
    if (boundary.turns < 0 || boundary.rows < 0 || !embedding) return std::nullopt;
    boundary.embedding = *std::move(embedding);
    return boundary;
}

/// The boundary of a whole copy.
std::optional<TurnBoundary> wholeBoundary(const SnapshotHead& head) {
    if (!head.notes.contains("boundary")) return std::nullopt;
    return readBoundary(head.notes["boundary"]);
}

/// The boundaries that a file of rows holds.
std::vector<TurnBoundary> rowBoundaries(const SnapshotHead& head) {
    std::vector<TurnBoundary> boundaries;
    if (!head.notes.contains("boundaries") || !head.notes["boundaries"].is_array()) return boundaries;
    for (const json& value : head.notes["boundaries"]) {
        const auto boundary = readBoundary(value);
        if (!boundary) return {};
        boundaries.push_back(*boundary);
    }
    return boundaries;
}

bool extends(const SnapshotHead& rows, std::uint64_t identity) {
    const json& notes = rows.notes;
    return notes.contains("extends") && notes["extends"].is_number_unsigned() &&
           notes["extends"].get<std::uint64_t>() == identity;
}

void warn(const Error& error, const char* consequence) {
    if (error.code != ErrorCode::kNotFound) logWarning(error.message + "; " + consequence);
}

StreamingCentroid centroidAsBuilt(const EpisodeMemory& episode) {
    return {.mean = episode.episode.centroid,
            .count = std::max<std::int64_t>(1, static_cast<std::int64_t>(episode.episode.segments.size()))};
}

std::optional<StreamingCentroid> readCentroid(const json& notes) {
    auto mean = readNumbers(notes, "centroid");
    if (!mean || !notes.contains("segments") || !notes["segments"].is_number_unsigned()) return std::nullopt;
    return StreamingCentroid{.mean = *std::move(mean), .count = notes["segments"].get<std::int64_t>()};
}

/// When the cache in a file was taken from another episode: one of another grouping is no use.
std::int64_t copiedAt(const SnapshotHead& built) {
    const json& notes = built.notes;
    return notes.contains("copied_at") && notes["copied_at"].is_number_unsigned()
               ? notes["copied_at"].get<std::int64_t>()
               : 0;
}

/// What is noted beside a whole copy.
SnapshotNotes wholeNotes(const EpisodeMemory& episode, CacheCodec codec) {
    SnapshotNotes notes{.codec = codec,
                        .notes = {{"boundary", describe(episode.boundaries.front())},
                                  {"centroid", episode.wholeCentroid.mean},
                                  {"segments", static_cast<std::uint64_t>(episode.wholeCentroid.count)}}};
    // The index of the memory does not know it.
    if (episode.isAdded) notes.notes["episode"] = describe(episode);
    if (episode.copiedAt > 0) notes.notes["copied_at"] = static_cast<std::uint64_t>(episode.copiedAt);
    return notes;
}

void removeFile(const std::filesystem::path& path) {
    std::error_code error;  // a file that cannot be removed is replaced by the next one
    std::filesystem::remove(path, error);
}

/// The first rows of what a file holds.
KvSnapshot firstRows(const KvSnapshot& snapshot, std::int64_t rows) {
    const auto held = static_cast<std::int64_t>(snapshot.layers.front().positions.front().size());
    if (rows == held) return snapshot;
    KvSnapshot first{
        .layers = {}, .nextPosition = snapshot.nextPosition - (held - rows), .shift = snapshot.shift};
    for (const LayerArena::Content& layer : snapshot.layers) {
        const auto heads = static_cast<std::int64_t>(layer.positions.size());
        const auto cut = [&](const at::Tensor& tensor) {
            return tensor.view({heads, held, -1}).narrow(1, 0, rows).reshape({heads * rows, -1});
        };
        LayerArena::Content& content = first.layers.emplace_back();
        content.keys = cut(layer.keys);
        content.values = cut(layer.values);
        for (const auto& head : layer.positions)
            content.positions.emplace_back(head.begin(), head.begin() + rows);
        for (const auto& head : layer.origins)
            content.origins.emplace_back(head.begin(), head.begin() + rows);
    }
    return first;
}

/// Adds the rows since the whole copy.
Result<void> loadRows(const EpisodeFiles& files,
                      const ModelSpec& spec,
                      const Placement& placement,
                      const EpisodeMemory& episode,
                      KvCache& cache) {
    EPI_TRY_ASSIGN(const LoadedSnapshot loaded, loadSnapshot(files.turns, files.key, spec, placement));
    const TurnBoundary& last = episode.boundaries.back();
    const std::vector<TurnBoundary> held = rowBoundaries(loaded.head);
    const bool isEven = std::ranges::all_of(loaded.snapshot.layers, [&](const LayerArena::Content& layer) {
        return std::ranges::all_of(layer.positions, [&](const auto& head) {
            return !held.empty() && static_cast<std::int64_t>(head.size()) == held.back().rows;
        });
    });
    if (!isEven || !extends(loaded.head, episode.wholeIdentity) ||
        std::ranges::none_of(held, [&](const TurnBoundary& each) { return each.isSamePlace(last); })) {
        return Error{ErrorCode::kCorruptData,
                     files.turns.filename().string() + " belongs to another state of the episode"};
    }
    return cache.append(firstRows(loaded.snapshot, last.rows));
}

}  // namespace

EpisodeFiles episodeFiles(const std::filesystem::path& folder, const std::string& episodeKey) {
    return {.key = episodeKey,
            .built = folder / (episodeKey + ".kv"),
            .grown = folder / (episodeKey + ".grown"),
            .turns = folder / (episodeKey + ".turns"),
            .part = folder / (episodeKey + ".part")};
}

bool isIn(const TurnBoundary& boundary, std::span<const Turn> history) {
    const auto turns = static_cast<std::size_t>(boundary.turns);
    return turns <= history.size() && historyDigest(history.first(turns)) == boundary.history;
}

StreamingCentroid centroidAfter(const EpisodeMemory& episode, std::int64_t turns) {
    StreamingCentroid centroid = episode.wholeCentroid;
    for (const TurnBoundary& boundary : episode.boundaries) {
        if (boundary.turns > turns || boundary.turns <= episode.groupedTurns ||
            boundary.embedding.size() != centroid.mean.size()) {
            continue;
        }
        ++centroid.count;
        for (std::size_t i = 0; i < centroid.mean.size(); ++i) {
            centroid.mean[i] +=
                (boundary.embedding[i] - centroid.mean[i]) / static_cast<float>(centroid.count);
        }
    }
    return centroid;
}

void loadState(const EpisodeFiles& files, std::span<const Turn> history, EpisodeMemory& episode) {
    episode.boundaries.clear();
    episode.wholeIdentity = 0;
    episode.wholeCentroid = centroidAsBuilt(episode);
    episode.isGrown = episode.isWholeUnsaved = episode.areRowsUnsaved = false;
    const auto built = readSnapshotHead(files.built, files.key);
    if (!built) {
        warn(built.error(), "the episode is built again when it is asked");
        return;
    }
    const auto boundary = wholeBoundary(*built);
    if (!boundary || !isIn(*boundary, history) || copiedAt(*built) != episode.copiedAt) return;
    episode.keptEntries = built->entries;
    episode.isReindexed = built->shift > 0;
    episode.wholeIdentity = built->identity;
    episode.builtTurns = boundary->turns;
    episode.boundaries = {*boundary};

    if (const auto grown = readSnapshotHead(files.grown, files.key)) {
        const auto later = wholeBoundary(*grown);
        auto centroid = readCentroid(grown->notes);
        if (later && centroid && isIn(*later, history)) {
            if (later->turns > episode.groupedTurns) episode.wholeCentroid = *std::move(centroid);
            episode.wholeIdentity = grown->identity;
            episode.boundaries = {*later};
            episode.isGrown = true;
        }
    } else {
        warn(grown.error(), "later turns are read again");
    }
    const auto rows = readSnapshotHead(files.turns, files.key);
    if (!rows) return warn(rows.error(), "its turns are read again");
    if (!extends(*rows, episode.wholeIdentity)) return;
    for (const TurnBoundary& later : rowBoundaries(*rows)) {
        if (!isIn(later, history)) break;
        episode.boundaries.push_back(later);
    }
}

SnapshotNotes beginBuilt(const EpisodeFiles& files,
                         const KvSnapshot& snapshot,
                         CacheCodec codec,
                         EpisodeMemory& episode) {
    episode.keptEntries = snapshot.entries();
    episode.isReindexed = snapshot.shift > 0;
    episode.wholeIdentity = 0;
    episode.wholeCentroid = centroidAsBuilt(episode);
    episode.builtTurns = episode.boundaries.front().turns;
    episode.isGrown = episode.areRowsUnsaved = false;
    episode.isWholeUnsaved = true;
    forgetTurns(files, episode);
    return wholeNotes(episode, codec);
}

Result<SnapshotHead> writeBuilt(const EpisodeFiles& files,
                                const KvSnapshot& snapshot,
                                const SnapshotNotes& notes) {
    return saveSnapshot(files.built, files.key, snapshot, notes);
}

void endBuilt(const EpisodeFiles& files, const SnapshotHead& head, EpisodeMemory& episode) {
    episode.wholeIdentity = head.identity;
    episode.isWholeUnsaved = false;
    removeFile(files.part);
}

Result<void> saveBuilt(const EpisodeFiles& files,
                       const KvSnapshot& snapshot,
                       CacheCodec codec,
                       EpisodeMemory& episode) {
    const SnapshotNotes notes = beginBuilt(files, snapshot, codec, episode);
    EPI_TRY_ASSIGN(const SnapshotHead head, writeBuilt(files, snapshot, notes));
    endBuilt(files, head, episode);
    return {};
}

Result<void> saveState(const EpisodeFiles& files,
                       const KvCache& cache,
                       CacheCodec codec,
                       EpisodeMemory& episode) {
    const std::int64_t rows = episode.boundaries.back().rows;
    if (episode.isWholeUnsaved) {
        EPI_TRY_ASSIGN(const SnapshotHead head,
                       saveSnapshot(episode.isGrown ? files.grown : files.built,
                                    files.key,
                                    cache.snapshot(rows),
                                    wholeNotes(episode, codec)));
        episode.wholeIdentity = head.identity;
        episode.isWholeUnsaved = false;
        episode.areRowsUnsaved = rows > 0;
        if (rows == 0) removeFile(files.turns);
    }
    if (!episode.areRowsUnsaved) return {};
    json boundaries = json::array();
    for (std::size_t i = 1; i < episode.boundaries.size(); ++i)
        boundaries.push_back(describe(episode.boundaries[i]));
    // The rows of a few turns are small and the newest: they stay as they are.
    EPI_TRY(
        saveSnapshot(files.turns,
                     files.key,
                     cache.newest(rows),
                     {.codec = CacheCodec::kExact,
                      .notes = {{"extends", episode.wholeIdentity}, {"boundaries", std::move(boundaries)}}}));
    episode.areRowsUnsaved = false;
    return {};
}

Result<void> loadCache(const EpisodeFiles& files,
                       const ModelSpec& spec,
                       const Placement& placement,
                       EpisodeMemory& episode,
                       KvCache& cache) {
    // Nothing but the files is left of the episode's state.
    episode.isWholeUnsaved = episode.areRowsUnsaved = false;
    auto whole = loadSnapshot(files.whole(episode), files.key, spec, placement);
    if (whole && whole->head.identity != episode.wholeIdentity) {
        whole = Error{ErrorCode::kCorruptData,
                      files.whole(episode).filename().string() + " is another state of the episode"};
    }
    if (!whole && episode.isGrown) {
        logWarning(whole.error().message + "; later turns are read again");
        forgetTurns(files, episode);
        whole = loadSnapshot(files.built, files.key, spec, placement);
    }
    if (!whole) {
        logWarning(whole.error().message + "; the episode is built again");
        return std::move(whole).error();
    }
    EPI_TRY(cache.restore(whole->snapshot));
    if (episode.boundaries.back().rows == 0) return {};
    if (auto rows = loadRows(files, spec, placement, episode, cache); !rows) {
        logWarning(rows.error().message + "; its turns are read again");
        episode.boundaries.resize(1);
        return cache.restore(whole->snapshot);
    }
    return {};
}

void forgetTurns(const EpisodeFiles& files, EpisodeMemory& episode) {
    removeFile(files.turns);
    removeFile(files.grown);
    if (!episode.isGrown) return;
    episode.isGrown = false;
    episode.areRowsUnsaved = false;
    episode.wholeCentroid = centroidAsBuilt(episode);
    const auto built = readSnapshotHead(files.built, files.key);
    const auto boundary = built ? wholeBoundary(*built) : std::nullopt;
    episode.wholeIdentity = boundary ? built->identity : 0;
    if (boundary) episode.boundaries = {*boundary};
}

}  // namespace epi
