#include "core/eval/metric.h"

#include <array>
#include <string>

#include "core/base/printable.h"

namespace epi {

#define X(stem) extern const Metric kMetric_##stem;
#include "metrics.inc"
#undef X

namespace {

constexpr std::array kMetrics{
#define X(stem) &kMetric_##stem,
#include "metrics.inc"
#undef X
};

}  // namespace

std::span<const Metric* const> allMetrics() {
    return kMetrics;
}

Result<const Metric*> findMetric(std::string_view id) {
    std::string known;
    for (const Metric* metric : allMetrics()) {
        if (metric->id == id) return metric;
        known += (known.empty() ? "" : ", ") + std::string(metric->id);
    }
    return Error{ErrorCode::kInvalidArgument, "no metric " + inQuotes(id) + ", expected one of " + known};
}

}  // namespace epi
