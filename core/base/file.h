#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace epi {

/// Owns a POSIX file descriptor and closes it. Movable, one owner.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int value) : value_(value) {}
    ~FileDescriptor();
    FileDescriptor(FileDescriptor&& other) noexcept;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;

    /// -1 when there is none, which poll skips.
    [[nodiscard]] int get() const { return value_; }
    [[nodiscard]] bool isOpen() const { return value_ >= 0; }
    void close();

private:
    int value_ = -1;
};

/// A regular file open for reading by position. `readAt` may be called from several threads.
class File {
public:
    /// Never waits: a folder, FIFO, socket or device is refused with kUnsupported. kNotFound when nothing is
    /// there, kIo for everything else the system refuses.
    static Result<File> openForReading(const std::filesystem::path& path);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// In bytes, when the file was opened.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Fills all of `bytes`; kIo when the file ends before.
    [[nodiscard]] Result<void> readAt(std::uint64_t offset, std::span<std::byte> bytes) const;

private:
    File(FileDescriptor descriptor, std::filesystem::path path, std::uint64_t size);

    FileDescriptor descriptor_;
    std::filesystem::path path_;
    std::uint64_t size_ = 0;
};

/// After success the names in the folder survive a power cut.
Result<void> syncFolder(const std::filesystem::path& folder);

/// The bytes of a regular file; kUnsupported when it has more than `maxBytes`.
Result<std::string> readWholeFile(const std::filesystem::path& path, std::uint64_t maxBytes);

/// A file while it is written piece by piece: it replaces `path` when it is committed and leaves nothing
/// behind when it is not. One thread.
class AtomicFile {
public:
    /// Mode 0600, in the same folder.
    static Result<AtomicFile> create(const std::filesystem::path& path);
    ~AtomicFile();
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;

    /// kIo when the disk is full; the file is then of no use.
    Result<void> write(std::string_view text);
    Result<void> write(std::span<const std::byte> bytes);
    /// fsync, rename, fsync of the folder: after success the bytes survive a power cut. A symbolic link at
    /// `path` is replaced, not followed.
    Result<void> commit();

    [[nodiscard]] std::uint64_t writtenBytes() const { return writtenBytes_; }

private:
    AtomicFile(FileDescriptor descriptor, std::string temporaryName, std::filesystem::path path);

    FileDescriptor descriptor_;
    std::string temporaryName_;  // empty once it has its name
    std::filesystem::path path_;
    std::uint64_t writtenBytes_ = 0;
};

/// Replaces `path` by a file (mode 0600) with these bytes, or leaves it as it was: a temporary file in the
/// same folder, fsync, rename, fsync of the folder. After success the bytes survive a power cut. A symbolic
/// link at `path` is replaced, not followed.
Result<void> writeFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view text);
/// The same with the bytes of several places, one behind the other.
Result<void> writeFileAtomically(const std::filesystem::path& path,
                                 std::span<const std::span<const std::byte>> pieces);

}  // namespace epi
