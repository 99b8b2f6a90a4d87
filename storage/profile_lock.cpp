#include "storage/profile_lock.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace epi {

Result<std::optional<ProfileLock>> ProfileLock::tryTake(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) {
        return Error{ErrorCode::kIo, file.string() + ": cannot open: " + std::strerror(errno)};
    }
    ProfileLock lock(descriptor);
    struct flock request = {};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    if (::fcntl(descriptor, F_OFD_SETLK, &request) == 0) return std::optional(std::move(lock));
    if (errno == EAGAIN || errno == EACCES) return std::optional<ProfileLock>();
    return Error{ErrorCode::kIo, file.string() + ": cannot lock: " + std::strerror(errno)};
}

ProfileLock::~ProfileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

ProfileLock::ProfileLock(ProfileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

ProfileLock& ProfileLock::operator=(ProfileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

}  // namespace epi
