#include "core/text/literal_matcher.h"

namespace epi {
namespace {

std::uint64_t edgeKey(std::uint32_t node, char byte) {
    return (static_cast<std::uint64_t>(node) << 8) | static_cast<std::uint8_t>(byte);
}

}  // namespace

void LiteralMatcher::add(std::string_view literal, std::int32_t value) {
    begins_[static_cast<std::uint8_t>(literal.front())] = true;
    Node node = 0;
    for (const char byte : literal) {
        const auto [edge, isNew] =
            edges_.try_emplace(edgeKey(node, byte), static_cast<Node>(edges_.size() + 1));
        node = edge->second;
    }
    valueByNode_.insert_or_assign(node, value);
}

std::optional<LiteralMatcher::Match> LiteralMatcher::find(std::string_view text, std::size_t from) const {
    for (std::size_t begin = from; begin < text.size(); ++begin) {
        if (!begins_[static_cast<std::uint8_t>(text[begin])]) continue;
        std::optional<Match> longest;
        Node node = 0;
        for (std::size_t at = begin; at < text.size(); ++at) {
            const auto edge = edges_.find(edgeKey(node, text[at]));
            if (edge == edges_.end()) break;
            node = edge->second;
            const auto value = valueByNode_.find(node);
            if (value != valueByNode_.end()) longest = Match{begin, at + 1 - begin, value->second};
        }
        if (longest) return longest;
    }
    return std::nullopt;
}

}  // namespace epi
