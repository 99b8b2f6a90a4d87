#pragma once

#include "core/engine/benchmark/bench_subject.h"
#include "core/tensor/placement.h"

namespace epi {

/// Measures plain copies, reads and a matrix product where the placement is.
Result<BenchCeilings> measureCeilings(const Placement& placement);

}  // namespace epi
