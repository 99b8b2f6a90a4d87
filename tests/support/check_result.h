#pragma once

#include "core/base/result.h"

namespace epi::test {

/// The message of a failure, for QVERIFY2(result, why(result)); empty on success.
template <typename T>
const char* why(const Result<T>& result) {
    return result ? "" : result.error().message.c_str();
}

/// True when the result is an error with this code.
template <typename T>
bool failsWith(const Result<T>& result, ErrorCode code) {
    return !result && result.error().code == code;
}

}  // namespace epi::test
