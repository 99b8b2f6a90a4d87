#pragma once

#include <compare>
#include <limits>

#include "ui/markdown/document.h"

namespace epi {

/// A place in a chat: a row and a position in the text that it shows.
struct ChatPosition {
    int row = -1;
    int position = 0;

    auto operator<=>(const ChatPosition&) const = default;
};

/// What is selected, over any number of messages. A value.
struct MessageSelection {
    ChatPosition anchor;  // where it was begun
    ChatPosition cursor;  // where it stands now

    [[nodiscard]] bool isEmpty() const { return anchor.row < 0 || anchor == cursor; }
    [[nodiscard]] ChatPosition begin() const { return std::min(anchor, cursor); }
    [[nodiscard]] ChatPosition end() const { return std::max(anchor, cursor); }
    /// The part of a row that is selected; its end may lie behind the row's text.
    [[nodiscard]] markdown::Range in(int row) const {
        if (isEmpty() || row < begin().row || row > end().row) return {};
        return {row == begin().row ? begin().position : 0,
                row == end().row ? end().position : std::numeric_limits<int>::max()};
    }
};

}  // namespace epi
