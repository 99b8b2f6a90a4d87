#include "core/base/size_text.h"

#include <cstdio>

namespace epi {

std::string sizeText(std::int64_t bytes) {
    char text[48];
    const auto size = static_cast<double>(bytes);
    if (size >= 999.5e6) {
        std::snprintf(text, sizeof text, "%.1f GB", size / 1e9);
    } else if (size >= 999.5e3) {
        std::snprintf(text, sizeof text, "%.0f MB", size / 1e6);
    } else {
        std::snprintf(text, sizeof text, "%.0f KB", size / 1e3);
    }
    return text;
}

}  // namespace epi
