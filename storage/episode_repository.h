#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"
#include "storage/records.h"

namespace epi {

/// The table `episodes`: the memory last built for each conversation.
class EpisodeRepository {
public:
    explicit EpisodeRepository(Database& database) : database_(database) {}

    Result<std::vector<EpisodeRecord>> all(std::int64_t conversationId);
    /// The key of a memory all of whose turns are on the active branch; empty when there is none. An episode
    /// without turns, which a question began, quotes one that is not known.
    Result<std::string> currentMemory(std::int64_t conversationId);
    /// Runs inside the caller's transaction.
    Result<void> replace(std::int64_t conversationId, std::span<const EpisodeRecord> episodes);

private:
    Database& database_;
};

}  // namespace epi
