#pragma once

#include <cstdint>
#include <filesystem>

#include "core/base/result.h"

namespace epi {

/// Copies a database, as it is at this moment, into a file of its own, compacted; programs that have it open
/// go on reading and writing. The copy is complete on disk before it gets its name, so an existing file is
/// replaced by a whole one or not at all. Takes as long as writing the database does; any thread. The size of
/// the copy in bytes.
Result<std::int64_t> backUpDatabase(const std::filesystem::path& database,
                                    const std::filesystem::path& target);

}  // namespace epi
