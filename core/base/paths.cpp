#include "core/base/paths.h"

#include <cstdlib>

namespace epi::paths {
namespace {

std::filesystem::path base(const char* variable, const char* underHome) {
    if (const char* value = std::getenv(variable); value != nullptr && *value == '/') return value;
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr ? home : "/") / underHome;
}

}  // namespace

std::filesystem::path data() {
    return base("XDG_DATA_HOME", ".local/share") / "epichat";
}

std::filesystem::path database() {
    return data() / "epichat.db";
}

std::filesystem::path models() {
    return data() / "models";
}

std::filesystem::path layerProfiles() {
    return data() / "profiles";
}

std::filesystem::path episodeCaches() {
    return base("XDG_CACHE_HOME", ".cache") / "epichat" / "kv";
}

}  // namespace epi::paths
