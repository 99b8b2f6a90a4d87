#include "storage/json_columns.h"

#include <nlohmann/json.hpp>

namespace epi {
namespace {

using nlohmann::json;

template <typename T>
std::string dump(std::span<const T> values) {
    json array = json::array();
    for (const T& value : values)
        array.push_back(value);
    return array.dump(-1, ' ', false, json::error_handler_t::replace);
}

template <typename T>
Result<std::vector<T>> parse(std::string_view text, bool (json::*isRight)() const noexcept) {
    const json array = json::parse(text, nullptr, false);
    const Error damaged{ErrorCode::kCorruptData, "JSON array expected, '" + std::string(text) + "' found"};
    if (!array.is_array()) return damaged;
    std::vector<T> values;
    values.reserve(array.size());
    for (const json& element : array) {
        if (!(element.*isRight)()) return damaged;
        values.push_back(element.get<T>());
    }
    return values;
}

}  // namespace

std::string toJsonColumn(std::span<const std::string> values) {
    return dump(values);
}

std::string toJsonColumn(std::span<const std::int64_t> values) {
    return dump(values);
}

Result<std::vector<std::string>> stringsFromJsonColumn(std::string_view text) {
    return parse<std::string>(text, &json::is_string);
}

Result<std::vector<std::int64_t>> integersFromJsonColumn(std::string_view text) {
    return parse<std::int64_t>(text, &json::is_number_integer);
}

}  // namespace epi
