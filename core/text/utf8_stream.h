#pragma once

#include <string>
#include <string_view>

namespace epi {

/// Joins the pieces of a token stream to text without ever showing half a character: bytes that may still
/// become one are held back, damaged ones become U+FFFD. The text does not depend on where the stream is cut.
/// One thread.
class Utf8Stream {
public:
    /// Valid UTF-8: the characters that `bytes` completes.
    [[nodiscard]] std::string feed(std::string_view bytes);
    /// Ends the stream: what was held back, as U+FFFD.
    [[nodiscard]] std::string flush();
    /// Whether nothing is held back.
    [[nodiscard]] bool isBetweenCharacters() const { return held_.empty(); }

private:
    std::string held_;  // at most 3 bytes: the beginning of one character
};

}  // namespace epi
