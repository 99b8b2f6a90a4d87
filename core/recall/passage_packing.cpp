#include "core/recall/passage_packing.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/recall/quotation.h"

namespace epi {
namespace {

constexpr double kWindowShare = 0.5;
constexpr double kPinnedScore = 1.0;  // above any of a ranking
constexpr int kMaxPassedOver = 64;    // that do not fit before the search for smaller ones ends

class Packer {
public:
    explicit Packer(const PackingTask& task)
        : task_(task),
          left_(std::max(task.budget, task.pinnedBudget) -
                task.tokens(quotationText({}, {}, {}, task.wording))) {}

    std::vector<PackedUnit> pack() {
        const auto forUnits =
            static_cast<std::int64_t>(static_cast<double>(task_.budget) * (1.0 - kWindowShare));
        for (const std::size_t unit : task_.pinned)
            take({unit, unit + 1}, kPinnedScore);
        left_ -= std::max<std::int64_t>(0, task_.pinnedBudget - task_.budget);  // is for no others
        takeBest(task_.rankings.windows, forUnits, [this](const Ranked& ranked) {
            return take(windowAround(task_.turns, task_.units, ranked.index), ranked.score) ||
                   take({ranked.index, ranked.index + 1}, ranked.score);
        });
        takeBest(task_.rankings.units, 0, [this](const Ranked& ranked) {
            return take({ranked.index, ranked.index + 1}, ranked.score);
        });
        std::vector<PackedUnit> packed;
        for (const auto& [unit, entry] : taken_)
            packed.push_back(entry);
        return packed;
    }

private:
    /// Takes from a ranking until no more than `rest` tokens are left.
    template <typename Take>
    void takeBest(std::span<const Ranked> ranking, std::int64_t rest, const Take& takeOne) {
        int passedOver = 0;
        for (const Ranked& ranked : ranking) {
            if (left_ <= rest || passedOver >= kMaxPassedOver) return;
            if (!takeOne(ranked)) ++passedOver;
        }
    }

    /// Takes the units of a window that are not taken yet, if there is room for all of them.
    bool take(const UnitRange& window, double score) {
        std::vector<PackedUnit> added;
        std::int64_t cost = 0;
        std::set<std::string> sessions;
        for (std::size_t unit = window.first; unit < window.end; ++unit) {
            if (taken_.contains(unit) || (task_.isKnown && task_.isKnown(task_.units[unit]))) continue;
            const Turn& turn = task_.turns[task_.units[unit].turn];
            added.push_back({unit, score, tokensOf(unit)});
            cost += added.back().tokens;
            if (!sessions_.contains(turn.session) && sessions.insert(turn.session).second)
                cost += task_.tokens(quotationHeader(turn, task_.wording));
        }
        if (!added.empty()) ++cost;  // of an empty line before it
        if (cost > left_) return false;
        left_ -= cost;
        for (const PackedUnit& each : added)
            taken_.emplace(each.unit, each);
        sessions_.merge(sessions);
        return true;
    }

    std::int64_t tokensOf(std::size_t unit) {
        const auto [found, isNew] = tokens_.emplace(unit, 0);
        if (isNew) found->second = task_.tokens(unitLine(task_.turns, task_.units[unit], task_.wording.turn));
        return found->second;
    }

    const PackingTask& task_;
    std::int64_t left_;
    std::map<std::size_t, PackedUnit> taken_;
    std::map<std::size_t, std::int64_t> tokens_;
    std::set<std::string> sessions_;
};

}  // namespace

std::vector<PackedUnit> packPassages(const PackingTask& task) {
    return Packer(task).pack();
}

}  // namespace epi
