#pragma once

#include <vector>

#include "core/wire/codec.h"

namespace epi::samples {

/// One of each command and event that crosses the wire, every field with a value that is not its default.
std::vector<Command> commands();
std::vector<Event> events();

}  // namespace epi::samples
