#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"
#include "core/chat/conversation.h"
#include "core/engine/notice.h"
#include "core/engine/options.h"

// Internal to core/wire.

namespace epi {

inline Result<Role> enumFromName(std::string_view text, std::type_identity<Role>) {
    return roleFromName(text);
}
inline Result<HistoryLayout> enumFromName(std::string_view text, std::type_identity<HistoryLayout>) {
    return historyLayoutFromName(text);
}
inline Result<DeviceChoice> enumFromName(std::string_view text, std::type_identity<DeviceChoice>) {
    return deviceChoiceFromName(text);
}
inline Result<ComputeMode> enumFromName(std::string_view text, std::type_identity<ComputeMode>) {
    return computeModeFromName(text);
}
inline Result<BudgetLevel> enumFromName(std::string_view text, std::type_identity<BudgetLevel>) {
    return budgetLevelFromName(text);
}
inline Result<CacheCodec> enumFromName(std::string_view text, std::type_identity<CacheCodec>) {
    return cacheCodecFromName(text);
}
inline Result<PositionMode> enumFromName(std::string_view text, std::type_identity<PositionMode>) {
    return positionModeFromName(text);
}
inline Result<ErrorCode> enumFromName(std::string_view text, std::type_identity<ErrorCode>) {
    return errorCodeFromName(text);
}
inline Result<NoticeCode> enumFromName(std::string_view text, std::type_identity<NoticeCode>) {
    return noticeCodeFromName(text);
}

/// What all readers of one message share: where they are, and the first error.
struct ReadContext {
    std::string path;        // of the value being read, e.g. "SyncConversation.turns[3].id"
    bool isComplete = true;  // whether a missing field is an error; otherwise it keeps its default
    std::vector<std::uint8_t>* payload = nullptr;
    std::optional<Error> error;

    void fail(const std::string& what) {
        if (!error) error = Error{ErrorCode::kCorruptData, path + ": " + what};
    }
    void expected(std::string_view what, const nlohmann::json& found) {
        fail(std::string(what) + " expected, " + found.type_name() + " found");
    }
};

/// What `visitFields` is called with to read a structure from a JSON object. Unknown ones are ignored;
/// strings are moved out of the object.
class FieldReader {
public:
    /// `object` must be a JSON object.
    FieldReader(nlohmann::json& object, ReadContext& context) : object_(object), context_(context) {}

    template <typename T>
    void operator()(const char* key, T& value) {
        if (context_.error) return;
        const Step step(context_, std::string(".") + key);
        const auto found = object_.find(key);
        if (found != object_.end()) return read(*found, value);
        if (context_.isComplete) context_.fail("missing");
    }

    void binary(const char* key, std::vector<std::uint8_t>& value) {
        std::uint64_t size = 0;
        (*this)(key, size);
        if (context_.error || context_.payload == nullptr) return;
        const Step step(context_, std::string(".") + key);
        if (size != context_.payload->size()) {
            return context_.fail(std::to_string(size) + " bytes expected, " +
                                 std::to_string(context_.payload->size()) + " found");
        }
        value = std::exchange(*context_.payload, {});
    }

private:
    /// Makes the path longer for as long as it lives.
    class Step {
    public:
        Step(ReadContext& context, const std::string& suffix)
            : context_(context), length_(context.path.size()) {
            context_.path += suffix;
        }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;
        ~Step() { context_.path.resize(length_); }

    private:
        ReadContext& context_;
        std::size_t length_;
    };

    template <typename T>
    void read(nlohmann::json& json, T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            if (!json.is_boolean()) return context_.expected("boolean", json);
            value = json.get<bool>();
        } else if constexpr (std::is_integral_v<T>) {
            readInteger(json, value);
        } else if constexpr (std::is_floating_point_v<T>) {
            readNumber(json, value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (!json.is_string()) return context_.expected("string", json);
            value = std::move(json.get_ref<std::string&>());
        } else if constexpr (std::is_enum_v<T>) {
            if (!json.is_string()) return context_.expected("string", json);
            auto known = enumFromName(json.get_ref<const std::string&>(), std::type_identity<T>{});
            if (!known) return context_.fail(known.error().message);
            value = *known;
        } else {
            if (!json.is_object()) return context_.expected("object", json);
            FieldReader reader(json, context_);
            visitFields(reader, value);
        }
    }
    template <typename T>
    void read(nlohmann::json& json, std::optional<T>& value) {
        if (json.is_null()) return value.reset();
        read(json, value.emplace());
    }
    template <typename T>
    void read(nlohmann::json& json, std::vector<T>& values) {
        if (!json.is_array()) return context_.expected("array", json);
        values.clear();
        values.reserve(json.size());
        for (std::size_t i = 0; i < json.size() && !context_.error; ++i) {
            const Step step(context_, "[" + std::to_string(i) + "]");
            read(json[i], values.emplace_back());
        }
    }
    template <typename T>
    void readInteger(const nlohmann::json& json, T& value) {
        if (!json.is_number_integer()) return context_.expected("integer", json);
        const bool fits = json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                                    : std::in_range<T>(json.get<std::int64_t>());
        if (!fits) {
            return context_.fail("integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                                 std::to_string(std::numeric_limits<T>::max()) + " expected, " + json.dump() +
                                 " found");
        }
        value = json.get<T>();
    }
    void readNumber(const nlohmann::json& json, double& value) {
        if (json.is_number()) {
            value = json.get<double>();
        } else if (json == "nan") {
            value = std::numeric_limits<double>::quiet_NaN();
        } else if (json == "inf" || json == "-inf") {
            value = (json == "inf" ? 1 : -1) * std::numeric_limits<double>::infinity();
        } else {
            context_.expected("number", json);
        }
    }

    nlohmann::json& object_;
    ReadContext& context_;
};

}  // namespace epi
