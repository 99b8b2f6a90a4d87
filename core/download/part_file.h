#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "core/base/cancel_token.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/download/resume.h"

namespace epi {

/// A file while it is fetched: FILE.part, and FILE.part.json with what is known of it. Both stay when this is
/// destroyed before `finish`, so that fetching can go on another time; an empty part does not. One thread,
/// and one process at a time.
class PartFile {
public:
    /// kInvalidArgument when `file` is there already, or is being fetched by another process.
    static Result<PartFile> open(const std::filesystem::path& file);
    ~PartFile();
    PartFile(PartFile&&) noexcept = default;
    PartFile& operator=(PartFile&&) = delete;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] const std::optional<PartRecord>& record() const { return record_; }

    /// Feeds `digest` with the bytes that are there. kCancelled soon after `cancel` is set. `progress` may be
    /// empty.
    Result<void> hash(Sha256& digest, const CancelToken& cancel, const FileProgress& progress) const;
    /// Forgets what is there; the bytes that follow are the first of the file in `record`.
    Result<void> beginAnew(const PartRecord& record);
    /// kIo when the disk is full; what is there then stays.
    Result<void> append(std::span<const std::byte> bytes);
    /// Gives it its name; after success it survives a power cut. kInvalidArgument when that name has been
    /// taken in the meantime: nothing is ever replaced.
    Result<void> finish();
    /// Removes it.
    void discard();

private:
    PartFile(FileDescriptor descriptor, std::filesystem::path file, std::uint64_t size);

    FileDescriptor descriptor_;
    std::filesystem::path file_;
    std::filesystem::path part_;
    std::filesystem::path recordFile_;
    std::uint64_t size_ = 0;
    std::optional<PartRecord> record_;
};

}  // namespace epi
