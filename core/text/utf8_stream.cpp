#include "core/text/utf8_stream.h"

#include "core/text/unicode.h"

namespace epi {

std::string Utf8Stream::feed(std::string_view bytes) {
    held_ += bytes;
    std::string text;
    std::size_t position = 0;
    while (position < held_.size()) {
        const CodePoint point = decodeCodePoint(held_, position);
        if (point.state == CodePoint::State::kCutOff) break;
        if (point.state == CodePoint::State::kDamaged) {
            appendUtf8(text, kReplacementCharacter);
        } else {
            text.append(held_, position, point.length);
        }
        position += point.length;
    }
    held_.erase(0, position);
    return text;
}

std::string Utf8Stream::flush() {
    std::string text;
    if (!held_.empty()) appendUtf8(text, kReplacementCharacter);
    held_.clear();
    return text;
}

}  // namespace epi
