#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace epi {

/// Categories of LoCoMo's questions that have an answer; those behind them ask for what was never said.
inline constexpr std::int32_t kFirstAnswered = 1;
inline constexpr std::int32_t kLastAnswered = 4;

/// The turns that a question's evidence names, each once: some records put several into one text
/// ("D8:6; D9:17").
std::vector<std::string> evidenceIds(std::span<const std::string> evidence);

}  // namespace epi
