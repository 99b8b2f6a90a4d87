#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "core/text/unicode.h"

/// Seeded random text for property tests.
namespace epi::test {

using Random = std::mt19937;

inline std::uint32_t below(Random& random, std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
}

inline std::string randomBytes(Random& random, std::size_t maxLength) {
    std::string bytes(below(random, static_cast<std::uint32_t>(maxLength + 1)), '\0');
    for (char& byte : bytes)
        byte = static_cast<char>(below(random, 256));
    return bytes;
}

/// A scalar value: mostly ASCII and spaces, the rest from all planes.
inline char32_t randomCharacter(Random& random) {
    constexpr std::array<char32_t, 16> kFavourites{
        ' ', ' ', ' ', '\n', '\n', '\r', '\t', '\'', '1', '.', '<', '|', 0xA0, 0x301, 0x2028, 0x1F600};
    switch (below(random, 6)) {
        case 0:
            return kFavourites[below(random, kFavourites.size())];
        case 1:
            return 0x80 + below(random, 0x780);
        case 2: {
            const char32_t value = 0x800 + below(random, 0x110000 - 0x800);
            return value >= 0xD800 && value <= 0xDFFF ? U'x' : value;
        }
        default:
            return ' ' + below(random, 95);
    }
}

inline std::string randomText(Random& random, std::size_t maxCharacters) {
    std::string text;
    const std::uint32_t length = below(random, static_cast<std::uint32_t>(maxCharacters + 1));
    for (std::uint32_t i = 0; i < length; ++i)
        appendUtf8(text, randomCharacter(random));
    return text;
}

}  // namespace epi::test
