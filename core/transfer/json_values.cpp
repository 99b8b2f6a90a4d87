#include "core/transfer/json_values.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <istream>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <streambuf>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/printable.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

/// The bytes of a file for the parser, chunk by chunk. After an error it is at its end and `error` says why.
class FileBytes final : public std::streambuf {
public:
    FileBytes(const File& file,
              const CancelToken& cancel,
              const ReadProgress& progress,
              std::size_t maxTokenBytes)
        : file_(file), cancel_(cancel), progress_(progress), maxTokenBytes_(maxTokenBytes) {}

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    /// A token ended here: what follows belongs to the next one.
    void endToken() { tokenBegin_ = position(); }

protected:
    int_type underflow() override {
        if (error_ || offset_ == file_.size()) return traits_type::eof();
        if (cancel_.isCancelled()) return fail({ErrorCode::kCancelled, "the import was cancelled"});
        if (offset_ - tokenBegin_ > maxTokenBytes_) {
            return fail({ErrorCode::kUnsupported,
                         "a text of more than " + grouped(maxTokenBytes_) + " bytes from byte " +
                             grouped(tokenBegin_) + " on"});
        }
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, file_.size() - offset_));
        const auto bytes = std::as_writable_bytes(std::span(chunk_)).first(count);
        if (auto read = file_.readAt(offset_, bytes); !read) return fail(read.error());
        // The parser takes a zero byte for the end of the text.
        if (const void* zero = std::memchr(chunk_.data(), '\0', count)) {
            const auto place = static_cast<const char*>(zero) - chunk_.data();
            return fail({ErrorCode::kCorruptData,
                         "not JSON from byte " + grouped(offset_ + static_cast<std::uint64_t>(place) + 1) +
                             " on, a zero byte"});
        }
        offset_ += count;
        setg(chunk_.data(), chunk_.data(), chunk_.data() + count);
        if (progress_) progress_(offset_, file_.size());
        return traits_type::to_int_type(*gptr());
    }

private:
    [[nodiscard]] std::uint64_t position() const {
        return offset_ - static_cast<std::uint64_t>(egptr() - gptr());
    }
    int_type fail(Error error) {
        error_ = std::move(error);
        return traits_type::eof();
    }

    const File& file_;
    const CancelToken& cancel_;
    const ReadProgress& progress_;
    std::size_t maxTokenBytes_;
    std::uint64_t offset_ = 0;  // of the byte behind the chunk
    std::uint64_t tokenBegin_ = 0;
    std::array<char, kChunkBytes> chunk_{};
    std::optional<Error> error_;
};

/// Builds one value at a time and gives it away.
class ValueBuilder final : public nlohmann::json_sax<json> {
public:
    ValueBuilder(FileBytes& bytes,
                 const JsonValueLimits& limits,
                 const std::function<Result<Reading>(const JsonReader&)>& onValue)
        : bytes_(bytes), limits_(limits), onValue_(onValue) {}

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    [[nodiscard]] bool hasEnough() const { return hasEnough_; }

    bool null() override { return add(json()); }
    bool boolean(bool value) override { return add(json(value)); }
    bool number_integer(number_integer_t value) override { return add(json(value)); }
    bool number_unsigned(number_unsigned_t value) override { return add(json(value)); }
    bool number_float(number_float_t value, const string_t&) override { return add(json(value)); }
    bool binary(binary_t&) override { return false; }
    bool string(string_t& value) override {
        valueBytes_ += value.size();
        return add(json(std::move(value)));
    }
    bool key(string_t& value) override {
        bytes_.endToken();
        valueBytes_ += value.size();
        key_ = std::move(value);
        return true;
    }
    bool start_object(std::size_t) override { return open(json::object()); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override {
        if (!isListStarted_ && stack_.empty()) {
            isListStarted_ = true;
            isList_ = true;
            return true;
        }
        return open(json::array());
    }
    bool end_array() override { return stack_.empty() || close(); }

    bool parse_error(std::size_t position,
                     const std::string& lastToken,
                     const nlohmann::detail::exception&) override {
        error_ = Error{ErrorCode::kCorruptData,
                       "not JSON from byte " + grouped(position) + " on, near " + inQuotes(lastToken)};
        return false;
    }

private:
    bool add(json value) {
        bytes_.endToken();
        if (!count()) return false;
        if (!stack_.empty()) {
            place(std::move(value));
            return true;
        }
        isListStarted_ = true;
        root_ = std::move(value);
        return finish();
    }
    bool open(json container) {
        bytes_.endToken();
        if (stack_.size() + 1 > limits_.maxDepth) return exceeded("levels", limits_.maxDepth);
        if (!count()) return false;
        isListStarted_ = true;
        if (stack_.empty()) {
            root_ = std::move(container);
            stack_.push_back(&root_);
        } else {
            stack_.push_back(place(std::move(container)));
        }
        return true;
    }
    bool close() {
        bytes_.endToken();
        stack_.pop_back();
        return !stack_.empty() || finish();
    }
    json* place(json value) {
        json& parent = *stack_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        json& member = parent[key_];
        member = std::move(value);
        return &member;
    }
    bool count() {
        if (++values_ > limits_.maxValues) return exceeded("values", limits_.maxValues);
        if (valueBytes_ > limits_.maxValueBytes) return exceeded("bytes of text", limits_.maxValueBytes);
        return true;
    }
    bool finish() {
        const JsonDocument document(std::make_unique<const json>(std::exchange(root_, json())));
        values_ = 0;
        valueBytes_ = 0;
        const std::string path = isList_ ? "[" + std::to_string(index_) + "]" : "";
        ++index_;
        const Result<Reading> reading = onValue_(document.root(path));
        if (!reading) error_ = reading.error();
        hasEnough_ = reading && *reading == Reading::kEnough;
        return reading && !hasEnough_;
    }
    bool exceeded(const char* what, std::size_t limit) {
        error_ = Error{ErrorCode::kUnsupported,
                       (isList_ ? "[" + std::to_string(index_) + "]" : std::string("top level")) +
                           ": more than " + grouped(limit) + " " + what};
        return false;
    }

    FileBytes& bytes_;
    const JsonValueLimits& limits_;
    const std::function<Result<Reading>(const JsonReader&)>& onValue_;
    bool isListStarted_ = false;  // something was read: an array that begins now is a value
    bool isList_ = false;
    bool hasEnough_ = false;
    std::size_t index_ = 0;
    json root_;
    std::vector<json*> stack_;  // open containers; a container does not move while it is open
    std::string key_;
    std::size_t values_ = 0;
    std::size_t valueBytes_ = 0;
    std::optional<Error> error_;
};

}  // namespace

Result<void> forEachJsonValue(const File& file,
                              const std::function<Result<Reading>(const JsonReader& value)>& onValue,
                              const CancelToken& cancel,
                              const ReadProgress& progress,
                              const JsonValueLimits& limits) {
    const auto bytes = std::make_unique<FileBytes>(file, cancel, progress, limits.maxStringBytes);
    std::istream stream(bytes.get());
    ValueBuilder builder(*bytes, limits, onValue);
    bool isFine = false;
    try {
        isFine = json::sax_parse(stream, &builder);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::kOutOfMemory, "a value of the file does not fit into memory"};
    }
    // The parser's complaint about an early end says less than why the bytes ended.
    if (bytes->error()) return *bytes->error();
    if (builder.error()) return *builder.error();
    if (!isFine && !builder.hasEnough()) return Error{ErrorCode::kCorruptData, "not JSON"};
    return {};
}

}  // namespace epi
