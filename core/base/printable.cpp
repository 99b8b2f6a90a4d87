#include "core/base/printable.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <utf8proc.h>

namespace epi {
namespace {

bool isUnsafe(utf8proc_int32_t codepoint) {
    switch (utf8proc_category(codepoint)) {
        case UTF8PROC_CATEGORY_CC:  // control
        case UTF8PROC_CATEGORY_CF:  // format, with all bidirectional controls
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
            return true;
        default:
            return false;
    }
}

bool isPlain(char byte) {
    return byte >= ' ' && byte <= '~';
}

std::string escape(const char* format, unsigned value) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

}  // namespace

std::string printable(std::string_view bytes, std::size_t maxBytes) {
    if (bytes.size() <= maxBytes && std::all_of(bytes.begin(), bytes.end(), isPlain))
        return std::string(bytes);
    const auto* data = reinterpret_cast<const utf8proc_uint8_t*>(bytes.data());
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
        if (at >= maxBytes) return text + "...";
        utf8proc_int32_t codepoint = -1;
        const utf8proc_ssize_t length =
            utf8proc_iterate(data + at, static_cast<utf8proc_ssize_t>(bytes.size() - at), &codepoint);
        if (length <= 0) {
            text += escape("\\x%02x", data[at]);
            ++at;
            continue;
        }
        if (isUnsafe(codepoint)) {
            text += escape("\\u{%x}", static_cast<unsigned>(codepoint));
        } else {
            text += bytes.substr(at, static_cast<std::size_t>(length));
        }
        at += static_cast<std::size_t>(length);
    }
    return text;
}

std::string inQuotes(std::string_view bytes) {
    return "'" + printable(bytes) + "'";
}

std::string grouped(std::uint64_t value) {
    std::string digits = std::to_string(value);
    for (std::size_t at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, ",");
    return digits;
}

std::string groupedSigned(std::int64_t value) {
    if (value >= 0) return grouped(static_cast<std::uint64_t>(value));
    return "-" + grouped(std::uint64_t{0} - static_cast<std::uint64_t>(value));
}

std::string counted(std::int64_t number, std::string_view one, std::string_view many) {
    std::string text = groupedSigned(number) + " ";
    if (number == 1) return text += one;
    return many.empty() ? text.append(one).append("s") : text.append(many);
}

}  // namespace epi
