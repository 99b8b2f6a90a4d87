#include "core/recall/recall.h"

#include <algorithm>

#include "core/recall/passage_packing.h"

namespace epi {

Recalled recallPassages(const RecallTask& task) {
    const PassageRankings rankings = rankPassages({.turns = task.turns,
                                                   .units = task.units,
                                                   .question = task.question,
                                                   .byWords = task.byWords,
                                                   .byMeaning = task.byMeaning});
    const auto encode = [&](const std::string& text) {
        return task.tokenizer.encode(text, ControlTokens::kAsText);
    };
    std::vector<PackedUnit> packed = packPassages(
        {.turns = task.turns,
         .units = task.units,
         .rankings = rankings,
         .budget = task.budget,
         .wording = task.wording,
         .tokens = [&](const std::string& text) { return static_cast<std::int64_t>(encode(text).size()); },
         .isKnown = task.isKept});
    Recalled recalled;
    while (!packed.empty()) {
        std::vector<std::size_t> chosen;
        for (const PackedUnit& each : packed)
            chosen.push_back(each.unit);
        recalled.text = quotationText(task.turns, task.units, chosen, task.wording);
        recalled.ids = encode(recalled.text);
        if (static_cast<std::int64_t>(recalled.ids.size()) <= task.budget) break;
        // Lines joined can be a few tokens more than the sum of the lines: the least goes.
        packed.erase(std::ranges::min_element(packed, {}, &PackedUnit::score));
    }
    if (packed.empty()) return {};
    for (const PackedUnit& each : packed) {
        const PassageUnit& unit = task.units[each.unit];
        recalled.passages.push_back({.turnId = task.turns[unit.turn].id,
                                     .firstByte = unit.begin,
                                     .endByte = unit.end,
                                     .score = each.score,
                                     .tokens = each.tokens});
    }
    return recalled;
}

}  // namespace epi
