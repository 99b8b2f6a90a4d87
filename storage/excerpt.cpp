#include "storage/excerpt.h"

#include <algorithm>

namespace epi {
namespace {

constexpr std::size_t kBefore = 40;      // bytes shown before the first match: it is seen on the first lines
constexpr std::size_t kWordSearch = 24;  // bytes within which a cut moves to white space

bool continuesCharacter(char byte) {
    return (byte & 0xC0) == 0x80;
}

/// The first place from `at` on where a word begins, or a character where no word begins near.
std::size_t wordStart(std::string_view text, std::size_t at) {
    while (at < text.size() && continuesCharacter(text[at]))
        ++at;
    const std::size_t space =
        text.substr(0, std::min(text.size(), at + kWordSearch)).find_first_of(" \n\t", at);
    if (space == std::string_view::npos) return at;
    return std::min(text.find_first_not_of(" \n\t", space), text.size());
}

/// The last place up to `at` where a word ends, or a character where no word ends near.
std::size_t wordEnd(std::string_view text, std::size_t at) {
    while (at > 0 && continuesCharacter(text[at]))
        --at;
    const std::size_t space = text.substr(0, at).find_last_of(" \n\t");
    return space == std::string_view::npos || space + kWordSearch < at ? at : space;
}

}  // namespace

Excerpt excerptOf(std::string_view text, std::span<const TextRange> matches, std::size_t maxBytes) {
    const auto first = matches.empty() ? std::size_t{0} : static_cast<std::size_t>(matches.front().begin);
    std::size_t begin = 0;
    if (first > kBefore && first < text.size()) {
        begin = std::min(wordStart(text, first - kBefore), first);
    }
    std::size_t end = text.size();
    if (end - begin > maxBytes) end = std::max(begin, wordEnd(text, begin + maxBytes));
    Excerpt excerpt;
    excerpt.text = text.substr(begin, end - begin);
    excerpt.isCutAtFront = begin > 0;
    excerpt.isCutAtBack = end < text.size();
    for (const TextRange& match : matches) {
        const auto matchBegin = static_cast<std::size_t>(match.begin);
        const auto matchEnd = static_cast<std::size_t>(match.end);
        if (matchBegin < begin || matchEnd > end || matchBegin >= matchEnd) continue;
        excerpt.matches.push_back(
            {static_cast<std::int64_t>(matchBegin - begin), static_cast<std::int64_t>(matchEnd - begin)});
    }
    return excerpt;
}

}  // namespace epi
