#include "core/base/digest.h"

#include <algorithm>
#include <vector>

#include "core/base/file.h"

#include <sodium.h>
#include <xxhash.h>

namespace epi {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

static_assert(crypto_generichash_blake2b_BYTES == Digest256{}.size());
static_assert(crypto_hash_sha256_BYTES == Digest256{}.size());

// sodium chooses the fastest implementation for this processor here; without it the slow ones are used.
void initialiseSodium() {
    [[maybe_unused]] static const int result = sodium_init();
}

unsigned char* raw(Digest256& digest) {
    return reinterpret_cast<unsigned char*>(digest.data());
}

const unsigned char* raw(std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

struct Blake2b256::State {
    crypto_generichash_blake2b_state sodium;
};

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
        text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return text;
}

Blake2b256::Blake2b256() : state_(std::make_unique<State>()) {
    initialiseSodium();
    crypto_generichash_blake2b_init(&state_->sodium, nullptr, 0, Digest256{}.size());
}

Blake2b256::~Blake2b256() = default;
Blake2b256::Blake2b256(Blake2b256&&) noexcept = default;
Blake2b256& Blake2b256::operator=(Blake2b256&&) noexcept = default;

void Blake2b256::update(std::span<const std::byte> bytes) {
    crypto_generichash_blake2b_update(&state_->sodium, raw(bytes), bytes.size());
}

Digest256 Blake2b256::finish() {
    Digest256 digest{};
    crypto_generichash_blake2b_final(&state_->sodium, raw(digest), digest.size());
    return digest;
}

Digest256 blake2b256(std::span<const std::byte> bytes) {
    initialiseSodium();
    Digest256 digest{};
    crypto_generichash_blake2b(raw(digest), digest.size(), raw(bytes), bytes.size(), nullptr, 0);
    return digest;
}

struct Sha256::State {
    crypto_hash_sha256_state sodium;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    initialiseSodium();
    crypto_hash_sha256_init(&state_->sodium);
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
    crypto_hash_sha256_update(&state_->sodium, raw(bytes), bytes.size());
}

Digest256 Sha256::finish() {
    Digest256 digest{};
    crypto_hash_sha256_final(&state_->sodium, raw(digest));
    return digest;
}

Result<Digest256> sha256OfFile(const std::filesystem::path& path,
                               const CancelToken& cancel,
                               const FileProgress& progress) {
    EPI_TRY_ASSIGN(const File file, File::openForReading(path));
    Sha256 sha256;
    std::vector<std::byte> chunk(kChunkBytes);
    for (std::uint64_t done = 0; done < file.size();) {
        if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "computing the SHA-256 was cancelled"};
        const std::uint64_t count = std::min<std::uint64_t>(kChunkBytes, file.size() - done);
        const std::span bytes(chunk.data(), static_cast<std::size_t>(count));
        EPI_TRY(file.readAt(done, bytes));
        sha256.update(bytes);
        done += count;
        if (progress) progress(done, file.size());
    }
    return sha256.finish();
}

std::uint64_t xxh3(std::span<const std::byte> bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace epi
