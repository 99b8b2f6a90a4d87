#include "core/policy/scorer.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace epi {

namespace scorers {
#define X(stem) extern const Scorer kScorer_##stem;
#include "scorers.inc"
#undef X
}  // namespace scorers

namespace {

constexpr std::array kScorers{
#define X(stem) &scorers::kScorer_##stem,
#include "scorers.inc"
#undef X
};

}  // namespace

void ScorerParameters::set(std::string_view name, double value) {
    const auto known = std::ranges::find(values_, name, &std::pair<std::string, double>::first);
    if (known != values_.end()) {
        known->second = value;
    } else {
        values_.emplace_back(name, value);
    }
}

double ScorerParameters::at(std::string_view name) const {
    const auto known = std::ranges::find(values_, name, &std::pair<std::string, double>::first);
    assert(known != values_.end());
    return known->second;
}

std::span<const Scorer* const> allScorers() {
    return kScorers;
}

Result<const Scorer*> scorerById(std::string_view id) {
    std::string known;
    for (const Scorer* const scorer : kScorers) {
        if (scorer->id == id) return scorer;
        known += (known.empty() ? "" : ", ") + std::string(scorer->id);
    }
    return Error{ErrorCode::kInvalidArgument,
                 "unknown scorer '" + std::string(id) + "', expected one of " + known};
}

}  // namespace epi
