#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace epi {

/// Writes one message in the protocol buffer wire format, field by field.
class ProtobufWriter {
public:
    void integer(std::uint32_t field, std::uint64_t value) {
        tag(field, kVarint);
        varint(value);
    }
    void number(std::uint32_t field, float value) {
        tag(field, kFixed32);
        const auto bits = std::bit_cast<std::uint32_t>(value);
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes_ += static_cast<char>((bits >> shift) & 0xFF);
    }
    /// A string, or the bytes of a message.
    void bytes(std::uint32_t field, std::string_view value) {
        tag(field, kLengthDelimited);
        varint(value.size());
        bytes_ += value;
    }
    [[nodiscard]] const std::string& message() const { return bytes_; }

private:
    static constexpr std::uint32_t kVarint = 0;
    static constexpr std::uint32_t kLengthDelimited = 2;
    static constexpr std::uint32_t kFixed32 = 5;

    void tag(std::uint32_t field, std::uint32_t wireType) { varint((field << 3) | wireType); }
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            bytes_ += static_cast<char>((value & 0x7F) | 0x80);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

}  // namespace epi
