#include "core/model/architecture.h"

#include <string>

#include "core/base/known_error.h"
#include "core/format/gguf.h"

namespace epi {
namespace architectures {
#define X(stem) extern const Architecture kArchitecture_##stem;
#include "architectures.inc"
#undef X
}  // namespace architectures

std::span<const Architecture* const> allArchitectures() {
    static constexpr const Architecture* kAll[] = {
#define X(stem) &architectures::kArchitecture_##stem,
#include "architectures.inc"
#undef X
    };
    return kAll;
}

Result<ModelSpec> describeModel(const GgufFile& file) {
    EPI_TRY_ASSIGN(const std::string id, file.text("general.architecture"));
    std::string known;
    for (const Architecture* architecture : allArchitectures()) {
        if (architecture->id == id) return architecture->describe(file);
        known += (known.empty() ? "" : ", ") + std::string(architecture->id);
    }
    return makeError(ErrorCode::kUnsupported,
                     KnownError::kUnknownArchitecture,
                     {file.path().filename().string(), id, known});
}

}  // namespace epi
