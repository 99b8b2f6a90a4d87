#pragma once

#include "core/engine/options.h"

#include <CLI/CLI.hpp>

namespace epi {

/// Adds --max-tokens, --temperature and so on.
void addSamplingOptions(CLI::App& command, SamplingOptions& options);

}  // namespace epi
