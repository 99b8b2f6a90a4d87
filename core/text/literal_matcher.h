#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace epi {

/// Finds fixed strings in text, the leftmost first and of those that begin there the longest. Immutable after
/// the last `add`: any thread.
class LiteralMatcher {
public:
    struct Match {
        std::size_t offset = 0;  // bytes
        std::size_t length = 0;
        std::int32_t value = 0;
    };

    /// Requires: `literal` is not empty.
    void add(std::string_view literal, std::int32_t value);
    /// The first match at or behind `from`.
    [[nodiscard]] std::optional<Match> find(std::string_view text, std::size_t from) const;

private:
    using Node = std::uint32_t;

    std::array<bool, 256> begins_{};                      // by first byte
    std::unordered_map<std::uint64_t, Node> edges_;       // node << 8 | byte
    std::unordered_map<Node, std::int32_t> valueByNode_;  // where a literal ends
};

}  // namespace epi
