#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/engine/benchmark/bench_row.h"
#include "core/engine/benchmark/bench_subject.h"

namespace epi {

/// The line above the rows of the table that `bench` prints.
std::string benchTableHead();
/// One line: what was measured, the median, the rate, what the limit alone would take, and the share of that.
std::string benchTableLine(const BenchRow& row);
nlohmann::json benchRowJson(const BenchRow& row);

/// What the machine reaches, which the limits are computed from.
std::string ceilingsText(const BenchCeilings& ceilings);
nlohmann::json ceilingsJson(const BenchCeilings& ceilings);

}  // namespace epi
