#include "core/recall/quotation.h"

#include <array>
#include <optional>

namespace epi {
namespace {

constexpr const char* kLeftOut = "\n";

}  // namespace

std::string quotationHeader(const Turn& turn, const Wording& wording) {
    if (turn.session.empty()) return {};
    return fill(wording.session, std::array{WordingValue{"date", turn.session}});
}

std::string quotationText(std::span<const Turn> turns,
                          std::span<const PassageUnit> units,
                          std::span<const std::size_t> chosen,
                          const Wording& wording) {
    std::string passages;
    std::optional<std::size_t> before;
    for (const std::size_t index : chosen) {
        const Turn& turn = turns[units[index].turn];
        const bool isNewSession = !before || turns[units[*before].turn].session != turn.session;
        const std::string header = isNewSession ? quotationHeader(turn, wording) : std::string();
        if (before && header.empty() && *before + 1 != index) passages += kLeftOut;
        passages += header + unitLine(turns, units[index], wording.turn);
        if (passages.back() != '\n') passages += '\n';  // a piece that was cut inside a line, other wordings
        before = index;
    }
    return fill(wording.quotation, std::array{WordingValue{"passages", passages}});
}

}  // namespace epi
