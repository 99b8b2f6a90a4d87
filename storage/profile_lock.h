#pragma once

#include <filesystem>
#include <optional>

#include "core/base/result.h"

namespace epi {

/// Held while one program may write the database of a profile. A lock of the open file description: it goes
/// with the process that holds it, however that ends, and leaves no stale owner behind.
class ProfileLock {
public:
    /// Takes the lock `file`, creating it where needed; nothing when another program holds it.
    static Result<std::optional<ProfileLock>> tryTake(const std::filesystem::path& file);
    ~ProfileLock();
    ProfileLock(ProfileLock&& other) noexcept;
    ProfileLock& operator=(ProfileLock&& other) noexcept;

private:
    explicit ProfileLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

}  // namespace epi
