#include "core/base/error.h"

#include <array>

namespace epi {
namespace {

struct CodeRow {
    ErrorCode code;
    std::string_view name;
    int exitCode;
};

constexpr std::array kRows{
    CodeRow{ErrorCode::kCancelled, "cancelled", 130},
    CodeRow{ErrorCode::kInvalidArgument, "invalid_argument", 2},
    CodeRow{ErrorCode::kNotFound, "not_found", 3},
    CodeRow{ErrorCode::kOutOfMemory, "out_of_memory", 5},
    CodeRow{ErrorCode::kCorruptData, "corrupt_data", 2},
    CodeRow{ErrorCode::kIo, "io", 4},
    CodeRow{ErrorCode::kUnsupported, "unsupported", 2},
    CodeRow{ErrorCode::kInternal, "internal", 1},
};

const CodeRow& row(ErrorCode code) {
    for (const CodeRow& candidate : kRows) {
        if (candidate.code == code) return candidate;
    }
    return kRows.back();
}

}  // namespace

std::string_view name(ErrorCode code) {
    return row(code).name;
}

ErrorCode errorCodeFromName(std::string_view text) {
    for (const CodeRow& candidate : kRows) {
        if (candidate.name == text) return candidate.code;
    }
    return ErrorCode::kInternal;
}

int exitCode(ErrorCode code) {
    return row(code).exitCode;
}

}  // namespace epi
