#pragma once

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <c10/util/Exception.h>

#include "core/base/result.h"

namespace epi {

/// One sentence for a user from what LibTorch says when memory runs out: "reading: not enough memory for 2.00
/// MiB more", without the amount where it is not told.
inline std::string outOfMemoryText(std::string_view what, std::string_view libraryText) {
    std::string text = std::string(what) + ": not enough memory";
    // "... Tried to allocate 2.00 MiB. GPU 0 has ...", and then advice about the library's settings.
    constexpr std::string_view kAmount = "ried to allocate ";
    const std::size_t at = libraryText.find(kAmount);
    if (at == std::string_view::npos) return text;
    const std::string_view rest = libraryText.substr(at + kAmount.size());
    return text + " for " + std::string(rest.substr(0, rest.find(". "))) + " more";
}

/// Runs `body`, which returns a Result, and turns LibTorch's exceptions into errors. The one border where
/// they are caught; everything the engine does with tensors for a caller runs inside it.
template <typename Body>
auto guarded(std::string_view what, Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const c10::OutOfMemoryError& error) {
        return Error{ErrorCode::kOutOfMemory, outOfMemoryText(what, error.what_without_backtrace())};
    } catch (const c10::Error& error) {
        // The allocator of ordinary memory has no type of its own for it.
        if (std::string_view(error.what_without_backtrace()).find("can't allocate memory") !=
            std::string_view::npos) {
            return Error{ErrorCode::kOutOfMemory, std::string(what) + ": not enough memory"};
        }
        return Error{ErrorCode::kInternal, std::string(what) + ": " + error.what_without_backtrace()};
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::kOutOfMemory, std::string(what) + ": not enough memory"};
    } catch (const std::exception& error) {
        return Error{ErrorCode::kInternal, std::string(what) + ": " + error.what()};
    }
}

}  // namespace epi
