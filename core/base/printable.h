#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace epi {

inline constexpr std::size_t kMaxPrintableName = 96;
inline constexpr std::size_t kMaxPrintablePath = 512;

/// Foreign bytes as they may stand in a message: control characters and characters that reorder text become
/// \u{...}, bytes that are not UTF-8 \xNN, and what is longer than `maxBytes` is cut and ends in "...".
std::string printable(std::string_view bytes, std::size_t maxBytes = kMaxPrintableName);

/// `printable` between single quotes.
std::string inQuotes(std::string_view bytes);

/// Decimal digits in groups of three: 4,368,439,584.
std::string grouped(std::uint64_t value);
std::string groupedSigned(std::int64_t value);

/// How many there are of something: "1 token", "4,096 tokens"; `many` where that is not `one` with an s.
std::string counted(std::int64_t number, std::string_view one, std::string_view many = {});

}  // namespace epi
