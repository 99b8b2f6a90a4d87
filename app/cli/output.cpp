#include "app/cli/output.h"

#include <algorithm>
#include <iostream>
#include <string>

#include "core/base/printable.h"

#include <unistd.h>

namespace epi {
namespace {

/// One line. Bytes that are not UTF-8 cannot stand in JSON and become U+FFFD.
std::string lineOf(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

void Output::print(const nlohmann::json& value, std::string_view text) const {
    if (isJson_) {
        std::cout << lineOf(value) << std::flush;
        return;
    }
    std::cout << text;
    if (!text.empty() && !text.ends_with('\n')) std::cout << '\n';
    std::cout << std::flush;
}

void Output::stream(std::string_view piece) const {
    if (isJson_) return;
    static const bool isTerminal = ::isatty(STDOUT_FILENO) == 1;
    if (!isTerminal) {
        std::cout << piece << std::flush;
        return;
    }
    while (!piece.empty()) {
        const std::size_t end = std::min(piece.find_first_of("\n\t"), piece.size());
        std::cout << printable(piece.substr(0, end), std::string_view::npos);
        if (end < piece.size()) std::cout << piece[end];
        piece.remove_prefix(std::min(end + 1, piece.size()));
    }
    std::cout << std::flush;
}

void Output::notice(std::string_view sentence) const {
    std::cerr << "epichat-cli: " << sentence << '\n';
}

void Output::error(const Error& error) const {
    if (isJson_) {
        std::cout << lineOf({{"error", {{"code", name(error.code)}, {"message", error.message}}}})
                  << std::flush;
        return;
    }
    notice(error.message);
}

Result<void> Output::finish() const {
    if (!std::cout.flush()) return Error{ErrorCode::kIo, "cannot write to standard output"};
    return {};
}

}  // namespace epi
