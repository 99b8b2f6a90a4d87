#include "core/base/system_memory.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace epi {
namespace {

/// "MemTotal:       16384 kB", in bytes.
std::optional<std::int64_t> field(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos || (at > 0 && text[at - 1] != '\n')) return std::nullopt;
    std::string_view rest = text.substr(at + name.size());
    rest.remove_prefix(std::min(rest.find_first_of("0123456789"), rest.size()));
    std::int64_t kibibytes = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), kibibytes);
    if (error != std::errc() || kibibytes > (INT64_MAX >> 10)) return std::nullopt;
    return kibibytes << 10;
}

}  // namespace

std::optional<SystemMemory> systemMemoryFrom(std::string_view meminfo) {
    const auto total = field(meminfo, "MemTotal:");
    const auto available = field(meminfo, "MemAvailable:");
    if (!total || !available) return std::nullopt;
    return SystemMemory{.totalBytes = *total, .availableBytes = *available};
}

std::optional<SystemMemory> systemMemory() {
    std::ifstream file("/proc/meminfo");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return systemMemoryFrom(text);
}

}  // namespace epi
