#pragma once

#include <cstdint>

#include "core/wire/commands.h"
#include "core/wire/events.h"

namespace epi {

/// Names one command and all events it causes; chosen by the sender, unique while the engine lives. Zero is
/// used by events that no command caused (Hello, EngineLost).
using JobId = std::uint64_t;

}  // namespace epi
