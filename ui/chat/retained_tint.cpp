#include "ui/chat/retained_tint.h"

namespace epi {
namespace {

/// UTF-16 units of the UTF-8 text between two byte offsets.
int utf16Length(const std::string& text, std::size_t begin, std::size_t end) {
    int length = 0;
    for (std::size_t i = begin; i < end; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool isContinuation = (byte & 0xC0U) == 0x80U;
        if (!isContinuation) length += byte >= 0xF0U ? 2 : 1;
    }
    return length;
}

}  // namespace

int tintLevel(std::uint8_t share) {
    if (share == 0) return 0;
    return 1 + (share >= 64) + (share >= 128) + (share >= 192);
}

std::vector<TintRun> tintRuns(const Trace& trace, const Trace::TurnTokens& turn, const std::string& text) {
    std::vector<TintRun> runs;
    std::size_t byte = 0;
    int position = 0;
    for (std::size_t i = 0; i < turn.byteEnds.size(); ++i) {
        const auto token = static_cast<std::size_t>(turn.firstToken) + i;
        if (turn.byteEnds[i] < 0 || token >= trace.retainedShare.size()) break;
        const auto end = static_cast<std::size_t>(turn.byteEnds[i]);
        if (end < byte || end > text.size()) break;
        const int next = position + utf16Length(text, byte, end);
        const int level = tintLevel(trace.retainedShare[token]);
        if (!runs.empty() && runs.back().level == level) {
            runs.back().end = next;
        } else if (next > position) {
            runs.push_back({position, next, level});
        }
        byte = end;
        position = next;
    }
    return runs;
}

}  // namespace epi
