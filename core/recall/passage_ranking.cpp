#include "core/recall/passage_ranking.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "core/recall/question_words.h"

namespace epi {
namespace {

constexpr double kNamedSpeaker = 1.2;  // measured best on LoCoMo, of 1 to 2

using Order = std::vector<std::size_t>;

std::string_view textOf(const PassageSearch& search, std::size_t unit) {
    const PassageUnit& each = search.units[unit];
    return std::string_view(search.turns[each.turn].text)
        .substr(static_cast<std::size_t>(each.begin), static_cast<std::size_t>(each.end - each.begin));
}

/// For each turn id the unit that stands for it.
std::map<std::int64_t, std::size_t> unitOfTurns(const PassageSearch& search) {
    const std::vector<std::string> asked = questionWords(search.question);
    const auto matches = [&](std::size_t unit) {
        const std::vector<std::string> held = questionWords(textOf(search, unit));
        return std::ranges::count_if(
            asked, [&](const std::string& word) { return std::ranges::find(held, word) != held.end(); });
    };
    std::map<std::int64_t, std::size_t> unitOf;
    for (std::size_t unit = 0; unit < search.units.size(); ++unit) {
        const auto [place, isFirst] = unitOf.emplace(search.turns[search.units[unit].turn].id, unit);
        if (!isFirst && matches(unit) > matches(place->second)) place->second = unit;
    }
    return unitOf;
}

Order byCosine(std::span<const double> cosines) {
    Order order(cosines.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t unit) { return cosines[unit]; });
    return order;
}

/// The only speaker whom the question names; empty when it names none or several.
std::string namedSpeaker(const PassageSearch& search) {
    const std::vector<std::string> asked = questionWords(search.question);
    std::set<std::string> named;
    std::set<std::string> seen;
    for (const Turn& turn : search.turns) {
        if (!seen.insert(turn.speaker).second) continue;
        const std::vector<std::string> name = questionWords(turn.speaker);
        if (!name.empty() && std::ranges::find(asked, name.front()) != asked.end())
            named.insert(turn.speaker);
    }
    return named.size() == 1 ? *named.begin() : std::string();
}

void favour(const PassageSearch& search, const std::string& speaker, std::vector<Ranked>& ranking) {
    if (speaker.empty()) return;
    for (Ranked& each : ranking) {
        if (search.turns[search.units[each.index].turn].speaker == speaker) each.score *= kNamedSpeaker;
    }
    std::ranges::stable_sort(ranking, std::ranges::greater(), &Ranked::score);
}

}  // namespace

PassageRankings rankPassages(const PassageSearch& search) {
    const std::map<std::int64_t, std::size_t> unitOf = unitOfTurns(search);
    const auto byWords = [&](double PassageCandidate::*score) {
        std::vector<PassageCandidate> candidates(search.byWords.begin(), search.byWords.end());
        std::ranges::stable_sort(candidates, std::ranges::greater(), score);
        Order order;
        for (const PassageCandidate& candidate : candidates) {
            const auto found = unitOf.find(candidate.turnId);  // e.g. a reply that failed is no turn
            if (candidate.*score > 0.0 && found != unitOf.end()) order.push_back(found->second);
        }
        return order;
    };
    const std::array rankings{byWords(&PassageCandidate::windowScore),
                              byCosine(search.byMeaning),
                              byWords(&PassageCandidate::turnScore)};
    const std::size_t count = search.units.size();
    PassageRankings result{.windows = joinRankings(std::span(rankings).first(2), count),
                           .units = joinRankings(rankings, count)};
    favour(search, namedSpeaker(search), result.units);
    return result;
}

}  // namespace epi
