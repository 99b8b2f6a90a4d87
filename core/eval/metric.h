#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"

namespace epi {

/// A way to compare an answer with the expected one, higher is better: of texts, 0 to 1, or, without `score`,
/// one that the engine measures with the model. A metric is one file in core/eval/metrics/ whose name is its
/// id; it is found by the build.
struct Metric {
    std::string_view id;                                              // "token_f1"
    std::string_view title;                                           // "F1"
    double (*score)(std::string_view answer, std::string_view gold);  // null: measured with the model
};

std::span<const Metric* const> allMetrics();

/// kInvalidArgument lists the known ids.
Result<const Metric*> findMetric(std::string_view id);

}  // namespace epi

/// Ends a metric's file: `EPI_METRIC(token_f1){.id = "token_f1", ...};`
#define EPI_METRIC(stem)                       \
    extern const ::epi::Metric kMetric_##stem; \
    const ::epi::Metric kMetric_##stem
