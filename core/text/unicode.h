#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace epi {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

/// One step through UTF-8 text. A damaged sequence is stepped over up to the byte that breaks it (the
/// "maximal subpart" of the Unicode standard, section 3.9), so that reading always goes on in step.
struct CodePoint {
    enum class State : std::uint8_t {
        kComplete,
        kDamaged,
        kCutOff,  // the text ends inside a sequence that is good so far
    };
    char32_t value = kReplacementCharacter;
    std::uint8_t length = 1;  // bytes
    State state = State::kDamaged;
};

/// The code point at `position`. Requires: position < text.size().
CodePoint decodeCodePoint(std::string_view text, std::size_t position);

/// Appends the UTF-8 form. Requires: a scalar value (no surrogate, at most 0x10FFFF).
void appendUtf8(std::string& text, char32_t value);

/// Foreign text for a message: valid UTF-8 on one line, at most `maxCharacters` and "…" when there is more.
/// Damaged bytes and control characters become U+FFFD.
std::string quotable(std::string_view text, std::size_t maxCharacters = 80);

/// General category L.
bool isLetter(char32_t value);
/// General category N.
bool isNumber(char32_t value);
/// The White_Space property.
bool isSpace(char32_t value);
/// Simple lower case.
char32_t toLower(char32_t value);

/// Normalisation form C. Damaged bytes stay as they are. Linear in the length: a run of combining marks is
/// ordered in sections of 256 marks.
std::string normaliseNfc(std::string_view text);

}  // namespace epi
