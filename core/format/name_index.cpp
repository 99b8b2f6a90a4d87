#include "core/format/name_index.h"

#include <cstring>

#include <sodium.h>

namespace epi {
namespace {

std::array<unsigned char, 16> randomKey() {
    static_assert(crypto_shorthash_KEYBYTES == 16);
    // Makes the random source safe to use from several threads.
    [[maybe_unused]] static const int initialised = sodium_init();
    std::array<unsigned char, 16> key{};
    crypto_shorthash_keygen(key.data());
    return key;
}

}  // namespace

std::size_t NameIndex::Hash::operator()(std::string_view name) const {
    std::array<unsigned char, crypto_shorthash_BYTES> digest{};
    crypto_shorthash(
        digest.data(), reinterpret_cast<const unsigned char*>(name.data()), name.size(), key.data());
    std::size_t value = 0;
    static_assert(sizeof value == crypto_shorthash_BYTES);
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

NameIndex::NameIndex() : positions_(0, Hash{randomKey()}) {}

bool NameIndex::insert(std::string_view name, std::size_t position) {
    return positions_.emplace(name, position).second;
}

std::optional<std::size_t> NameIndex::find(std::string_view name) const {
    const auto found = positions_.find(name);
    if (found == positions_.end()) return std::nullopt;
    return found->second;
}

}  // namespace epi
