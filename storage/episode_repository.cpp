#include "storage/episode_repository.h"

#include "storage/json_columns.h"

namespace epi {

Result<std::vector<EpisodeRecord>> EpisodeRepository::all(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT position, segments, turn_ids, representatives, kept_entries, "
                                     "cache_key, name FROM episodes WHERE conversation_id = :conversation "
                                     "ORDER BY position"));
    rows.bind(":conversation", conversationId);
    std::vector<EpisodeRecord> episodes;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return episodes;
        EpisodeRecord episode;
        episode.conversationId = conversationId;
        episode.index = static_cast<std::int32_t>(rows.integer());
        episode.segments = rows.integer();
        EPI_TRY_ASSIGN(episode.turnIds, integersFromJsonColumn(rows.text()));
        EPI_TRY_ASSIGN(episode.representatives, stringsFromJsonColumn(rows.text()));
        episode.keptEntries = rows.integer();
        episode.cacheKey = rows.text();
        episode.name = rows.text();
        episodes.push_back(std::move(episode));
    }
}

Result<std::string> EpisodeRepository::currentMemory(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare(
                       "SELECT substr(cache_key, 1, 64) FROM episodes WHERE conversation_id = :conversation "
                       "AND length(cache_key) >= 64 AND NOT EXISTS ("
                       "SELECT 1 FROM episodes AS each, "
                       "json_each(iif(json_valid(each.turn_ids), iif(json_array_length(each.turn_ids) > 0, "
                       "each.turn_ids, '[0]'), '[0]')) AS turn "
                       "LEFT JOIN messages ON messages.id = turn.value "
                       "WHERE each.conversation_id = :conversation AND messages.sequence IS NULL) LIMIT 1"));
    row.bind(":conversation", conversationId);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    return hasRow ? std::string(row.text()) : std::string();
}

Result<void> EpisodeRepository::replace(std::int64_t conversationId,
                                        std::span<const EpisodeRecord> episodes) {
    EPI_TRY_ASSIGN(Statement remove,
                   database_.prepare("DELETE FROM episodes WHERE conversation_id = :conversation"));
    EPI_TRY(remove.bind(":conversation", conversationId).run());
    EPI_TRY_ASSIGN(
        Statement insert,
        database_.prepare("INSERT INTO episodes (conversation_id, position, segments, turn_ids, "
                          "representatives, kept_entries, cache_key, name) VALUES (:conversation, :position, "
                          ":segments, :turns, :representatives, :kept, :key, :name)"));
    for (const EpisodeRecord& episode : episodes) {
        insert.bind(":conversation", conversationId)
            .bind(":position", std::int64_t{episode.index})
            .bind(":segments", episode.segments)
            .bind(":turns", toJsonColumn(episode.turnIds))
            .bind(":representatives", toJsonColumn(episode.representatives))
            .bind(":kept", episode.keptEntries)
            .bind(":key", episode.cacheKey)
            .bind(":name", episode.name);
        EPI_TRY(insert.run());
    }
    return {};
}

}  // namespace epi
