#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"
#include "core/model/model_spec.h"

namespace epi {

class GgufFile;

/// One model architecture: a file in core/model/architectures/ whose name is the GGUF architecture's, found
/// by the build. See CONTRIBUTING.md for the recipe.
struct Architecture {
    std::string_view id;  // value of general.architecture
    std::string_view summary;
    /// Reads and checks the metadata; kCorruptData or kUnsupported names the key.
    Result<ModelSpec> (*describe)(const GgufFile& file);
};

std::span<const Architecture* const> allArchitectures();

/// Describes a model file by its architecture. kUnsupported lists the known ones.
Result<ModelSpec> describeModel(const GgufFile& file);

}  // namespace epi

/// Ends an architecture's file: `EPI_ARCHITECTURE(llama){.id = "llama", ...};`
#define EPI_ARCHITECTURE(stem)                             \
    extern const ::epi::Architecture kArchitecture_##stem; \
    const ::epi::Architecture kArchitecture_##stem
