#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/download/address.h"
#include "core/download/resume.h"

namespace epi {

/// Takes an address apart; kInvalidArgument for what is none.
Result<AddressParts> partsOf(const std::string& url);

struct HttpRequest {
    std::string url;
    RangeRequest range;
    std::string caFile;     // certificates (PEM) to trust; empty: the system's
    int stallSeconds = 60;  // a connection that brings nothing for so long has failed
};

/// What happens to an answer. An error ends the transfer and is its result.
struct HttpReceiver {
    /// Before the first byte; false: no byte of it is wanted.
    std::function<Result<bool>(const Answer&)> begin;
    std::function<Result<void>(std::span<const std::byte>)> take;
    /// At least ten times a second.
    std::function<void()> tick;
};

/// Asks once (GET) and follows no redirect: the address that one leads to is returned, nothing otherwise.
/// kCancelled within a second after `cancel` is set. kIo says in words what failed on the way.
Result<std::optional<std::string>> httpGet(const HttpRequest& request,
                                           const HttpReceiver& receiver,
                                           const CancelToken& cancel);

}  // namespace epi
