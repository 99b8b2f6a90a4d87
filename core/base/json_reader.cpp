#include "core/base/json_reader.h"

#include <nlohmann/json.hpp>

#include "core/base/printable.h"

namespace epi {
namespace {

using nlohmann::json;

/// Goes over a text without keeping anything, and stops where it is no JSON or exceeds a limit.
class LimitCheck final : public nlohmann::json_sax<json> {
public:
    explicit LimitCheck(const JsonLimits& limits) : limits_(limits) {}

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    bool null() override { return countValue(); }
    bool boolean(bool) override { return countValue(); }
    bool number_integer(number_integer_t) override { return countValue(); }
    bool number_unsigned(number_unsigned_t) override { return countValue(); }
    bool number_float(number_float_t, const string_t&) override { return countValue(); }
    bool string(string_t&) override { return countValue(); }
    bool binary(binary_t&) override { return countValue(); }
    bool key(string_t&) override { return true; }
    bool start_object(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }

    bool parse_error(std::size_t position,
                     const std::string& lastToken,
                     const nlohmann::detail::exception&) override {
        error_ = Error{ErrorCode::kCorruptData,
                       "not JSON from byte " + grouped(position) + " on, near " + inQuotes(lastToken)};
        return false;
    }

private:
    bool countValue() {
        if (++values_ <= limits_.maxValues) return true;
        return exceeded("values", limits_.maxValues);
    }
    bool open() {
        if (++depth_ > limits_.maxDepth) return exceeded("levels", limits_.maxDepth);
        return countValue();
    }
    bool close() {
        --depth_;
        return true;
    }
    bool exceeded(const char* what, std::size_t limit) {
        error_ = Error{ErrorCode::kUnsupported, "JSON of more than " + grouped(limit) + " " + what};
        return false;
    }

    const JsonLimits& limits_;
    std::size_t depth_ = 0;
    std::size_t values_ = 0;
    std::optional<Error> error_;
};

}  // namespace

JsonDocument::JsonDocument(std::unique_ptr<const json> root) : root_(std::move(root)) {}
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.maxBytes) {
        return Error{ErrorCode::kUnsupported,
                     "JSON of at most " + grouped(limits.maxBytes) + " bytes expected, " +
                         grouped(text.size()) + " found"};
    }
    // The library takes a zero byte for the end of the text.
    if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
        return Error{ErrorCode::kCorruptData, "not JSON from byte " + grouped(zero + 1) + " on, a zero byte"};
    }
    LimitCheck check(limits);
    const bool isFine = json::sax_parse(text, &check);
    if (check.error()) return *check.error();
    auto root = std::make_unique<const json>(json::parse(text, nullptr, false));
    if (!isFine || root->is_discarded()) return Error{ErrorCode::kCorruptData, "not JSON"};
    return JsonDocument(std::move(root));
}

JsonReader JsonDocument::root() const {
    return {*root_, ""};
}

bool JsonReader::isObject() const {
    return value_->is_object();
}

bool JsonReader::isArray() const {
    return value_->is_array();
}

bool JsonReader::isString() const {
    return value_->is_string();
}

bool JsonReader::isInteger() const {
    return value_->is_number_integer();
}

Error JsonReader::error(const std::string& message) const {
    return {ErrorCode::kCorruptData, (path_.empty() ? "top level" : path_) + ": " + message};
}

Error JsonReader::unexpected(const char* expected) const {
    return error(std::string(expected) + " expected, " + value_->type_name() + " found");
}

JsonReader JsonReader::child(const json& value, std::string_view key) const {
    return {value, path_ + (path_.empty() ? "" : ".") + printable(key)};
}

Result<std::string> JsonReader::string() const {
    if (!isString()) return unexpected("string");
    return value_->get_ref<const std::string&>();
}

Result<bool> JsonReader::boolean() const {
    if (!value_->is_boolean()) return unexpected("true or false");
    return value_->get<bool>();
}

Result<std::int64_t> JsonReader::integer(std::int64_t least, std::int64_t most) const {
    if (!isInteger()) return unexpected("whole number");
    const bool isTooLarge =
        value_->is_number_unsigned() &&
        value_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const auto value = isTooLarge ? 0 : value_->get<std::int64_t>();
    if (isTooLarge || value < least || value > most) {
        return error("whole number from " + groupedSigned(least) + " to " + groupedSigned(most) +
                     " expected, " + value_->dump() + " found");
    }
    return value;
}

Result<std::vector<JsonReader>> JsonReader::elements() const {
    if (!isArray()) return unexpected("array");
    std::vector<JsonReader> readers;
    readers.reserve(value_->size());
    for (const json& element : *value_) {
        readers.push_back({element, path_ + "[" + std::to_string(readers.size()) + "]"});
    }
    return readers;
}

Result<std::vector<std::string>> JsonReader::strings() const {
    EPI_TRY_ASSIGN(const auto readers, elements());
    std::vector<std::string> texts;
    texts.reserve(readers.size());
    for (const JsonReader& reader : readers) {
        EPI_TRY_ASSIGN(std::string text, reader.string());
        texts.push_back(std::move(text));
    }
    return texts;
}

Result<std::vector<JsonReader::Member>> JsonReader::members() const {
    if (!isObject()) return unexpected("object");
    std::vector<Member> members;
    members.reserve(value_->size());
    for (const auto& [key, value] : value_->items()) {
        members.push_back({key, child(value, key)});
    }
    return members;
}

Result<JsonReader> JsonReader::at(std::string_view key) const {
    EPI_TRY_ASSIGN(auto member, find(key));
    if (!member) return error("key " + inQuotes(key) + " missing");
    return *std::move(member);
}

Result<std::optional<JsonReader>> JsonReader::find(std::string_view key) const {
    if (!isObject()) return unexpected("object");
    const auto found = value_->find(key);
    if (found == value_->end()) return std::optional<JsonReader>();
    return std::optional(child(*found, key));
}

}  // namespace epi
