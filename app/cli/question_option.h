#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace epi {

/// Adds -q,--question, which is required and more than white space.
void addQuestionOption(CLI::App& command, std::string& question);

}  // namespace epi
