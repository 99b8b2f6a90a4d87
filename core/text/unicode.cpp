#include "core/text/unicode.h"

#include <cstdlib>
#include <memory>

#include <utf8proc.h>

namespace epi {
namespace {

/// What may follow a lead byte (Unicode standard, table 3-7).
struct LeadByte {
    std::uint8_t length = 0;  // 0: cannot lead
    std::uint8_t secondMin = 0x80;
    std::uint8_t secondMax = 0xBF;
};

LeadByte leadByte(std::uint8_t byte) {
    if (byte < 0x80) return {1};
    if (byte < 0xC2) return {};
    if (byte < 0xE0) return {2};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};
    if (byte == 0xED) return {3, 0x80, 0x9F};
    if (byte < 0xF0) return {3};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte < 0xF4) return {4};
    if (byte == 0xF4) return {4, 0x80, 0x8F};
    return {};
}

utf8proc_category_t category(char32_t value) {
    return utf8proc_category(static_cast<utf8proc_int32_t>(value));
}

/// Appends the NFC form of `text`, which is valid UTF-8.
void appendNfc(std::string& out, std::string_view text) {
    struct Free {
        void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
    };
    utf8proc_uint8_t* bytes = nullptr;
    const utf8proc_ssize_t length =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()),
                     &bytes,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, Free> owner(bytes);
    if (length < 0) {
        out += text;
    } else {
        out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    }
}

/// Below U+0300 every code point is its own NFC form, whatever stands beside it.
bool isPlainForNfc(std::string_view text) {
    for (const char c : text) {
        if (static_cast<std::uint8_t>(c) >= 0xCC) return false;
    }
    return true;
}

}  // namespace

CodePoint decodeCodePoint(std::string_view text, std::size_t position) {
    const auto byteAt = [&](std::size_t index) {
        return static_cast<std::uint8_t>(text[index]);
    };
    const std::uint8_t first = byteAt(position);
    const LeadByte lead = leadByte(first);
    if (lead.length == 0) return {};
    if (lead.length == 1) return {first, 1, CodePoint::State::kComplete};

    char32_t value = first & (0x7FU >> lead.length);
    for (std::uint8_t i = 1; i < lead.length; ++i) {
        if (position + i >= text.size()) return {kReplacementCharacter, i, CodePoint::State::kCutOff};
        const std::uint8_t byte = byteAt(position + i);
        const std::uint8_t min = i == 1 ? lead.secondMin : 0x80;
        const std::uint8_t max = i == 1 ? lead.secondMax : 0xBF;
        if (byte < min || byte > max) return {kReplacementCharacter, i, CodePoint::State::kDamaged};
        value = (value << 6) | (byte & 0x3FU);
    }
    return {value, lead.length, CodePoint::State::kComplete};
}

void appendUtf8(std::string& text, char32_t value) {
    utf8proc_uint8_t bytes[4];
    const utf8proc_ssize_t length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(value), bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

std::string quotable(std::string_view text, std::size_t maxCharacters) {
    std::string shown;
    for (std::size_t position = 0; position < text.size(); --maxCharacters) {
        if (maxCharacters == 0) return shown + "…";
        const CodePoint point = decodeCodePoint(text, position);
        const utf8proc_category_t kind = category(point.value);
        const bool isShown = kind != UTF8PROC_CATEGORY_CC && kind != UTF8PROC_CATEGORY_CF &&
                             kind != UTF8PROC_CATEGORY_ZL && kind != UTF8PROC_CATEGORY_ZP;
        appendUtf8(shown, isShown ? point.value : kReplacementCharacter);
        position += point.length;
    }
    return shown;
}

bool isLetter(char32_t value) {
    const utf8proc_category_t kind = category(value);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool isNumber(char32_t value) {
    const utf8proc_category_t kind = category(value);
    return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}

char32_t toLower(char32_t value) {
    return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(value)));
}

bool isSpace(char32_t value) {
    if (value <= 0x20) return value == 0x20 || (value >= 0x09 && value <= 0x0D);
    if (value == 0x85) return true;
    const utf8proc_category_t kind = category(value);
    return kind >= UTF8PROC_CATEGORY_ZS && kind <= UTF8PROC_CATEGORY_ZP;
}

std::string normaliseNfc(std::string_view text) {
    if (isPlainForNfc(text)) return std::string(text);
    // The library orders combining marks in quadratic time: sections bound what one run of them can cost.
    constexpr int kMaxMarks = 256;
    std::string out;
    out.reserve(text.size());
    std::size_t sectionBegin = 0;
    int marks = 0;
    for (std::size_t position = 0; position < text.size();) {
        const CodePoint point = decodeCodePoint(text, position);
        if (point.state != CodePoint::State::kComplete) {
            appendNfc(out, text.substr(sectionBegin, position - sectionBegin));
            out += text.substr(position, point.length);
            sectionBegin = position + point.length;
            marks = 0;
        } else {
            const bool isMark =
                utf8proc_get_property(static_cast<utf8proc_int32_t>(point.value))->combining_class != 0;
            marks = isMark ? marks + 1 : 0;
        }
        position += point.length;
        if (marks == kMaxMarks) {
            appendNfc(out, text.substr(sectionBegin, position - sectionBegin));
            sectionBegin = position;
            marks = 0;
        }
    }
    appendNfc(out, text.substr(sectionBegin));
    return out;
}

}  // namespace epi
