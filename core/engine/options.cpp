#include "core/engine/options.h"

#include <array>
#include <utility>

namespace epi {
namespace {

template <typename T, std::size_t N>
Result<T> fromName(const std::array<T, N>& values, std::string_view text, std::string_view what) {
    std::string known;
    for (const T value : values) {
        if (name(value) == text) return value;
        known += (known.empty() ? "" : ", ") + std::string(name(value));
    }
    return Error{ErrorCode::kInvalidArgument,
                 "unknown " + std::string(what) + " '" + std::string(text) + "', expected one of " + known};
}

}  // namespace

std::string_view name(DeviceChoice value) {
    switch (value) {
        case DeviceChoice::kAuto:
            return "auto";
        case DeviceChoice::kCpu:
            return "cpu";
        case DeviceChoice::kCuda:
            return "cuda";
    }
    return "";
}

std::string_view name(ComputeMode value) {
    return value == ComputeMode::kExact ? "exact" : "fast";
}

std::string_view name(BudgetLevel value) {
    return value == BudgetLevel::kPair ? "pair" : "pair-uniform";
}

std::string_view name(CacheCodec value) {
    switch (value) {
        case CacheCodec::kExact:
            return "exact";
        case CacheCodec::kBf16:
            return "bf16";
        case CacheCodec::kInt8:
            return "int8";
        case CacheCodec::kInt4:
            return "int4";
    }
    return "";
}

std::string_view name(PositionMode value) {
    return value == PositionMode::kKeep ? "keep" : "auto";
}

MemoryOptions withoutOnline(MemoryOptions options) {
    options.online = {};
    return options;
}

MemoryOptions withPreset(MemoryOptions options, std::string preset) {
    options.preset = std::move(preset);
    options.score.clear();
    options.level.reset();
    options.headFloor.reset();
    options.online.recallTokens.reset();
    return options;
}

Result<DeviceChoice> deviceChoiceFromName(std::string_view text) {
    return fromName(std::array{DeviceChoice::kAuto, DeviceChoice::kCpu, DeviceChoice::kCuda}, text, "device");
}

Result<ComputeMode> computeModeFromName(std::string_view text) {
    return fromName(std::array{ComputeMode::kExact, ComputeMode::kFast}, text, "compute mode");
}

Result<BudgetLevel> budgetLevelFromName(std::string_view text) {
    return fromName(std::array{BudgetLevel::kPair, BudgetLevel::kPairUniform}, text, "budget level");
}

Result<PositionMode> positionModeFromName(std::string_view text) {
    return fromName(std::array{PositionMode::kKeep, PositionMode::kAuto}, text, "positions");
}

Result<CacheCodec> cacheCodecFromName(std::string_view text) {
    return fromName(std::array{CacheCodec::kExact, CacheCodec::kBf16, CacheCodec::kInt8, CacheCodec::kInt4},
                    text,
                    "cache codec");
}

}  // namespace epi
