#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/chat/conversation.h"
#include "core/engine/notice.h"
#include "core/engine/options.h"

namespace epi {

/// What `visitFields` is called with to write a structure into a JSON object, a binary field into a payload.
/// Internal to core/wire.
class FieldWriter {
public:
    FieldWriter(nlohmann::json& object, std::vector<std::uint8_t>* payload)
        : object_(object), payload_(payload) {}

    template <typename T>
    void operator()(const char* key, const T& value) {
        object_[key] = toJsonValue(value);
    }

    /// The header says how long it is, the payload holds it. At most one in a message.
    void binary(const char* key, const std::vector<std::uint8_t>& value) {
        object_[key] = value.size();
        if (payload_ != nullptr) *payload_ = value;
    }

private:
    template <typename T>
    static nlohmann::json toJsonValue(const T& value) {
        if constexpr (std::is_enum_v<T>) {
            return std::string(name(value));
        } else if constexpr (std::is_floating_point_v<T>) {
            // JSON has no such numbers; null would read as "missing".
            if (std::isnan(value)) return "nan";
            if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
            return value;
        } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
            return value;
        } else {
            nlohmann::json object = nlohmann::json::object();
            FieldWriter writer(object, nullptr);
            visitFields(writer, value);
            return object;
        }
    }
    template <typename T>
    static nlohmann::json toJsonValue(const std::optional<T>& value) {
        return value ? toJsonValue(*value) : nlohmann::json(nullptr);
    }
    template <typename T>
    static nlohmann::json toJsonValue(const std::vector<T>& values) {
        nlohmann::json array = nlohmann::json::array();
        array.get_ref<nlohmann::json::array_t&>().reserve(values.size());
        for (const T& value : values)
            array.push_back(toJsonValue(value));
        return array;
    }

    nlohmann::json& object_;
    std::vector<std::uint8_t>* payload_;
};

}  // namespace epi
