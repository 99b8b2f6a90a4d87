#include "core/text/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "core/text/unicode.h"

namespace epi {
namespace {

constexpr std::size_t kCharacters = 0x100 + 68;  // 68 bytes have no printable character of their own

struct Alphabet {
    std::array<char32_t, 256> characterOfByte{};
    std::array<std::int16_t, kCharacters> byteOfCharacter{};
};

constexpr bool standsForItself(int byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Alphabet makeAlphabet() {
    Alphabet alphabet;
    for (std::int16_t& byte : alphabet.byteOfCharacter)
        byte = -1;
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
        const char32_t character = standsForItself(byte) ? static_cast<char32_t>(byte) : next++;
        alphabet.characterOfByte[static_cast<std::size_t>(byte)] = character;
        alphabet.byteOfCharacter[character] = static_cast<std::int16_t>(byte);
    }
    return alphabet;
}

constexpr Alphabet kAlphabet = makeAlphabet();

}  // namespace

std::optional<std::string> bytesOfSpelling(std::string_view token) {
    std::string bytes;
    for (std::size_t position = 0; position < token.size();) {
        const CodePoint point = decodeCodePoint(token, position);
        if (point.state != CodePoint::State::kComplete || point.value >= kCharacters) return std::nullopt;
        const std::int16_t byte = kAlphabet.byteOfCharacter[point.value];
        if (byte < 0) return std::nullopt;
        bytes += static_cast<char>(byte);
        position += point.length;
    }
    return bytes;
}

std::string spellingOfBytes(std::string_view bytes) {
    std::string token;
    for (const char byte : bytes)
        appendUtf8(token, kAlphabet.characterOfByte[static_cast<std::uint8_t>(byte)]);
    return token;
}

}  // namespace epi
