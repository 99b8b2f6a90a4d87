#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace epi {

/// A name for each of several texts, "bakery, sourdough, oven": its most distinctive words, those that are
/// frequent in it and rare in all (class-based TF-IDF, Grootendorst 2022). Common English words, words of
/// less than three letters and numbers do not count. A text without any other word has an empty name.
std::vector<std::string> distinctiveWords(std::span<const std::string> texts, std::size_t words = 3);

}  // namespace epi
