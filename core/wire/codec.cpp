#include "core/wire/codec.h"

#include <array>
#include <cstddef>
#include <utility>

#include "core/wire/command_fields.h"
#include "core/wire/event_fields.h"
#include "core/wire/field_reader.h"
#include "core/wire/field_writer.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;  // of nested arrays and objects; messages need 6

template <typename... Messages>
constexpr std::array<std::uint8_t, sizeof...(Messages)> kindsOf(
    std::type_identity<std::variant<Messages...>>) {
    return {kTag<Messages>.kind...};
}

constexpr bool areKindsDistinct() {
    std::array<int, 256> uses{};
    for (const std::uint8_t kind : kindsOf(std::type_identity<Command>{}))
        ++uses[kind];
    for (const std::uint8_t kind : kindsOf(std::type_identity<Event>{}))
        ++uses[kind];
    for (const std::uint8_t kind : {kTag<Ping>.kind, kTag<Pong>.kind, kTag<CancelJob>.kind})
        ++uses[kind];
    for (std::size_t kind = 1; kind < uses.size(); ++kind) {
        if (uses[kind] > 1) return false;
    }
    return uses[0] == 1;  // EngineLost
}
static_assert(areKindsDistinct(), "each message needs a tag in fields.h with a kind of its own");

template <typename Message>
Result<std::string> encodeMessage(const Message& message, std::optional<JobId> job) {
    if constexpr (kTag<Message>.kind == 0) {
        return Error{ErrorCode::kInvalidArgument, "this event is never sent"};
    } else {
        Frame frame;
        frame.kind = kTag<Message>.kind;
        json header = json::object();
        FieldWriter writer(header, &frame.payload);
        if (job) writer("job", *job);
        visitFields(writer, message);
        frame.header = header.dump(-1, ' ', false, json::error_handler_t::replace);
        auto bytes = encodeFrame(frame);
        if (!bytes) return std::move(bytes).error().with(kTag<Message>.name);
        return bytes;
    }
}

/// The header of a frame as JSON, and how far it is read.
struct Input {
    json header;
    ReadContext context;
};

Result<Input> openHeader(Frame& frame, std::string_view name) {
    bool isTooDeep = false;
    const auto watchDepth = [&isTooDeep](int depth, json::parse_event_t, json&) {
        isTooDeep = isTooDeep || depth > kMaxDepth;
        return !isTooDeep;
    };
    Input input{json::parse(frame.header, watchDepth, false), {}};
    input.context.path = name;
    input.context.payload = &frame.payload;
    if (isTooDeep) {
        input.context.fail("header nested deeper than " + std::to_string(kMaxDepth) + " levels");
    } else if (input.header.is_discarded()) {
        input.context.fail("header is not JSON in UTF-8");
    } else if (!input.header.is_object()) {
        input.context.expected("object", input.header);
    }
    if (input.context.error) return *input.context.error;
    return input;
}

template <typename T>
Result<T> finish(Input& input, T value) {
    if (!input.context.error && !input.context.payload->empty()) {
        input.context.fail("payload of " + std::to_string(input.context.payload->size()) +
                           " bytes, none expected");
    }
    if (input.context.error) return *std::move(input.context.error);
    return value;
}

/// Fields may differ in another version, so it is looked at before them.
void checkProtocol(FieldReader& reader, ReadContext& context) {
    std::int32_t protocol = 0;
    reader("protocol", protocol);
    if (context.error || protocol == kProtocolVersion) return;
    context.error = Error{ErrorCode::kUnsupported,
                          "protocol version " + std::to_string(kProtocolVersion) +
                              " expected, the engine has " + std::to_string(protocol)};
}

template <typename Message>
Result<Message> decodeOne(Frame& frame) {
    EPI_TRY_ASSIGN(Input input, openHeader(frame, kTag<Message>.name));
    FieldReader reader(input.header, input.context);
    Message message;
    visitFields(reader, message);
    return finish(input, std::move(message));
}

template <typename Envelope, typename Message>
Result<Envelope> decodeWithJob(Frame& frame) {
    EPI_TRY_ASSIGN(Input input, openHeader(frame, kTag<Message>.name));
    FieldReader reader(input.header, input.context);
    if constexpr (std::is_same_v<Message, Hello>) checkProtocol(reader, input.context);
    JobId job = 0;
    reader("job", job);
    Message message;
    visitFields(reader, message);
    return finish(input, Envelope{job, std::move(message)});
}

template <typename Any, typename Message>
Result<std::optional<Any>> widen(Result<Message> result) {
    if (!result) return std::move(result).error();
    return std::optional<Any>(*std::move(result));
}

/// Nothing when no message of the variant has the frame's kind.
template <typename Any, typename Envelope, typename... Messages>
Result<std::optional<Any>> decodeAnyOf(Frame& frame, std::type_identity<std::variant<Messages...>>) {
    Result<std::optional<Any>> result = std::optional<Any>();
    const auto tryOne = [&]<typename Message>(std::type_identity<Message>) {
        if constexpr (kTag<Message>.kind != 0) {
            if (kTag<Message>.kind == frame.kind) {
                result = widen<Any>(decodeWithJob<Envelope, Message>(frame));
            }
        }
    };
    (tryOne(std::type_identity<Messages>{}), ...);
    return result;
}

struct Encoder {
    Result<std::string> operator()(const CommandMessage& message) const {
        return std::visit([&](const auto& command) { return encodeMessage(command, message.job); },
                          message.command);
    }
    Result<std::string> operator()(const EventMessage& message) const {
        return std::visit([&](const auto& event) { return encodeMessage(event, message.job); },
                          message.event);
    }
    template <typename Control>
    Result<std::string> operator()(const Control& message) const {
        return encodeMessage(message, std::nullopt);
    }
};

}  // namespace

Result<std::string> encode(const MessageToEngine& message) {
    return std::visit(Encoder{}, message);
}

Result<std::string> encode(const MessageFromEngine& message) {
    return std::visit(Encoder{}, message);
}

Result<std::optional<MessageToEngine>> decodeMessageToEngine(Frame frame) {
    if (frame.kind == kTag<Ping>.kind) return widen<MessageToEngine>(decodeOne<Ping>(frame));
    if (frame.kind == kTag<CancelJob>.kind) return widen<MessageToEngine>(decodeOne<CancelJob>(frame));
    return decodeAnyOf<MessageToEngine, CommandMessage>(frame, std::type_identity<Command>{});
}

Result<std::optional<MessageFromEngine>> decodeMessageFromEngine(Frame frame) {
    if (frame.kind == kTag<Pong>.kind) return widen<MessageFromEngine>(decodeOne<Pong>(frame));
    return decodeAnyOf<MessageFromEngine, EventMessage>(frame, std::type_identity<Event>{});
}

}  // namespace epi
