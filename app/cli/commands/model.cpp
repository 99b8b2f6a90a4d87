#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/model_path.h"
#include "core/base/digest.h"
#include "core/base/printable.h"
#include "core/format/gguf.h"

namespace epi {
namespace {

using nlohmann::json;

/// A text of the file's metadata, or nothing.
std::string metadataText(const GgufFile& file, std::string_view key) {
    const auto value = file.text(key);
    return value ? *value : std::string();
}

Result<void> printInfo(const std::string& model, const CommandContext& context) {
    EPI_TRY_ASSIGN(const auto path, resolveModel(model, false, context.output));
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(path));
    std::map<std::string, std::int64_t> types;
    std::int64_t parameters = 0;
    for (const GgufTensor& tensor : file.tensors()) {
        EPI_TRY_ASSIGN(const BlockLayout layout, blockLayout(static_cast<std::uint32_t>(tensor.type)));
        ++types[std::string(layout.name)];
        parameters += tensor.elementCount();
    }
    const std::string architecture = metadataText(file, "general.architecture");
    const std::string title = metadataText(file, "general.name");
    const auto contextLength = file.integer(architecture + ".context_length", 1, INT32_MAX);

    std::string text = "file          " + printable(path.native(), kMaxPrintablePath) + "\ntitle         " +
                       printable(title) + "\narchitecture  " + printable(architecture) + "\ncontext       " +
                       (contextLength ? counted(*contextLength, "token") : "not given") + "\nparameters    " +
                       groupedSigned(parameters) + "\nbytes         " + grouped(file.fileSize()) +
                       "\nformat        GGUF " + std::to_string(file.version()) + "\ntensors       " +
                       grouped(file.tensors().size()) + " (";
    std::string separator;
    for (const auto& [type, count] : types) {
        text += separator + groupedSigned(count) + " " + type;
        separator = ", ";
    }
    context.output.print({{"path", path.native()},
                          {"title", title},
                          {"architecture", architecture},
                          {"context", contextLength ? json(*contextLength) : json()},
                          {"parameters", parameters},
                          {"bytes", file.fileSize()},
                          {"version", file.version()},
                          {"tensors", file.tensors().size()},
                          {"types", types},
                          {"header_digest", file.headerDigest()}},
                         text + ")");
    return {};
}

Result<void> verify(const std::string& model, const CommandContext& context) {
    EPI_TRY_ASSIGN(const auto path, resolveModel(model, false, context.output));
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(path));
    EPI_TRY_ASSIGN(const Digest256 digest, sha256OfFile(path, context.cancel, {}));
    const std::string sha256 = hex(digest);
    context.output.print({{"path", path.native()},
                          {"valid", true},
                          {"bytes", file.fileSize()},
                          {"tensors", file.tensors().size()},
                          {"sha256", sha256}},
                         sha256 + "  " + printable(path.native(), kMaxPrintablePath) +
                             "\nstructure is valid: " + counted(std::ssize(file.tensors()), "tensor") + ", " +
                             counted(static_cast<std::int64_t>(file.fileSize()), "byte"));
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(model) {
    using epi::CommandContext;
    CLI::App& group = commandLine.addGroup({"model", "Look at model files"});
    const auto model = std::make_shared<std::string>();
    const auto add = [&](const char* name, const char* help, auto action) {
        commandLine
            .add(
                {name, help},
                [model, action](const CommandContext& context) { return action(*model, context); },
                &group)
            .add_option("FILE", *model, "GGUF file or model id")
            ->required();
    };
    add("info", "Print what a model file says about itself", epi::printInfo);
    add("verify", "Check the structure of a model file and print its SHA-256", epi::verify);
}
