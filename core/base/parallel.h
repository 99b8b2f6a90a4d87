#pragma once

#include <cstddef>
#include <functional>

namespace epi {

/// Calls `work(0)` to `work(count - 1)`, each once, on up to as many threads as the machine has, the caller's
/// among them; returns when all are done. `work` is called from several threads at once and must not throw.
void parallelFor(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace epi
