#pragma once

#include <cstdint>

namespace epi {

/// A turn and how well the passage around it matches a question. Scores of one ranking compare with each
/// other only.
struct RankedTurn {
    std::int64_t turnId = 0;
    double score = 0.0;

    bool operator==(const RankedTurn&) const = default;
};

}  // namespace epi
