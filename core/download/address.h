#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace epi {

/// An address as a URL library has taken it apart; each part as it is written, percent signs and all.
struct AddressParts {
    std::string scheme;  // lower case
    std::string host;    // an address of version 6 in brackets
    std::string path;
    bool hasUser = false;  // a user name or password
};

/// Whether a model may be fetched from there: by https, or by http from this computer itself. Otherwise
/// kInvalidArgument.
Result<void> checkAddress(const AddressParts& address);

/// Whether a server may lead from one address to another, which follows the same rule; from the network no
/// way leads to this computer's own servers.
Result<void> checkRedirect(const AddressParts& from, const AddressParts& to);

/// localhost, 127.x.y.z or [::1].
bool isThisComputer(std::string_view host);

/// The name under which what is at `path` is stored, from its last segment. kInvalidArgument when that is no
/// usable name; see checkedModelFileName.
Result<std::string> modelFileNameOf(std::string_view path);

/// `name` with everything but ASCII letters, digits and . _ - + replaced by "_". kInvalidArgument when it
/// could lead out of a folder or hides, does not end in .gguf, or is longer than 200 bytes.
Result<std::string> checkedModelFileName(std::string_view name);

}  // namespace epi
