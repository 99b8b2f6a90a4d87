#include "core/eval/evidence.h"

#include <algorithm>
#include <string_view>

namespace epi {
namespace {

constexpr std::string_view kSeparators = "; ,\t\n";

}  // namespace

std::vector<std::string> evidenceIds(std::span<const std::string> evidence) {
    std::vector<std::string> ids;
    for (const std::string_view text : evidence) {
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = std::min(text.find_first_of(kSeparators, begin), text.size());
            std::string id(text.substr(begin, end - begin));
            if (!id.empty() && std::ranges::find(ids, id) == ids.end()) ids.push_back(std::move(id));
            begin = end + 1;
        }
    }
    return ids;
}

}  // namespace epi
