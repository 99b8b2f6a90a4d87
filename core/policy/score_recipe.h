#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace epi {

/// One part of a score: a scorer by its id, with parameters that differ from its defaults.
struct ScoreTerm {
    std::string scorer;
    double weight = 1.0;  // among several terms
    std::map<std::string, double> parameters{};

    bool operator==(const ScoreTerm&) const = default;
};

/// Reads "keydiff", "kvzip(keep=0)" or "keydiff + attention * 0.5": terms joined by +, each with parameters
/// in parentheses and a weight behind * where wanted. kInvalidArgument says what was expected and where.
Result<std::vector<ScoreTerm>> parseScore(std::string_view text);

}  // namespace epi
