#include "app/cli/output.h"

#include <iostream>
#include <string>

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
