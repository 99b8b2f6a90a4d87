#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace epi {

/// The score of one question.
struct CategoryScore {
    std::int32_t category = 0;
    double score = 0.0;
};

/// Mean over the questions of one category, or of all.
struct Mean {
    std::int64_t questions = 0;
    double score = 0.0;  // 0 without questions
};
struct CategoryMean {
    std::int32_t category = 0;
    Mean mean;
};

struct Means {
    Mean overall;                          // every question counts the same
    std::vector<CategoryMean> categories;  // ascending; only those with questions
};

Means meansOf(std::span<const CategoryScore> scores);

}  // namespace epi
