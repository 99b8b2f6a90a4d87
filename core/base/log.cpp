#include "core/base/log.h"

#include <memory>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace epi {
namespace {

/// Standard error: standard output belongs to results and frames.
spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = spdlog::stderr_color_mt("epichat");
    return *instance;
}

}  // namespace

void logInformation(std::string_view message) {
    logger().info("{}", message);
}

void logWarning(std::string_view message) {
    logger().warn("{}", message);
}

}  // namespace epi
