#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/chat/conversation.h"

namespace epi {

/// A turn, or a piece of one that is too long to be quoted as a whole: bytes [begin, end) of Turn::text.
struct PassageUnit {
    std::size_t turn = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;

    bool operator==(const PassageUnit&) const = default;
};

/// The units of a history in order. Turns of more than about 800 bytes are cut, at a line's or a sentence's
/// end where there is one, else between words or characters; the units of a turn hold all of its text. Turns
/// without text have none.
std::vector<PassageUnit> passageUnits(std::span<const Turn> turns);

/// Units [first, end).
struct UnitRange {
    std::size_t first = 0;
    std::size_t end = 0;
};

/// What is ranked and quoted together: a unit with the one before and the one after, as far as they belong to
/// the same session.
UnitRange windowAround(std::span<const Turn> turns, std::span<const PassageUnit> units, std::size_t unit);

/// A unit as a line, in a wording with {speaker} and {text}. Turns without a speaker are "User" or
/// "Assistant".
std::string unitLine(std::span<const Turn> turns, const PassageUnit& unit, std::string_view wording);

}  // namespace epi
