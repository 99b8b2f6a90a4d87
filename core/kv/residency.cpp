#include "core/kv/residency.h"

#include <algorithm>

namespace epi {
namespace {

constexpr std::size_t kTopRanked = 2;
// Weight of the newest similarity in the running mean: about the last five queries count.
constexpr double kNewestWeight = 1.0 / 3.0;
constexpr double kSimilarEnough = 0.4;
constexpr std::int64_t kLearnedTransitions = 2;
constexpr std::size_t kComparedFaults = 50;
constexpr double kWorseThanLru = 1.5;

}  // namespace

ResidencyPolicy::ResidencyPolicy(std::int64_t capacityBytes, std::uint64_t seed)
    : capacityBytes_(capacityBytes), random_(seed) {}

void ResidencyPolicy::observe(std::span<const Similarity> items, const std::string& chosen) {
    std::vector<Similarity> ranked(items.begin(), items.end());
    std::ranges::stable_sort(ranked, std::ranges::greater(), &Similarity::similarity);
    for (auto& [key, forecast] : forecasts_)
        forecast.isTopRanked = false;
    for (std::size_t rank = 0; rank < ranked.size(); ++rank) {
        Forecast& forecast = forecasts_[ranked[rank].key];
        forecast.isTopRanked = rank < kTopRanked;
        forecast.meanSimilarity += kNewestWeight * (ranked[rank].similarity - forecast.meanSimilarity);
    }
    if (!last_.empty()) ++transitions_[{last_, chosen}];
    last_ = chosen;
}

bool ResidencyPolicy::isExpected(const std::string& key) const {
    const auto forecast = forecasts_.find(key);
    if (forecast != forecasts_.end() &&
        (forecast->second.isTopRanked || forecast->second.meanSimilarity > kSimilarEnough)) {
        return true;
    }
    const auto transition = transitions_.find({last_, key});
    return transition != transitions_.end() && transition->second >= kLearnedTransitions;
}

std::vector<std::string> ResidencyPolicy::request(const std::string& key, std::int64_t bytes) {
    Cost cost;
    const bool isHit = items_.contains(key);
    ++(isHit ? counters_.hits : counters_.faults);
    if (!isHit) {
        counters_.faultBytes += bytes;
        cost.policy = bytes;
    }
    simulateLru(key, bytes, cost);
    if (cost.policy > 0 || cost.lru > 0) record(cost);

    Item& item = items_[key];
    usedBytes_ += bytes - item.bytes;
    item = {.bytes = bytes, .lastUsed = ++clock_, .isMarked = true};
    std::vector<std::string> victims;
    while (usedBytes_ > capacityBytes_ && items_.size() > 1) {
        victims.push_back(chooseVictim(key));
        usedBytes_ -= items_[victims.back()].bytes;
        items_.erase(victims.back());
        ++counters_.evictions;
    }
    return victims;
}

std::string ResidencyPolicy::chooseVictim(const std::string& requested) {
    const auto isCandidate = [&](const auto& entry) {
        return entry.first != requested && !entry.second.isMarked;
    };
    if (!counters_.followsLru && std::ranges::none_of(items_, isCandidate)) {
        for (auto& [key, item] : items_)
            item.isMarked = key == requested;
    }
    const std::string* oldest = nullptr;
    std::uint64_t oldestUse = 0;
    std::vector<const std::string*> unmarked;
    for (const auto& [key, item] : items_) {
        if (key == requested || (item.isMarked && !counters_.followsLru)) continue;
        unmarked.push_back(&key);
        if (!counters_.followsLru && isExpected(key)) continue;
        if (oldest != nullptr && item.lastUsed >= oldestUse) continue;
        oldest = &key;
        oldestUse = item.lastUsed;
    }
    return oldest != nullptr ? *oldest : *unmarked[static_cast<std::size_t>(random_.below(unmarked.size()))];
}

void ResidencyPolicy::simulateLru(const std::string& key, std::int64_t bytes, Cost& cost) {
    const auto found = std::ranges::find(lru_, key, &std::pair<std::string, std::int64_t>::first);
    if (found == lru_.end()) {
        ++counters_.lruFaults;
        counters_.lruFaultBytes += bytes;
        cost.lru = bytes;
    } else {
        lru_.erase(found);
    }
    lru_.emplace_front(key, bytes);
    std::int64_t used = 0;
    for (const auto& entry : lru_)
        used += entry.second;
    while (used > capacityBytes_ && lru_.size() > 1) {
        used -= lru_.back().second;
        lru_.pop_back();
    }
}

void ResidencyPolicy::record(const Cost& cost) {
    recent_.push_back(cost);
    if (recent_.size() > kComparedFaults) recent_.pop_front();
    Cost sum;
    for (const Cost& each : recent_) {
        sum.policy += each.policy;
        sum.lru += each.lru;
    }
    counters_.followsLru = static_cast<double>(sum.policy) > kWorseThanLru * static_cast<double>(sum.lru);
}

void ResidencyPolicy::admit(const std::string& key, std::int64_t bytes) {
    Item& item = items_[key];
    usedBytes_ += bytes - item.bytes;
    item = {.bytes = bytes, .lastUsed = clock_, .isMarked = false};
}

void ResidencyPolicy::discard(const std::string& key) {
    const auto found = items_.find(key);
    if (found != items_.end()) {
        usedBytes_ -= found->second.bytes;
        items_.erase(found);
    }
    std::erase_if(lru_, [&](const auto& entry) { return entry.first == key; });
    forecasts_.erase(key);
}

}  // namespace epi
