#pragma once

#include <string>

#include "core/wire/messages.h"

namespace epi {

/// How far a job is, on standard error: one line, rewritten, on a terminal; elsewhere one line for each
/// episode and phase.
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const Progress& progress);
    /// Removes the line from the terminal, before something else is printed.
    void clear();

private:
    bool isTerminal_;
    bool isShown_ = false;
    std::string lastPart_;  // phase and episode of the last line
};

}  // namespace epi
