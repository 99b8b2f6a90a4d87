#include "core/engine/quoting.h"

#include <algorithm>

#include "core/model/executor.h"
#include "core/model/language_model.h"

namespace epi {
namespace {

/// Original positions [first, end) in a history.
struct TokenRange {
    std::int64_t first = 0;
    std::int64_t end = 0;
};

/// The tokens that hold text of a passage.
TokenRange tokensOf(const TurnSpan& turn, const PassageUnit& unit) {
    const auto first = std::ranges::upper_bound(turn.byteEnds, unit.begin);
    const auto last = std::ranges::lower_bound(turn.byteEnds, unit.end);
    const std::int64_t end = last - turn.byteEnds.begin() + (last == turn.byteEnds.end() ? 0 : 1);
    return {turn.firstTextToken + (first - turn.byteEnds.begin()), turn.firstTextToken + end};
}

bool holds(std::span<const std::int32_t> origins, const TokenRange& range) {
    const auto first = std::ranges::lower_bound(origins, range.first);
    const auto end = std::ranges::lower_bound(origins, range.end);
    return end - first == range.end - range.first;
}

bool isKept(const TurnReading& reading, const PassageUnit& unit) {
    const ModelSpec& spec = reading.model.executor().spec();
    const TokenRange range = tokensOf(reading.conversation.history.turns[unit.turn], unit);
    for (std::int32_t layer = 0; layer < reading.cache.layerCount(); ++layer) {
        if (spec.layers[static_cast<std::size_t>(layer)].attention.window) continue;
        const LayerArena& arena = reading.cache.layer(layer);
        for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
            if (!holds(arena.origins(head), range)) return false;
        }
    }
    return true;
}

}  // namespace

QuotingRoom quotingRoom(const BuiltMemory& memory, std::span<const PassageCandidate> candidates) {
    QuotingRoom room{.passages = quotedRows(memory)};
    if (memory.resolved.isDense) return room;
    const bool hasOthers = std::ranges::any_of(candidates, [&](const PassageCandidate& candidate) {
        return candidate.isPinned &&
               !std::ranges::binary_search(memory.resolved.options.pinnedTurns, candidate.turnId);
    });
    if (hasOthers) room.pinned = std::max<std::int64_t>(room.passages, tailRows(memory.resolved) / 2);
    return room;
}

Recalled passagesToQuote(const QuotingTask& task) {
    const TurnReading& reading = task.reading;
    return recallPassages({.turns = reading.conversation.text.turns,
                           .units = task.units,
                           .question = task.question,
                           .byWords = task.byWords,
                           .byMeaning = task.byMeaning,
                           .tokenizer = reading.model.tokenizer(),
                           .wording = reading.wording,
                           .budget = task.budget,
                           .pinnedBudget = task.pinnedBudget,
                           .isKept = [&](const PassageUnit& unit) {
                               return isKept(reading, unit);
                           }});
}

}  // namespace epi
