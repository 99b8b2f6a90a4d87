#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/engine/conversation_memory.h"
#include "core/engine/snapshot_file.h"

namespace epi {

/// The files of one episode's cache. At most two make up its newest state: a whole copy (the grown one when
/// there is one, else as built) and the rows of turns that were read since.
struct EpisodeFiles {
    std::string key;
    std::filesystem::path built;
    std::filesystem::path grown;
    std::filesystem::path turns;
    std::filesystem::path part;  // of a build that was cancelled

    [[nodiscard]] const std::filesystem::path& whole(const EpisodeMemory& episode) const {
        return episode.isGrown ? grown : built;
    }
};

EpisodeFiles episodeFiles(const std::filesystem::path& folder, const std::string& episodeKey);

/// Whether a history begins with the turns that a boundary was made after.
bool isIn(const TurnBoundary& boundary, std::span<const Turn> history);

/// Fills keptEntries, boundaries and the whole copy's identity from the heads of the files, as far as they
/// fit this history; what does not fit is left for later use or replacement. An episode whose cache must be
/// built has wholeIdentity 0 afterwards.
void loadState(const EpisodeFiles& files, std::span<const Turn> history, EpisodeMemory& episode);

/// The state of an episode that was just built, with one boundary, before it has a file; removes what turns
/// had left. Returns what its file is to say besides.
SnapshotNotes beginBuilt(const EpisodeFiles& files,
                         const KvSnapshot& snapshot,
                         CacheCodec codec,
                         EpisodeMemory& episode);
/// Writes that file. Any thread.
Result<SnapshotHead> writeBuilt(const EpisodeFiles& files,
                                const KvSnapshot& snapshot,
                                const SnapshotNotes& notes);
/// The state once the file is there.
void endBuilt(const EpisodeFiles& files, const SnapshotHead& head, EpisodeMemory& episode);
/// All three. After an error the episode has a state without a file.
Result<void> saveBuilt(const EpisodeFiles& files,
                       const KvSnapshot& snapshot,
                       CacheCodec codec,
                       EpisodeMemory& episode);

/// Writes what is unsaved: the whole copy, the rows since.
Result<void> saveState(const EpisodeFiles& files,
                       const KvCache& cache,
                       CacheCodec codec,
                       EpisodeMemory& episode);

/// Fills a cache with the episode's newest state. Rows that are damaged are left out, and the episode's
/// boundaries with them, so that these turns are read again; a damaged grown copy is given up for the one as
/// built. An error means that the cache is to be built again. One log line for each doubt.
Result<void> loadCache(const EpisodeFiles& files,
                       const ModelSpec& spec,
                       const Placement& placement,
                       EpisodeMemory& episode,
                       KvCache& cache);

/// Goes back to the cache as built: removes what came later.
void forgetTurns(const EpisodeFiles& files, EpisodeMemory& episode);

}  // namespace epi
