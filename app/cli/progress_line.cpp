#include "app/cli/progress_line.h"

#include <cmath>
#include <iostream>
#include <string_view>

#include "app/cli/episode_text.h"
#include "core/base/printable.h"

#include <unistd.h>

namespace epi {
namespace {

std::string partOf(const Progress& progress) {
    std::string part = progress.phase;
    if (progress.episode >= 0) {
        part += " " + episodeText(progress.episode, progress.episodes);
    } else if (progress.episodes > 1) {
        part += " one cache for " + counted(progress.episodes, "episode");
    }
    return part;
}

std::string amountOf(const Progress& progress) {
    if (progress.total == 0) return {};
    // Units are plurals.
    const std::string_view one = std::string_view(progress.unit).substr(0, progress.unit.size() - 1);
    std::string text =
        ": " + groupedSigned(progress.done) + " of " + counted(progress.total, one, progress.unit);
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
