#pragma once

#include <cstdint>
#include <string_view>

namespace epi {

// The first value of a file of EpiChat's own JSON: {"format": …, "version": …}.
inline constexpr std::string_view kEpichatJsonFormat = "epichat-chats";
inline constexpr std::int64_t kEpichatJsonVersion = 1;

}  // namespace epi
