#pragma once

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <c10/util/Exception.h>

#include "core/base/result.h"

namespace epi {

/// Runs `body`, which returns a Result, and turns LibTorch's exceptions into errors. The one border where
/// they are caught; everything the engine does with tensors for a caller runs inside it.
template <typename Body>
auto guarded(std::string_view what, Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const c10::OutOfMemoryError& error) {
        return Error{ErrorCode::kOutOfMemory, std::string(what) + ": " + error.what_without_backtrace()};
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
