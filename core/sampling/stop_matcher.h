#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace epi {

/// Looks for stop texts in a reply that arrives in pieces. The reply ends where the first stop text is
/// complete; neither it nor anything behind it comes out. How the reply is cut into pieces makes no
/// difference. Text that may be the beginning of a stop text is held back until that is clear. One thread.
class StopMatcher {
public:
    /// Empty texts are ignored.
    explicit StopMatcher(std::vector<std::string> stops);

    /// Adds a piece and returns the text that is certain now. Nothing comes after a stop text.
    std::string push(std::string_view piece);
    /// The reply is over: the text still held back.
    std::string flush();
    [[nodiscard]] bool isStopped() const { return isStopped_; }

private:
    std::vector<std::string> stops_;
    std::string held_;
    bool isStopped_ = false;
};

}  // namespace epi
