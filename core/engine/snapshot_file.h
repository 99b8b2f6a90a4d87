#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/result.h"
#include "core/engine/options.h"
#include "core/kv/kv_cache.h"
#include "core/model/model_spec.h"
#include "core/tensor/placement.h"

namespace epi {

/// What a snapshot's file says besides the entries.
struct SnapshotHead {
    std::uint64_t identity = 0;  // of the file's content
    std::int64_t nextPosition = 0;
    std::int64_t shift = 0;                           // see KvSnapshot
    std::int64_t entries = 0;                         // over all layers and heads
    nlohmann::json notes = nlohmann::json::object();  // the caller's
};

struct LoadedSnapshot {
    SnapshotHead head;
    KvSnapshot snapshot;
};

struct SnapshotNotes {
    CacheCodec codec = CacheCodec::kExact;
    nlohmann::json notes = nlohmann::json::object();
};

/// Replaces `path` by a file of these entries, atomically. `key` is checked when it is read. Returns the
/// head. kIo when it cannot be written, kInternal when a number that is to be encoded is not finite.
Result<SnapshotHead> saveSnapshot(const std::filesystem::path& path,
                                  const std::string& key,
                                  const KvSnapshot& snapshot,
                                  const SnapshotNotes& notes = {});

/// Checks the head and the file's length alone: cheap. kNotFound when there is none, kCorruptData for a
/// damaged one or another key.
Result<SnapshotHead> readSnapshotHead(const std::filesystem::path& path, const std::string& key);

/// The whole file, every chunk checked, on several threads; decoded to the placement's type. kNotFound when
/// there is none, kCorruptData when it is damaged or does not fit the model's shape.
Result<LoadedSnapshot> loadSnapshot(const std::filesystem::path& path,
                                    const std::string& key,
                                    const ModelSpec& spec,
                                    const Placement& placement);

}  // namespace epi
