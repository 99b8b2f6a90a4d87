#pragma once

#include <string>
#include <vector>

#include "core/wire/messages.h"

namespace epi {

/// A stretch of a turn's text whose tokens are kept by about the same share of (layer, KV head) sets.
struct TintRun {
    int begin = 0;  // UTF-16 positions in the turn's text
    int end = 0;
    int level = 0;  // 0: kept nowhere; 1: by some; 2, 3, 4: by at least a quarter, half, three quarters
};

/// 0 to 4 for a share in 1/255ths.
int tintLevel(std::uint8_t share);

/// The runs of one turn, whose text is given in UTF-8. A byte end outside of it, or a token outside of the
/// trace, ends the runs.
std::vector<TintRun> tintRuns(const Trace& trace, const Trace::TurnTokens& turn, const std::string& text);

}  // namespace epi
