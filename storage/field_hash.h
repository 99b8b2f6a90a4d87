#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace epi {

/// XXH3-64 over a sequence of fields, each with its length, so that moving a byte from one field to the next
/// changes the hash. Stored in databases: the order and the encoding of fields never change.
class FieldHash {
public:
    FieldHash() { XXH3_64bits_reset(&state_); }

    FieldHash& add(std::int64_t value) {
        std::array<unsigned char, sizeof(value)> littleEndian;
        for (std::size_t i = 0; i < littleEndian.size(); ++i) {
            littleEndian[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * i));
        }
        XXH3_64bits_update(&state_, littleEndian.data(), littleEndian.size());
        return *this;
    }
    FieldHash& add(std::string_view text) {
        add(static_cast<std::int64_t>(text.size()));
        XXH3_64bits_update(&state_, text.data(), text.size());
        return *this;
    }
    [[nodiscard]] std::int64_t digest() const {
        return std::bit_cast<std::int64_t>(static_cast<std::uint64_t>(XXH3_64bits_digest(&state_)));
    }

private:
    XXH3_state_t state_;
};

}  // namespace epi
