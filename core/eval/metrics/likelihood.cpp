// Gold-answer likelihood: mean ln p per token of the expected answer, read as the reply. Smooth, needs no
// judge, and works with small models.

#include "core/eval/metric.h"

namespace epi {

EPI_METRIC(likelihood){.id = "likelihood", .title = "ln p per token", .score = nullptr};

}  // namespace epi
