#include "core/download/part_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include "core/base/printable.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::uint64_t kLongestRecord = 65536;  // bytes

std::string shown(const fs::path& path) {
    return printable(path.native(), kMaxPrintablePath);
}

Error failure(const std::string& action, const fs::path& path, int error) {
    return {ErrorCode::kIo,
            "cannot " + action + " " + shown(path) + ": " + std::generic_category().message(error)};
}

Error alreadyThere(const fs::path& file) {
    return {ErrorCode::kInvalidArgument,
            shown(file) + " is there already: move it away or give another name"};
}

fs::path withSuffix(const fs::path& path, const char* suffix) {
    return path.native() + suffix;
}

/// Whether `path` still names the open file: another process may have finished and renamed it.
bool isStillAt(int descriptor, const fs::path& path) {
    struct stat opened {};
    struct stat named {};
    return ::fstat(descriptor, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

Result<PartFile> PartFile::open(const fs::path& file) {
    std::error_code none;
    if (fs::exists(fs::symlink_status(file, none))) return alreadyThere(file);
    const fs::path part = withSuffix(file, ".part");
    FileDescriptor descriptor(
        ::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
    if (!descriptor.isOpen()) return failure("write", part, errno);
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) return failure("examine", part, errno);
    if (!S_ISREG(status.st_mode)) {
        return Error{ErrorCode::kInvalidArgument, shown(part) + " is no regular file: move it away"};
    }
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0 || !isStillAt(descriptor.get(), part)) {
        return Error{ErrorCode::kInvalidArgument, shown(file) + " is being fetched already"};
    }
    PartFile opened(std::move(descriptor), file, static_cast<std::uint64_t>(status.st_size));
    // A record that cannot be read is none: then the file is fetched anew.
    if (auto text = readWholeFile(opened.recordFile_, kLongestRecord)) {
        if (auto record = partRecordFromJsonText(*text)) opened.record_ = *std::move(record);
    }
    return opened;
}

PartFile::PartFile(FileDescriptor descriptor, fs::path file, std::uint64_t size)
    : descriptor_(std::move(descriptor)),
      file_(std::move(file)),
      part_(withSuffix(file_, ".part")),
      recordFile_(withSuffix(file_, ".part.json")),
      size_(size) {}

PartFile::~PartFile() {
    if (descriptor_.isOpen() && size_ == 0) discard();
}

Result<void> PartFile::hash(Sha256& digest, const CancelToken& cancel, const FileProgress& progress) const {
    std::vector<std::byte> chunk(kChunkBytes);
    for (std::uint64_t done = 0; done < size_;) {
        if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "cancelled"};
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), size_ - done));
        const ssize_t count = ::pread(descriptor_.get(), chunk.data(), wanted, static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure("read", part_, errno);
        if (count == 0) return Error{ErrorCode::kIo, shown(part_) + " became shorter while it was read"};
        digest.update(std::span(chunk).first(static_cast<std::size_t>(count)));
        done += static_cast<std::uint64_t>(count);
        if (progress) progress(done, size_);
    }
    return {};
}

Result<void> PartFile::beginAnew(const PartRecord& record) {
    if (::ftruncate(descriptor_.get(), 0) != 0) return failure("empty", part_, errno);
    size_ = 0;
    EPI_TRY(writeFileAtomically(recordFile_, toJsonText(record)));
    record_ = record;
    return {};
}

Result<void> PartFile::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count =
            ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            return failure("write", part_, errno)
                .with("stopped after " + grouped(size_) + " bytes, which are kept");
        }
        size_ += static_cast<std::uint64_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> PartFile::finish() {
    if (::fsync(descriptor_.get()) != 0) return failure("sync", part_, errno);
    int result = ::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, file_.c_str(), RENAME_NOREPLACE);
    // Some file systems cannot do that; a second name is not given to an existing one either.
    if (result != 0 && errno == EINVAL) {
        result = ::link(part_.c_str(), file_.c_str());
        if (result == 0) ::unlink(part_.c_str());
    }
    if (result != 0 && errno == EEXIST) return alreadyThere(file_);
    if (result != 0) return failure("give its name to", file_, errno);
    descriptor_.close();
    ::unlink(recordFile_.c_str());
    return syncFolder(file_.has_parent_path() ? file_.parent_path() : fs::path("."));
}

void PartFile::discard() {
    ::unlink(part_.c_str());
    ::unlink(recordFile_.c_str());
    descriptor_.close();
    size_ = 0;
}

}  // namespace epi
