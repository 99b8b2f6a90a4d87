#include "storage/backup.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "core/base/file.h"
#include "storage/database.h"

#include <fcntl.h>
#include <unistd.h>

namespace epi {
namespace {

namespace fs = std::filesystem;

Error failed(const fs::path& path, const std::string& what) {
    return Error{ErrorCode::kIo, path.string() + ": " + what};
}

Result<void> flush(const fs::path& path, int flags) {
    const FileDescriptor descriptor(::open(path.c_str(), flags | O_CLOEXEC));
    if (!descriptor.isOpen() || ::fsync(descriptor.get()) != 0) {
        return failed(path, std::string("cannot flush: ") + std::strerror(errno));
    }
    return {};
}

Result<void> copyInto(const fs::path& database, const fs::path& target) {
    EPI_TRY_ASSIGN(Database source, Database::open(database, Database::Access::kReadOnly));
    EPI_TRY_ASSIGN(Statement copy, source.prepare("VACUUM INTO :target"));
    return copy.bind(":target", target.string()).run();
}

}  // namespace

Result<std::int64_t> backUpDatabase(const fs::path& database, const fs::path& target) {
    std::error_code failure;
    if (fs::equivalent(database, target, failure)) {
        return Error{ErrorCode::kInvalidArgument, target.string() + " is the database itself"};
    }
    const fs::path unfinished = target.string() + ".part";
    fs::remove(unfinished, failure);
    auto copied = copyInto(database, unfinished);
    if (copied) copied = flush(unfinished, O_RDWR);
    if (copied) {
        fs::rename(unfinished, target, failure);
        if (failure) copied = failed(target, "cannot be written: " + failure.message());
    }
    if (!copied) {
        std::error_code ignored;  // the failure of the copy is what matters
        fs::remove(unfinished, ignored);
        return std::move(copied).error();
    }
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    EPI_TRY(flush(folder, O_RDONLY | O_DIRECTORY));
    const auto size = fs::file_size(target, failure);
    if (failure) return failed(target, "cannot be read: " + failure.message());
    return static_cast<std::int64_t>(size);
}

}  // namespace epi
