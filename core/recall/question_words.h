#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace epi {

/// The words of a question that say what it is about, in lower case, each once, in order: runs of letters and
/// digits without English function words and question words.
std::vector<std::string> questionWords(std::string_view question);

}  // namespace epi
