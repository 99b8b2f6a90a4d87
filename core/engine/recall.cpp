#include "core/engine/recall.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/model/sentence_embedder.h"
#include "core/recall/passage_packing.h"
#include "core/recall/question_words.h"
#include "core/recall/rank_fusion.h"

namespace epi {
namespace {

std::int64_t tokensOf(const Tokenizer& tokenizer, const std::string& text) {
    return static_cast<std::int64_t>(tokenizer.encode(text, ControlTokens::kAsText).size());
}

/// How many of the words a piece of a long turn holds.
std::int64_t wordsIn(std::string_view text, const std::vector<std::string>& words) {
    const std::vector<std::string> held = questionWords(text);
    return std::ranges::count_if(
        words, [&](const std::string& word) { return std::ranges::find(held, word) != held.end(); });
}

/// The units at the middle of the windows that full-text search found: of a turn that was cut, the piece with
/// most of the words.
std::vector<std::size_t> wordRanking(const RecallTask& task) {
    std::map<std::int64_t, std::vector<std::size_t>> unitsOf;
    for (std::size_t unit = 0; unit < task.index.units.size(); ++unit)
        unitsOf[task.turns[task.index.units[unit].turn].id].push_back(unit);
    const std::vector<std::string> words = questionWords(task.question);
    const auto matches = [&](std::size_t unit) {
        const PassageUnit& each = task.index.units[unit];
        return wordsIn(std::string_view(task.turns[each.turn].text)
                           .substr(static_cast<std::size_t>(each.begin),
                                   static_cast<std::size_t>(each.end - each.begin)),
                       words);
    };
    std::vector<std::size_t> ranking;
    for (const RankedTurn& passage : task.passages) {
        const auto found = unitsOf.find(passage.turnId);
        if (found == unitsOf.end()) continue;  // e.g. a reply that failed
        const std::vector<std::size_t>& pieces = found->second;
        ranking.push_back(pieces.size() == 1 ? pieces.front()
                                             : *std::ranges::max_element(pieces, {}, matches));
    }
    return ranking;
}

/// All units by the cosine of their window to the question.
Result<std::vector<std::size_t>> meaningRanking(const RecallTask& task) {
    std::vector<std::size_t> ranking;
    if (task.embedder == nullptr || task.index.windows.columns == 0) return ranking;
    EPI_TRY_ASSIGN(const EmbeddingMatrix question,
                   task.embedder->embed(std::span(&task.question, 1), {}, task.cancel));
    std::vector<double> cosines;
    for (std::int64_t unit = 0; unit < task.index.windows.rows; ++unit) {
        const auto row = task.index.windows.row(unit);
        cosines.push_back(std::inner_product(row.begin(), row.end(), question.values.begin(), 0.0));
    }
    ranking.resize(cosines.size());
    std::iota(ranking.begin(), ranking.end(), std::size_t{0});
    std::ranges::stable_sort(
        ranking, std::ranges::greater(), [&](std::size_t unit) { return cosines[unit]; });
    return ranking;
}

}  // namespace

Result<Recalled> recallPassages(const RecallTask& task) {
    std::vector<std::vector<std::size_t>> rankings{wordRanking(task)};
    EPI_TRY_ASSIGN(auto byMeaning, meaningRanking(task));
    rankings.push_back(std::move(byMeaning));
    const std::vector<Ranked> ranking = joinRankings(rankings, task.index.units.size());
    std::vector<PackedUnit> packed =
        packWindows({.turns = task.turns,
                     .units = task.index.units,
                     .ranking = ranking,
                     .budget = task.budget,
                     .tokens = [&](const std::string& text) { return tokensOf(task.tokenizer, text); },
                     .isKnown =
                         [&](std::size_t unit) {
                             return task.isKept && task.isKept(task.index.units[unit]);
                         }});
    Recalled recalled;
    while (!packed.empty()) {
        std::vector<std::size_t> chosen;
        for (const PackedUnit& each : packed)
            chosen.push_back(each.unit);
        recalled.text = quotationText(task.turns, task.index.units, chosen);
        recalled.tokens = tokensOf(task.tokenizer, recalled.text);
        if (recalled.tokens <= task.budget) break;
        // Lines joined can be a few tokens more than the sum of the lines: the least goes.
        packed.erase(std::ranges::min_element(packed, {}, &PackedUnit::score));
    }
    if (packed.empty()) return Recalled{};
    for (const PackedUnit& each : packed) {
        const PassageUnit& unit = task.index.units[each.unit];
        recalled.passages.push_back({.turnId = task.turns[unit.turn].id,
                                     .firstByte = unit.begin,
                                     .endByte = unit.end,
                                     .score = each.score,
                                     .tokens = each.tokens});
    }
    return recalled;
}

}  // namespace epi
