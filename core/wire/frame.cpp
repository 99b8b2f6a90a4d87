#include "core/wire/frame.h"

#include <algorithm>
#include <string_view>

namespace epi {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kPrefixBytes = 1 + kLengthBytes;  // kind and header length, which `length` counts

void appendU32(std::string& out, std::size_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8)
        out.push_back(static_cast<char>((value >> shift) & 0xFF));
}

std::size_t readU32(std::string_view bytes) {
    std::size_t value = 0;
    for (unsigned i = 0; i < kLengthBytes; ++i) {
        value |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
}

std::optional<std::string> findFault(std::size_t length) {
    if (length < kPrefixBytes) {
        return "frame of " + std::to_string(length) + " bytes, at least " + std::to_string(kPrefixBytes) +
               " expected";
    }
    if (length > kMaxFrameBytes) {
        return "frame of " + std::to_string(length) + " bytes, at most " + std::to_string(kMaxFrameBytes) +
               " allowed";
    }
    return std::nullopt;
}

std::optional<std::string> findHeaderFault(std::size_t headerLength, std::size_t length) {
    const std::size_t limit = std::min(kMaxHeaderBytes, length - kPrefixBytes);
    if (headerLength <= limit) return std::nullopt;
    return "frame header of " + std::to_string(headerLength) + " bytes, at most " + std::to_string(limit) +
           " allowed in a frame of " + std::to_string(length) + " bytes";
}

}  // namespace

Result<std::string> encodeFrame(const Frame& frame) {
    const std::size_t length = kPrefixBytes + frame.header.size() + frame.payload.size();
    if (const auto fault = findFault(length)) return Error{ErrorCode::kInvalidArgument, *fault};
    if (const auto fault = findHeaderFault(frame.header.size(), length)) {
        return Error{ErrorCode::kInvalidArgument, *fault};
    }
    std::string bytes;
    bytes.reserve(kLengthBytes + length);
    appendU32(bytes, length);
    bytes.push_back(static_cast<char>(frame.kind));
    appendU32(bytes, frame.header.size());
    bytes += frame.header;
    bytes.append(frame.payload.begin(), frame.payload.end());
    return bytes;
}

void FrameDecoder::feed(std::span<const char> bytes) {
    if (error_) return;
    // Dropped only here and only when it is the larger part, so that each byte is moved at most once on
    // average.
    if (position_ > buffer_.size() / 2) {
        buffer_.erase(0, position_);
        position_ = 0;
    }
    buffer_.append(bytes.data(), bytes.size());
}

Result<std::optional<Frame>> FrameDecoder::next() {
    if (error_) return *error_;
    const auto fail = [this](std::string message) {
        error_ = Error{ErrorCode::kCorruptData, std::move(message)};
        return *error_;
    };
    const std::string_view rest = std::string_view(buffer_).substr(position_);
    if (rest.size() < kLengthBytes) return std::optional<Frame>();
    const std::size_t length = readU32(rest);
    if (auto fault = findFault(length)) return fail(*std::move(fault));

    if (rest.size() < kLengthBytes + kPrefixBytes) return std::optional<Frame>();
    const std::size_t headerLength = readU32(rest.substr(kLengthBytes + 1));
    if (auto fault = findHeaderFault(headerLength, length)) return fail(*std::move(fault));

    if (rest.size() < kLengthBytes + length) return std::optional<Frame>();
    const std::string_view header = rest.substr(kLengthBytes + kPrefixBytes, headerLength);
    const std::string_view payload =
        rest.substr(kLengthBytes + kPrefixBytes + headerLength, length - kPrefixBytes - headerLength);
    position_ += kLengthBytes + length;
    return std::optional(Frame{static_cast<std::uint8_t>(rest[kLengthBytes]),
                               std::string(header),
                               std::vector<std::uint8_t>(payload.begin(), payload.end())});
}

}  // namespace epi
