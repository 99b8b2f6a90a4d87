#include "core/download/address.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/base/printable.h"
#include "core/format/model_files.h"

namespace epi {
namespace {

constexpr std::size_t kLongestName = 200;  // bytes; most file systems take 255, and ".part.json" comes behind

Error invalid(std::string message) {
    return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

/// %41 becomes A; a percent sign without two digits stays.
std::string percentDecoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        const bool isEscape = text[i] == '%' && i + 2 < text.size() &&
                              std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
        decoded += isEscape ? static_cast<char>(value) : text[i];
        if (isEscape) i += 2;
    }
    return decoded;
}

bool isPlain(unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) || c == '.' || c == '_' || c == '-' || c == '+';
}

}  // namespace

bool isThisComputer(std::string_view host) {
    // A name such as 127.example.org is no number; URL libraries write numbers as four.
    const bool isNumber = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host == "localhost" || host == "[::1]" || (isNumber && host.starts_with("127."));
}

Result<void> checkAddress(const AddressParts& address) {
    if (address.host.empty()) return invalid("the address names no server");
    if (address.hasUser) {
        return invalid("the address holds a user name or a password, which would be stored: leave it out");
    }
    if (address.scheme == "https") return {};
    if (address.scheme == "http" && isThisComputer(address.host)) return {};
    return invalid("only https addresses are fetched, and this is one of " + inQuotes(address.scheme));
}

Result<void> checkRedirect(const AddressParts& from, const AddressParts& to) {
    EPI_TRY(checkAddress(to));
    if (!isThisComputer(to.host) || isThisComputer(from.host)) return {};
    return invalid("that address is one of this computer");
}

Result<std::string> checkedModelFileName(std::string_view name) {
    if (name.empty()) return invalid("the address names no file at its end: give a name");
    if (name.find_first_of("/\\") != std::string_view::npos || name.find('\0') != std::string_view::npos) {
        return invalid("the file name " + inQuotes(name) + " could lead to another folder: give a name");
    }
    if (name.front() == '.' || name.front() == '-') {
        return invalid("the file name " + inQuotes(name) + " begins with '" + name.front() +
                       "': give a name");
    }
    if (name.size() > kLongestName) {
        return invalid("the file name has " + grouped(name.size()) + " bytes; up to " +
                       grouped(kLongestName) + " are possible: give a name");
    }
    if (!isModelFileName(name)) {
        return invalid("the file name " + inQuotes(name) + " does not end in .gguf, as a model's does");
    }
    std::string safe(name);
    std::ranges::replace_if(
        safe, [](unsigned char c) { return !isPlain(c); }, '_');
    return safe;
}

Result<std::string> modelFileNameOf(std::string_view path) {
    return checkedModelFileName(percentDecoded(path.substr(path.rfind('/') + 1)));
}

}  // namespace epi
