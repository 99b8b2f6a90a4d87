#pragma once

#include <cstdint>

namespace epi {

/// A turn that full-text search found for a question, and how well the words match: those of the window
/// around it, and its own. Scores of one question compare with each other only. Pinned turns are among them
/// whatever their words.
struct PassageCandidate {
    std::int64_t turnId = 0;
    double windowScore = 0.0;
    double turnScore = 0.0;
    bool isPinned = false;

    bool operator==(const PassageCandidate&) const = default;
};

}  // namespace epi
