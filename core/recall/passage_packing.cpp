#include "core/recall/passage_packing.h"

#include <map>
#include <set>
#include <string>

#include "core/recall/quotation.h"

namespace epi {
namespace {

constexpr int kMaxPassedOver = 64;  // windows that do not fit before the search for smaller ones ends

class Packer {
public:
    explicit Packer(const PackingTask& task)
        : task_(task), left_(task.budget - task.tokens(quotationLead())) {}

    std::vector<PackedUnit> pack() {
        int passedOver = 0;
        for (const Ranked& ranked : task_.ranking) {
            if (left_ <= 0 || passedOver >= kMaxPassedOver) break;
            const UnitRange window = windowAround(task_.turns, task_.units, ranked.index);
            const bool isTaken =
                take(window, ranked.score) || take({ranked.index, ranked.index + 1}, ranked.score);
            if (!isTaken) ++passedOver;
        }
        std::vector<PackedUnit> packed;
        for (const auto& [unit, entry] : taken_)
            packed.push_back(entry);
        return packed;
    }

private:
    /// Takes the units of a window that are not taken yet, if there is room for all of them.
    bool take(const UnitRange& window, double score) {
        std::vector<PackedUnit> added;
        std::int64_t cost = 1;  // of the empty line before it
        std::set<std::string> sessions;
        for (std::size_t unit = window.first; unit < window.end; ++unit) {
            if (taken_.contains(unit) || task_.isKnown(unit)) continue;
            const Turn& turn = task_.turns[task_.units[unit].turn];
            added.push_back({unit, score, tokensOf(unit)});
            cost += added.back().tokens;
            if (!sessions_.contains(turn.session) && sessions.insert(turn.session).second) {
                cost += task_.tokens(quotationHeader(turn));
            }
        }
        if (cost > left_) return false;
        left_ -= cost;
        for (const PackedUnit& each : added)
            taken_.emplace(each.unit, each);
        sessions_.merge(sessions);
        return true;
    }

    std::int64_t tokensOf(std::size_t unit) {
        const auto [found, isNew] = tokens_.emplace(unit, 0);
        if (isNew) found->second = task_.tokens(unitLine(task_.turns, task_.units[unit]));
        return found->second;
    }

    const PackingTask& task_;
    std::int64_t left_;
    std::map<std::size_t, PackedUnit> taken_;
    std::map<std::size_t, std::int64_t> tokens_;
    std::set<std::string> sessions_;
};

}  // namespace

std::vector<PackedUnit> packWindows(const PackingTask& task) {
    return Packer(task).pack();
}

}  // namespace epi
