#include "core/transfer/timestamp.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace epi {
namespace {

constexpr double kMaxSeconds = 253'402'300'799.0;  // the end of 9999

/// Digits off the front of `text`; nothing when there are fewer than `count`.
std::optional<int> takeDigits(std::string_view& text, std::size_t count) {
    int value = 0;
    if (text.size() < count) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
    if (error != std::errc() || end != text.data() + count || value < 0) return std::nullopt;
    text.remove_prefix(count);
    return value;
}

bool takeCharacter(std::string_view& text, std::string_view oneOf) {
    if (text.empty() || oneOf.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

int takeMilliseconds(std::string_view& text) {
    if (!takeCharacter(text, ".")) return 0;
    int milliseconds = 0;
    int scale = 100;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        milliseconds += scale * (text.front() - '0');
        scale /= 10;
        text.remove_prefix(1);
    }
    return milliseconds;
}

/// Minutes east of Greenwich; nothing when the text does not end with it.
std::optional<int> takeOffset(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") return 0;
    const bool isWest = text.front() == '-';
    if (!takeCharacter(text, "+-")) return std::nullopt;
    const auto hours = takeDigits(text, 2);
    takeCharacter(text, ":");
    const auto minutes = text.empty() ? std::optional(0) : takeDigits(text, 2);
    if (!hours || !minutes || !text.empty()) return std::nullopt;
    const int offset = *hours * 60 + *minutes;
    return isWest ? -offset : offset;
}

}  // namespace

std::optional<std::int64_t> parseTimestamp(std::string_view text) {
    using namespace std::chrono;
    const auto yearNumber = takeDigits(text, 4);
    if (!yearNumber || *yearNumber < 1970 || !takeCharacter(text, "-")) return std::nullopt;
    const auto monthNumber = takeDigits(text, 2);
    if (!monthNumber || !takeCharacter(text, "-")) return std::nullopt;
    const auto dayNumber = takeDigits(text, 2);
    if (!dayNumber || !takeCharacter(text, "T ")) return std::nullopt;
    const year_month_day date{year(*yearNumber),
                              month(static_cast<unsigned>(*monthNumber)),
                              day(static_cast<unsigned>(*dayNumber))};
    const auto hour = takeDigits(text, 2);
    if (!date.ok() || !hour || *hour > 23 || !takeCharacter(text, ":")) return std::nullopt;
    const auto minute = takeDigits(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    int second = 0;
    if (takeCharacter(text, ":")) {
        const auto found = takeDigits(text, 2);
        if (!found || *found > 60) return std::nullopt;
        second = *found;
    }
    const int fraction = takeMilliseconds(text);
    const auto offset = takeOffset(text);
    if (!offset) return std::nullopt;
    const auto time = sys_days(date) + hours(*hour) + minutes(*minute - *offset) + seconds(second);
    return duration_cast<milliseconds>(time.time_since_epoch()).count() + fraction;
}

std::string formatTimestamp(std::int64_t milliseconds) {
    using namespace std::chrono;
    const sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(milliseconds)};
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss clock(time - midnight);
    std::array<char, 64> text{};
    const int length = std::snprintf(text.data(),
                                     text.size(),
                                     "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                                     static_cast<int>(date.year()),
                                     static_cast<unsigned>(date.month()),
                                     static_cast<unsigned>(date.day()),
                                     static_cast<int>(clock.hours().count()),
                                     static_cast<int>(clock.minutes().count()),
                                     static_cast<int>(clock.seconds().count()),
                                     static_cast<int>(clock.subseconds().count()));
    return {text.data(), static_cast<std::size_t>(length)};
}

Result<std::int64_t> timestampIn(const JsonReader& object, std::string_view key) {
    EPI_TRY_ASSIGN(const auto member, object.find(key));
    if (!member) return 0;
    if (member->isString()) {
        EPI_TRY_ASSIGN(const std::string text, member->string());
        return parseTimestamp(text).value_or(0);
    }
    if (!member->isNumber()) return 0;
    EPI_TRY_ASSIGN(const double seconds, member->number());
    if (!std::isfinite(seconds) || seconds < 0.0 || seconds > kMaxSeconds) return 0;
    return std::llround(seconds * 1000.0);
}

}  // namespace epi
