#include "core/recall/quotation.h"

#include <optional>

namespace epi {
namespace {

constexpr const char* kLeftOut = "\n";

}  // namespace

std::string quotationLead() {
    return "\nWord for word from earlier, because it may bear on what is asked next:\n";
}

std::string quotationHeader(const Turn& turn) {
    return turn.session.empty() ? std::string() : "\nDate: " + turn.session + "\n";
}

std::string quotationText(std::span<const Turn> turns,
                          std::span<const PassageUnit> units,
                          std::span<const std::size_t> chosen) {
    if (chosen.empty()) return {};
    std::string text = quotationLead();
    std::optional<std::size_t> before;
    for (const std::size_t index : chosen) {
        const Turn& turn = turns[units[index].turn];
        const bool isNewSession = !before || turns[units[*before].turn].session != turn.session;
        if (isNewSession) text += quotationHeader(turn);
        const bool isGap = before && !isNewSession && *before + 1 != index;
        if (isGap || (isNewSession && turn.session.empty() && before)) text += kLeftOut;
        text += unitLine(turns, units[index]);
        before = index;
    }
    return text;
}

}  // namespace epi
