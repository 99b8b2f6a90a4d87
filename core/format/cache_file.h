#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace epi {

/// What a cache file says about itself. `key` names everything the content depends on (see cacheKey); the
/// file may only be used where the reader computes the same key.
struct CacheFileHeader {
    std::string key;
    nlohmann::json metadata = nlohmann::json::object();
};

/// Bytes with a name. What they mean (element type, shape) is up to `metadata`.
struct CacheSection {
    std::string_view name;
    std::span<const std::byte> bytes;
};

/// Replaces `path` by a file with these sections, or leaves it as it was: temporary file, fsync, rename,
/// fsync of the folder. kInvalidArgument: a section name is empty or there twice, text is not UTF-8, more
/// than the format holds.
///
/// Format, little-endian: "EPICACHE", u32 version, u32 bytes of JSON, u64 number of chunks; the JSON object
/// {"key", "metadata", "sections": [{"name", "bytes"}]}; u64 XXH3 of every chunk; u64 XXH3 of everything up
/// to here; the bytes of the sections, each cut into chunks of 1 MiB, the last of a section shorter.
Result<void> writeCacheFile(const std::filesystem::path& path,
                            const CacheFileHeader& header,
                            std::span<const CacheSection> sections);

/// An episode cache file. Nothing damaged comes out: `open` checks the head, its hash and that the file has
/// exactly the announced length, `read` the hash of every chunk; both before anything is allocated for an
/// unchecked number. Any doubt is kCorruptData with the reason, and the cache is to be built again.
/// The hashes find accidents, not forgery. Immutable after open; `read` may be called from several threads.
class CacheFile {
public:
    /// kNotFound when there is none; kCorruptData also for another version of the format.
    static Result<CacheFile> open(const std::filesystem::path& path);
    ~CacheFile();
    CacheFile(CacheFile&&) noexcept;
    CacheFile& operator=(CacheFile&&) noexcept;

    [[nodiscard]] const CacheFileHeader& header() const;
    [[nodiscard]] std::uint64_t fileSize() const;
    /// The hash of the head, which holds those of all chunks: equal for equal content.
    [[nodiscard]] std::uint64_t identity() const;
    /// In file order.
    [[nodiscard]] std::vector<std::string> sectionNames() const;
    /// In bytes; nothing when there is no such section.
    [[nodiscard]] std::optional<std::uint64_t> sectionSize(std::string_view name) const;
    /// Reads a whole section; after an error the content of `bytes` is undefined. kCorruptData also when the
    /// section is missing or its size is another than that of `bytes`.
    [[nodiscard]] Result<void> read(std::string_view name, std::span<std::byte> bytes) const;

private:
    struct State;
    explicit CacheFile(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace epi
