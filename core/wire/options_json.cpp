#include "core/wire/options_json.h"

#include <nlohmann/json.hpp>

#include "core/wire/field_reader.h"
#include "core/wire/field_writer.h"
#include "core/wire/part_fields.h"

namespace epi {
namespace {

using nlohmann::json;

template <typename Options>
json write(const Options& options) {
    json object = json::object();
    FieldWriter writer(object, nullptr);
    visitFields(writer, options);
    return object;
}

template <typename Options>
Result<Options> read(json object, std::string_view what) {
    ReadContext context;
    context.path = what;
    context.isComplete = false;
    if (object.is_discarded())
        return Error{ErrorCode::kCorruptData, std::string(what) + ": not JSON in UTF-8"};
    Options options;
    if (object.is_object()) {
        FieldReader reader(object, context);
        visitFields(reader, options);
    } else {
        context.expected("object", object);
    }
    if (context.error) return *std::move(context.error);
    return options;
}

std::string dump(const json& object) {
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

json toJson(const MemoryOptions& options) {
    return write(options);
}

json toJson(const SamplingOptions& options) {
    return write(options);
}

Result<MemoryOptions> memoryOptionsFromJson(const json& object) {
    return read<MemoryOptions>(object, "memory options");
}

Result<SamplingOptions> samplingOptionsFromJson(const json& object) {
    return read<SamplingOptions>(object, "sampling options");
}

std::string toJsonText(const MemoryOptions& options) {
    return dump(write(options));
}

std::string toJsonText(const SamplingOptions& options) {
    return dump(write(options));
}

Result<MemoryOptions> memoryOptionsFromJsonText(std::string_view text) {
    return read<MemoryOptions>(json::parse(text, nullptr, false), "memory options");
}

Result<SamplingOptions> samplingOptionsFromJsonText(std::string_view text) {
    return read<SamplingOptions>(json::parse(text, nullptr, false), "sampling options");
}

}  // namespace epi
