#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/rng.h"

namespace epi {

/// Decides which caches stay in a tier of limited size: the marking algorithm with one predicted bit per item
/// (Antoniadis and others, "Paging with Succinct Predictions", ICML 2023). A requested item is marked; room
/// is made by dropping unmarked items that are not expected again, the least recently used first, then any
/// unmarked one; when all are marked a new phase begins. An LRU cache is simulated on the same requests: once
/// the predictions cost more than 1.5 times what LRU would have, the next phase follows LRU. Costs are bytes,
/// since sizes differ. Holds no cache itself. One thread.
class ResidencyPolicy {
public:
    explicit ResidencyPolicy(std::int64_t capacityBytes, std::uint64_t seed = 1);

    /// An item of a conversation and how similar a query was to it.
    struct Similarity {
        std::string key;
        double similarity = 0.0;
    };
    /// Sets the predicted bits before `chosen` is requested: an item is expected again when it is among the
    /// two most similar to this query, when it was similar to the last queries, or when it has followed
    /// `chosen` twice.
    void observe(std::span<const Similarity> items, const std::string& chosen);

    /// Counts a hit or a fault; the keys that must leave the tier so that `key` fits. An item larger than the
    /// tier is alone in it.
    std::vector<std::string> request(const std::string& key, std::int64_t bytes);

    /// Takes an item in that nobody asked for yet. Requires: it fits.
    void admit(const std::string& key, std::int64_t bytes);

    /// Takes an item that will not be asked for again out at once.
    void discard(const std::string& key);

    [[nodiscard]] bool isResident(const std::string& key) const { return items_.contains(key); }
    [[nodiscard]] bool isExpected(const std::string& key) const;
    [[nodiscard]] bool fits(std::int64_t bytes) const { return usedBytes_ + bytes <= capacityBytes_; }

    struct Counters {
        std::int64_t hits = 0;
        std::int64_t faults = 0;
        std::int64_t evictions = 0;
        std::int64_t faultBytes = 0;
        std::int64_t lruFaults = 0;  // of the simulated LRU cache
        std::int64_t lruFaultBytes = 0;
        bool followsLru = false;
    };
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] std::int64_t usedBytes() const { return usedBytes_; }
    [[nodiscard]] std::int64_t capacityBytes() const { return capacityBytes_; }

private:
    struct Item {
        std::int64_t bytes = 0;
        std::uint64_t lastUsed = 0;
        bool isMarked = false;
    };
    struct Forecast {
        bool isTopRanked = false;
        double meanSimilarity = 0.0;
    };
    /// What a fault cost: the policy and the simulated LRU cache.
    struct Cost {
        std::int64_t policy = 0;
        std::int64_t lru = 0;
    };

    [[nodiscard]] std::string chooseVictim(const std::string& requested);
    void simulateLru(const std::string& key, std::int64_t bytes, Cost& cost);
    void record(const Cost& cost);

    std::int64_t capacityBytes_;
    Rng random_;
    std::uint64_t clock_ = 0;
    std::int64_t usedBytes_ = 0;
    std::map<std::string, Item> items_;
    std::map<std::string, Forecast> forecasts_;
    std::map<std::pair<std::string, std::string>, std::int64_t> transitions_;  // from, to
    std::string last_;
    std::list<std::pair<std::string, std::int64_t>> lru_;  // most recent first
    std::deque<Cost> recent_;                              // of the last requests that either side missed
    Counters counters_;
};

}  // namespace epi
