#include "core/recall/recall.h"

#include <algorithm>
#include <set>

#include "core/recall/passage_packing.h"

namespace epi {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Whether a unit says nothing but the question: it was asked before, and matches best of all.
bool isTheQuestion(const RecallTask& task, const PassageUnit& unit) {
    return trimmed(task.turns[unit.turn].text) == trimmed(task.question);
}

std::vector<std::size_t> pinnedUnits(const RecallTask& task) {
    std::vector<std::int64_t> pinned;
    for (const PassageCandidate& candidate : task.byWords) {
        if (candidate.isPinned) pinned.push_back(candidate.turnId);
    }
    if (pinned.empty()) return {};  // a long chat has 100,000 units and most have no pin
    std::ranges::sort(pinned);
    std::vector<std::size_t> units;
    for (std::size_t unit = 0; unit < task.units.size(); ++unit) {
        if (std::ranges::binary_search(pinned, task.turns[task.units[unit].turn].id)) units.push_back(unit);
    }
    return units;
}

}  // namespace

Recalled recallPassages(const RecallTask& task) {
    const PassageRankings rankings = rankPassages({.turns = task.turns,
                                                   .units = task.units,
                                                   .question = task.question,
                                                   .byWords = task.byWords,
                                                   .byMeaning = task.byMeaning});
    const auto encode = [&](const std::string& text) {
        return task.tokenizer.encode(text, ControlTokens::kAsText);
    };
    const auto isKnown = [&](const PassageUnit& unit) {
        return isTheQuestion(task, unit) || (task.isKept && task.isKept(unit));
    };
    const std::vector<std::size_t> pinned = pinnedUnits(task);
    std::vector<PackedUnit> packed = packPassages(
        {.turns = task.turns,
         .units = task.units,
         .rankings = rankings,
         .pinned = pinned,
         .budget = task.budget,
         .pinnedBudget = task.pinnedBudget,
         .wording = task.wording,
         .tokens = [&](const std::string& text) { return static_cast<std::int64_t>(encode(text).size()); },
         .isKnown = isKnown});
    Recalled recalled;
    while (!packed.empty()) {
        std::vector<std::size_t> chosen;
        for (const PackedUnit& each : packed)
            chosen.push_back(each.unit);
        recalled.text = quotationText(task.turns, task.units, chosen, task.wording);
        recalled.ids = encode(recalled.text);
        if (static_cast<std::int64_t>(recalled.ids.size()) <= std::max(task.budget, task.pinnedBudget)) break;
        // Lines joined can be a few tokens more than the sum of the lines: the least goes.
        packed.erase(std::ranges::min_element(packed, {}, &PackedUnit::score));
    }
    const auto isQuoted = [&](std::size_t unit) {
        return std::ranges::find(packed, unit, &PackedUnit::unit) != packed.end();
    };
    std::set<std::size_t> leftOut;
    for (const std::size_t unit : pinned) {
        if (!isQuoted(unit) && !isKnown(task.units[unit])) leftOut.insert(task.units[unit].turn);
    }
    recalled.pinsLeftOut = std::ssize(leftOut);
    if (packed.empty()) {
        recalled.text.clear();
        recalled.ids.clear();
    }
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
