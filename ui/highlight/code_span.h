#pragma once

#include <cstddef>

namespace epi {

/// What a part of code is, as far as its colour tells.
enum class CodeKind : unsigned char {
    kKeyword,
    kString,
    kComment,
    kNumber,
    kConstant,
    kFunction,
    kType,
    kProperty,
    kAttribute,
};
inline constexpr std::size_t kCodeKindCount = 9;

/// A stretch of code of one kind, in UTF-16 units.
struct CodeSpan {
    int begin = 0;
    int length = 0;
    CodeKind kind = CodeKind::kKeyword;

    [[nodiscard]] int end() const { return begin + length; }
    bool operator==(const CodeSpan&) const = default;
};

}  // namespace epi
