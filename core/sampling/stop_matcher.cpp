#include "core/sampling/stop_matcher.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace epi {
namespace {

/// Length of the longest end of `text` that `stop` begins with.
std::size_t overlap(std::string_view text, std::string_view stop) {
    for (std::size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length) {
        if (text.ends_with(stop.substr(0, length))) return length;
    }
    return 0;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
    std::erase(stops_, std::string());
}

std::string StopMatcher::push(std::string_view piece) {
    if (isStopped_) return {};
    held_ += piece;

    // The stop text that is complete first, whatever else begins before it: otherwise the result would
    // depend on the cuts.
    std::size_t firstEnd = std::string::npos;
    std::size_t start = 0;
    for (const std::string& stop : stops_) {
        const std::size_t position = held_.find(stop);
        if (position == std::string::npos) continue;
        const std::size_t end = position + stop.size();
        if (end < firstEnd || (end == firstEnd && position < start)) {
            firstEnd = end;
            start = position;
        }
    }
    if (firstEnd != std::string::npos) {
        isStopped_ = true;
        return std::exchange(held_, {}).substr(0, start);
    }

    std::size_t kept = 0;
    for (const std::string& stop : stops_)
        kept = std::max(kept, overlap(held_, stop));
    std::string certain = held_.substr(0, held_.size() - kept);
    held_.erase(0, certain.size());
    return certain;
}

std::string StopMatcher::flush() {
    return std::exchange(held_, {});
}

}  // namespace epi
