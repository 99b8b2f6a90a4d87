#include "app/cli/eval_memories.h"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/printable.h"
#include "core/wire/options_json.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr const char* kShare = "share";

Error badMemory(std::size_t index, const std::string& problem) {
    return {ErrorCode::kCorruptData, "memory " + std::to_string(index + 1) + " of the list: " + problem};
}

/// The first field that options do not have; empty when there is none.
std::string unknownField(const json& given, const json& known) {
    for (const auto& [field, value] : given.items()) {
        if (!known.contains(field)) return field;
        if (!value.is_object() || !known[field].is_object()) continue;
        if (const std::string inner = unknownField(value, known[field]); !inner.empty())
            return field + "." + inner;
    }
    return {};
}

Result<EvalMemory> memoryOf(std::size_t index, json given, const BaseOptions& base) {
    if (!given.is_object()) return badMemory(index, "an object is expected");
    EvalMemory memory;
    if (const auto share = given.find(kShare); share != given.end()) {
        memory.share = share->is_number() ? share->get<double>() : 0.0;
        if (!(memory.share > 0.0 && memory.share <= 1.0))
            return badMemory(index, "share is " + share->dump() + ", above 0 and up to 1 is expected");
        if (given.contains("budget")) return badMemory(index, "it has both a share and a budget");
        given.erase(share);
    }
    std::optional<std::string> preset;
    if (const auto named = given.find("preset"); named != given.end() && named->is_string())
        preset = named->get<std::string>();
    auto rest = base(preset);
    if (!rest) return badMemory(index, rest.error().message);
    json options = toJson(*rest);
    if (const std::string unknown = unknownField(given, options); !unknown.empty())
        return badMemory(index, "there is no option '" + printable(unknown) + "'");
    options.merge_patch(given);
    auto read = memoryOptionsFromJson(options);
    if (!read) return badMemory(index, read.error().message);
    memory.options = *std::move(read);
    return memory;
}

}  // namespace

MemoryOptions EvalMemory::forHistory(std::int64_t tokens) const {
    MemoryOptions chosen = options;
    if (share > 0.0)
        chosen.budget = std::max(1, static_cast<std::int32_t>(share * static_cast<double>(tokens)));
    return chosen;
}

Result<std::vector<EvalMemory>> evalMemoriesFromJson(std::string_view text, const BaseOptions& base) {
    const json list = json::parse(text, nullptr, false);
    if (!list.is_array() || list.empty()) {
        return Error{ErrorCode::kCorruptData, "a list of memories in JSON is expected"};
    }
    std::vector<EvalMemory> memories;
    for (const json& each : list) {
        EPI_TRY_ASSIGN(EvalMemory memory, memoryOf(memories.size(), each, base));
        memories.push_back(std::move(memory));
    }
    return memories;
}

}  // namespace epi
