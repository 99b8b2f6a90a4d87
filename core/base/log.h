#pragma once

#include <string_view>

namespace epi {

/// A line in the program's log. Any thread.
void logInformation(std::string_view message);
void logWarning(std::string_view message);

}  // namespace epi
