#include "app/cli/progress_line.h"

#include <cmath>
#include <iostream>

#include "core/base/printable.h"

#include <unistd.h>

namespace epi {
namespace {

std::string partOf(const Progress& progress) {
    std::string part = progress.phase;
    if (progress.episode >= 0) {
        part +=
            " episode " + std::to_string(progress.episode + 1) + " of " + std::to_string(progress.episodes);
    }
    return part;
}

std::string amountOf(const Progress& progress) {
    if (progress.total == 0) return {};
    std::string text =
        ": " + groupedSigned(progress.done) + " of " + groupedSigned(progress.total) + " " + progress.unit;
    if (progress.perSecond > 0.0) text += ", " + groupedSigned(std::llround(progress.perSecond)) + "/s";
    return text;
}

}  // namespace

ProgressLine::ProgressLine() : isTerminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
    clear();
}

void ProgressLine::show(const Progress& progress) {
    const std::string part = partOf(progress);
    if (isTerminal_) {
        std::cerr << "\r\033[K" << part << amountOf(progress) << std::flush;
        isShown_ = true;
    } else if (part != lastPart_) {
        std::cerr << part << '\n';
    }
    lastPart_ = part;
}

void ProgressLine::clear() {
    if (isShown_) std::cerr << "\r\033[K" << std::flush;
    isShown_ = false;
}

}  // namespace epi
