#include "core/recall/passage_units.h"

#include <array>

#include "core/chat/wording.h"

namespace epi {
namespace {

constexpr std::size_t kLongest = 800;    // bytes
constexpr std::size_t kEndSearch = 400;  // bytes before the longest in which an end is looked for

bool continuesCharacter(char byte) {
    return (byte & 0xC0) == 0x80;
}

/// Where the piece that begins at `begin` ends.
std::size_t pieceEnd(std::string_view text, std::size_t begin) {
    if (text.size() - begin <= kLongest) return text.size();
    const std::size_t latest = begin + kLongest;
    const std::string_view tail = text.substr(latest - kEndSearch, kEndSearch);
    if (const std::size_t line = tail.rfind('\n'); line != std::string_view::npos)
        return latest - kEndSearch + line + 1;
    for (std::size_t at = tail.size() - 1; at > 0; --at) {
        const bool isSentenceEnd =
            tail[at] == ' ' && std::string_view(".!?").find(tail[at - 1]) != std::string_view::npos;
        if (isSentenceEnd) return latest - kEndSearch + at + 1;
    }
    if (const std::size_t word = tail.rfind(' '); word != std::string_view::npos)
        return latest - kEndSearch + word + 1;
    std::size_t end = latest;
    while (end > begin + 1 && continuesCharacter(text[end]))
        --end;
    return end;
}

std::string_view speakerOf(const Turn& turn) {
    if (!turn.speaker.empty()) return turn.speaker;
    return turn.role == Role::kAssistant ? "Assistant" : turn.role == Role::kUser ? "User" : "System";
}

}  // namespace

std::vector<PassageUnit> passageUnits(std::span<const Turn> turns) {
    std::vector<PassageUnit> units;
    for (std::size_t turn = 0; turn < turns.size(); ++turn) {
        const std::string_view text = turns[turn].text;
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = pieceEnd(text, begin);
            units.push_back({turn, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)});
            begin = end;
        }
    }
    return units;
}

UnitRange windowAround(std::span<const Turn> turns, std::span<const PassageUnit> units, std::size_t unit) {
    const auto belongs = [&](std::size_t other) {
        return turns[units[other].turn].session == turns[units[unit].turn].session;
    };
    UnitRange window{unit, unit + 1};
    if (unit > 0 && belongs(unit - 1)) --window.first;
    if (unit + 1 < units.size() && belongs(unit + 1)) ++window.end;
    return window;
}

std::string unitLine(std::span<const Turn> turns, const PassageUnit& unit, std::string_view wording) {
    const Turn& turn = turns[unit.turn];
    const std::string_view text = std::string_view(turn.text).substr(
        static_cast<std::size_t>(unit.begin), static_cast<std::size_t>(unit.end - unit.begin));
    return fill(wording, std::array{WordingValue{"speaker", speakerOf(turn)}, WordingValue{"text", text}});
}

}  // namespace epi
