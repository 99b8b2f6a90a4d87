#include "app/cli/json_input.h"

#include <cstdint>
#include <utility>

#include "core/base/file.h"
#include "core/base/printable.h"

namespace epi {

Result<nlohmann::json> readJsonFile(const std::string& path) {
    constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, kMaxBytes));
    nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
    if (value.is_discarded()) {
        return Error{ErrorCode::kInvalidArgument, printable(path, kMaxPrintablePath) + " is no valid JSON"};
    }
    return value;
}

}  // namespace epi
