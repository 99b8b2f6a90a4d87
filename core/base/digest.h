#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/base/cancel_token.h"
#include "core/base/result.h"

namespace epi {

using Digest256 = std::array<std::byte, 32>;

/// Lower-case hexadecimal digits, two per byte.
std::string hex(std::span<const std::byte> bytes);

/// BLAKE2b-256 of bytes that arrive in pieces.
class Blake2b256 {
public:
    Blake2b256();
    ~Blake2b256();
    Blake2b256(Blake2b256&&) noexcept;
    Blake2b256& operator=(Blake2b256&&) noexcept;

    void update(std::span<const std::byte> bytes);
    /// Requires: called once, as the last call.
    [[nodiscard]] Digest256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

Digest256 blake2b256(std::span<const std::byte> bytes);

/// SHA-256 of bytes that arrive in pieces.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::span<const std::byte> bytes);
    /// Requires: called once, as the last call.
    [[nodiscard]] Digest256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Called on the caller's thread, at most once per MiB: bytes read so far, bytes in all.
using FileProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// SHA-256 of a whole regular file, in constant memory. kCancelled soon after `cancel` is set. `progress` may
/// be empty.
Result<Digest256> sha256OfFile(const std::filesystem::path& path,
                               const CancelToken& cancel,
                               const FileProgress& progress);

/// XXH3, 64 bits: fast detection of accidental damage, no protection against intent.
std::uint64_t xxh3(std::span<const std::byte> bytes);

}  // namespace epi
