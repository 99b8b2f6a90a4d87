#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace epi {

enum class ErrorCode : unsigned char {
    kCancelled,
    kInvalidArgument,
    kNotFound,
    kOutOfMemory,
    kCorruptData,
    kIo,
    kUnsupported,
    kInternal,
};

/// What went wrong: a code to act on, and one lower-case sentence without a full stop that names the thing
/// and both values ("layer 7: 128 keys expected, 96 found").
struct Error {
    ErrorCode code = ErrorCode::kInternal;
    std::string message;

    /// The same error with what was being done put in front: "while loading x.gguf: ...".
    [[nodiscard]] Error with(std::string_view context) && {
        message.insert(0, std::string(context) + ": ");
        return std::move(*this);
    }
};

/// Stable lower-case name, as written to JSON and logs.
std::string_view name(ErrorCode code);

/// Inverse of `name`; kInternal for an unknown name.
ErrorCode errorCodeFromName(std::string_view text);

/// Process exit code of a program that ends with this error: 2 for bad input, 3 for a missing thing, 4 for
/// i/o, 5 for memory, 130 for a cancel, 1 otherwise.
int exitCode(ErrorCode code);

}  // namespace epi
