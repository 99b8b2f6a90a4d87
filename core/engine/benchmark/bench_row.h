#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace epi {

/// Of several measurements.
struct Spread {
    double median = 0.0;
    double fastest = 0.0;
    double slowest = 0.0;
};

inline Spread spreadOf(std::vector<double> seconds) {
    if (seconds.empty()) return {};
    std::ranges::sort(seconds);
    return {.median = seconds[seconds.size() / 2], .fastest = seconds.front(), .slowest = seconds.back()};
}

/// One line of what `epichat-cli bench` prints.
struct BenchRow {
    std::string row;   // "decode", "prefill", ...
    std::string what;  // which case of it
    Spread seconds;
    double rate = 0.0;          // in `unit`; 0: none
    std::string unit{};         // "tokens/s", "TFLOP/s", "GB/s"
    double floorSeconds = 0.0;  // what the limit below alone would take; 0: none is known
    std::string limit{};        // "reading", "copying", "multiplying", "upload", "download"
    nlohmann::json details = nlohmann::json::object();  // besides, with --json
    std::string note{};
};

using BenchRows = std::vector<BenchRow>;

}  // namespace epi
