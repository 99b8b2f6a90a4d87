#include "core/base/file.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "core/base/printable.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace epi {
namespace {

// Linux moves at most 2^31 - 4096 bytes per call.
constexpr std::size_t kMaxTransferBytes = std::size_t{1} << 30;

ErrorCode codeOf(int systemError) {
    switch (systemError) {
        case ENOENT:
        case ENOTDIR:
            return ErrorCode::kNotFound;
        case ENOMEM:
            return ErrorCode::kOutOfMemory;
        default:
            return ErrorCode::kIo;
    }
}

Error systemFailure(std::string_view action, const std::filesystem::path& path, int systemError) {
    return {codeOf(systemError),
            "cannot " + std::string(action) + " " + printable(path.native(), kMaxPrintablePath) + ": " +
                std::generic_category().message(systemError)};
}

std::string_view kindOf(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
    return "of an unknown kind";
}

Error notRegular(const std::filesystem::path& path, std::string_view kind) {
    return {
        ErrorCode::kUnsupported,
        printable(path.native(), kMaxPrintablePath) + " is " + std::string(kind) + ", not a regular file"};
}

Result<void> writeAll(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), kMaxTransferBytes));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return systemFailure("write", path, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

std::filesystem::path folderOf(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

Result<void> syncFolder(const std::filesystem::path& folder) {
    const FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.isOpen()) return systemFailure("open folder", folder, errno);
    if (::fsync(descriptor.get()) != 0) return systemFailure("sync folder", folder, errno);
    return {};
}

FileDescriptor::~FileDescriptor() {
    close();
}

void FileDescriptor::close() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
}

File::File(FileDescriptor descriptor, std::filesystem::path path, std::uint64_t size)
    : descriptor_(std::move(descriptor)), path_(std::move(path)), size_(size) {}

Result<File> File::openForReading(const std::filesystem::path& path) {
    // Without O_NONBLOCK the open of a FIFO waits for a writer; regular files ignore the flag.
    FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!descriptor.isOpen() && errno == ENXIO) return notRegular(path, "a socket or a device");
    if (!descriptor.isOpen()) return systemFailure("open", path, errno);

    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) return systemFailure("examine", path, errno);
    if (!S_ISREG(status.st_mode)) return notRegular(path, kindOf(status.st_mode));
    return File(std::move(descriptor), path, static_cast<std::uint64_t>(status.st_size));
}

Result<void> File::readAt(std::uint64_t offset, std::span<std::byte> bytes) const {
    constexpr auto kMaxOffset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    std::uint64_t end = 0;
    if (__builtin_add_overflow(offset, bytes.size(), &end) || end > kMaxOffset) {
        return Error{ErrorCode::kInvalidArgument,
                     printable(path_.native(), kMaxPrintablePath) + ": no file has an offset of " +
                         grouped(offset) + " bytes"};
    }
    while (!bytes.empty()) {
        const ssize_t count = ::pread(descriptor_.get(),
                                      bytes.data(),
                                      std::min(bytes.size(), kMaxTransferBytes),
                                      static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return systemFailure("read", path_, errno);
        if (count == 0) {
            return Error{ErrorCode::kIo,
                         printable(path_.native(), kMaxPrintablePath) + " ends at " + grouped(offset) +
                             " but bytes up to " + grouped(end) + " were expected"};
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

Result<std::string> readWholeFile(const std::filesystem::path& path, std::uint64_t maxBytes) {
    EPI_TRY_ASSIGN(const File file, File::openForReading(path));
    if (file.size() > maxBytes) {
        return Error{ErrorCode::kUnsupported,
                     printable(path.native(), kMaxPrintablePath) + " has " + grouped(file.size()) +
                         " bytes; up to " + grouped(maxBytes) + " are supported"};
    }
    std::string text(static_cast<std::size_t>(file.size()), '\0');
    EPI_TRY(file.readAt(0, std::as_writable_bytes(std::span(text))));
    return text;
}

AtomicFile::AtomicFile(FileDescriptor descriptor, std::string temporaryName, std::filesystem::path path)
    : descriptor_(std::move(descriptor)), temporaryName_(std::move(temporaryName)), path_(std::move(path)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      temporaryName_(std::exchange(other.temporaryName_, {})),
      path_(std::move(other.path_)),
      writtenBytes_(other.writtenBytes_) {}

AtomicFile::~AtomicFile() {
    if (!temporaryName_.empty()) ::unlink(temporaryName_.c_str());
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
    std::string name = (folderOf(path) / ".epichat-XXXXXX").native();
    FileDescriptor descriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!descriptor.isOpen()) return systemFailure("create a file beside", path, errno);
    return AtomicFile(std::move(descriptor), std::move(name), path);
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
    EPI_TRY(writeAll(descriptor_.get(), bytes, path_));
    writtenBytes_ += bytes.size();
    return {};
}

Result<void> AtomicFile::write(std::string_view text) {
    return write(std::as_bytes(std::span(text)));
}

Result<void> AtomicFile::commit() {
    if (::fsync(descriptor_.get()) != 0) return systemFailure("sync", path_, errno);
    if (::rename(temporaryName_.c_str(), path_.c_str()) != 0) return systemFailure("replace", path_, errno);
    temporaryName_.clear();
    return syncFolder(folderOf(path_));
}

Result<void> writeFileAtomically(const std::filesystem::path& path,
                                 std::span<const std::span<const std::byte>> pieces) {
    EPI_TRY_ASSIGN(AtomicFile file, AtomicFile::create(path));
    for (const std::span<const std::byte> piece : pieces)
        EPI_TRY(file.write(piece));
    return file.commit();
}

Result<void> writeFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    return writeFileAtomically(path, std::span(&bytes, 1));
}

Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view text) {
    return writeFileAtomically(path, std::as_bytes(std::span(text)));
}

}  // namespace epi
