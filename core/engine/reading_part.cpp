#include "core/engine/reading_part.h"

#include <system_error>

#include <nlohmann/json.hpp>

#include "core/base/log.h"
#include "core/engine/episode_files.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"

namespace epi {

void keepPart(const BuildContext& context,
              const std::string& key,
              const KvSnapshot& snapshot,
              std::int64_t tokens) {
    const auto saved = saveSnapshot(
        episodeFiles(context.cacheFolder, key).part,
        key,
        snapshot,
        {.codec = CacheCodec::kExact, .notes = {{"read_tokens", static_cast<std::uint64_t>(tokens)}}});
    if (!saved) logWarning(saved.error().message + "; a part of the history is read again");
}

Result<std::optional<std::int64_t>> restorePart(const BuildContext& context,
                                                const std::string& key,
                                                std::int64_t historyTokens,
                                                KvCache& cache) {
    const std::optional<std::int64_t> nothing;
    const Executor& executor = context.model.executor();
    const auto part =
        loadSnapshot(episodeFiles(context.cacheFolder, key).part, key, executor.spec(), executor.placement());
    if (!part) {
        if (part.error().code != ErrorCode::kNotFound)
            logWarning(part.error().message + "; the history is read from its beginning");
        return nothing;
    }
    const nlohmann::json& notes = part->head.notes;
    if (!notes.contains("read_tokens") || !notes["read_tokens"].is_number_unsigned()) return nothing;
    const auto tokens = notes["read_tokens"].get<std::uint64_t>();
    if (tokens > static_cast<std::uint64_t>(historyTokens)) return nothing;
    EPI_TRY(cache.restore(part->snapshot));
    return std::optional(static_cast<std::int64_t>(tokens));
}

void removePart(const BuildContext& context, const std::string& key) {
    std::error_code error;
    std::filesystem::remove(episodeFiles(context.cacheFolder, key).part, error);
}

}  // namespace epi
