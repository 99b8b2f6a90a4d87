#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace epi {

/// Longest frame, counted as its length field does, and the longest header in it.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{16} << 20;

/// One message on the wire. All integers are little endian:
///
///     u32 length         bytes that follow it
///     u8  kind           see command_fields.h and event_fields.h
///     u32 header length
///         header         JSON text
///         payload        what is left: binary data of the message
struct Frame {
    std::uint8_t kind = 0;
    std::string header;
    std::vector<std::uint8_t> payload;

    bool operator==(const Frame&) const = default;
};

/// The bytes of a frame; kInvalidArgument when it exceeds a limit.
Result<std::string> encodeFrame(const Frame& frame);

/// Takes the bytes of a stream in any portions and gives its frames. Holds no more than was fed: a length is
/// judged when it arrives, and nothing is allocated on its word. One thread.
class FrameDecoder {
public:
    void feed(std::span<const char> bytes);
    /// The next whole frame; nothing when more bytes are needed. A length beyond a limit is kCorruptData; a
    /// stream cannot be read past that, so every later call gives the same error.
    Result<std::optional<Frame>> next();
    /// Whether the stream ends inside a frame, should it end here.
    [[nodiscard]] bool isInsideFrame() const { return position_ < buffer_.size(); }

private:
    std::string buffer_;
    std::size_t position_ = 0;  // of the next frame in buffer_
    std::optional<Error> error_;
};

}  // namespace epi
