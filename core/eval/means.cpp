#include "core/eval/means.h"

#include <map>

namespace epi {
namespace {

void add(Mean& sum, double score) {
    ++sum.questions;
    sum.score += score;
}

Mean divided(Mean sum) {
    if (sum.questions > 0) sum.score /= static_cast<double>(sum.questions);
    return sum;
}

}  // namespace

Means meansOf(std::span<const CategoryScore> scores) {
    Mean overall;
    std::map<std::int32_t, Mean> categories;
    for (const CategoryScore& score : scores) {
        add(overall, score.score);
        add(categories[score.category], score.score);
    }
    Means means;
    means.overall = divided(overall);
    for (const auto& [category, sum] : categories) {
        means.categories.push_back({category, divided(sum)});
    }
    return means;
}

}  // namespace epi
