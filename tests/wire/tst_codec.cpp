#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <QtTest>

#include <nlohmann/json.hpp>

#include "core/wire/codec.h"
#include "core/wire/options_json.h"
#include "tests/wire/samples.h"

using namespace epi;
using nlohmann::json;

namespace {

template <typename Message>
Frame frameOf(const Message& message) {
    const auto bytes = encode(message);
    if (!bytes) return {};
    FrameDecoder decoder;
    decoder.feed(*bytes);
    auto frame = decoder.next();
    return frame && *frame ? **frame : Frame{};
}

Frame frameOf(const Event& event) {
    return frameOf(MessageFromEngine(EventMessage{7, event}));
}
Frame frameOf(const Command& command) {
    return frameOf(MessageToEngine(CommandMessage{7, command}));
}

/// What a frame says once it is decoded and encoded again; empty when it cannot be decoded.
std::optional<Frame> reencode(const Frame& frame, const Command&) {
    const auto message = decodeMessageToEngine(frame);
    if (!message || !*message) return std::nullopt;
    return frameOf(**message);
}
std::optional<Frame> reencode(const Frame& frame, const Event&) {
    const auto message = decodeMessageFromEngine(frame);
    if (!message || !*message) return std::nullopt;
    return frameOf(**message);
}

std::string errorOf(const Frame& frame, const Command&) {
    const auto message = decodeMessageToEngine(frame);
    if (message) return {};
    return (message.error().code == ErrorCode::kCorruptData ? "" : "not corrupt: ") + message.error().message;
}
std::string errorOf(const Frame& frame, const Event&) {
    const auto message = decodeMessageFromEngine(frame);
    if (message) return {};
    return (message.error().code == ErrorCode::kCorruptData ? "" : "not corrupt: ") + message.error().message;
}

/// All places of fields inside, e.g. "/memory/seed", those in arrays by their first element.
std::vector<json::json_pointer> fieldsIn(const json& value,
                                         const json::json_pointer& at = json::json_pointer()) {
    std::vector<json::json_pointer> found;
    if (value.is_array() && !value.empty()) return fieldsIn(value[0], at / 0);
    if (!value.is_object()) return found;
    for (const auto& [key, child] : value.items()) {
        found.push_back(at / key);
        for (auto& inner : fieldsIn(child, at / key))
            found.push_back(inner);
    }
    return found;
}

/// "/turns/0/id" as errors write it: ".turns[0].id".
std::string pathText(const json::json_pointer& at) {
    std::string path;
    for (auto rest = at; !rest.empty(); rest = rest.parent_pointer()) {
        const std::string& key = rest.back();
        const bool isIndex = key.find_first_not_of("0123456789") == std::string::npos;
        path.insert(0, isIndex ? "[" + key + "]" : "." + key);
    }
    return path;
}

template <typename Variant>
QString findMissedField(const std::vector<Variant>& messages) {
    for (const Variant& message : messages) {
        const Frame frame = frameOf(message);
        const json header = json::parse(frame.header);
        for (const auto& at : fieldsIn(header)) {
            json changed = header;
            changed[at.parent_pointer()].erase(at.back());
            Frame damaged = frame;
            damaged.header = changed.dump();
            if (!QString::fromStdString(errorOf(damaged, message))
                     .endsWith(QString::fromStdString(pathText(at) + ": missing"))) {
                return QString::fromStdString("without " + at.to_string() + ": " + errorOf(damaged, message));
            }
            changed = header;
            changed[at] = json::array({json::object()});  // no field accepts this
            damaged.header = changed.dump();
            if (errorOf(damaged, message).find(pathText(at)) == std::string::npos) {
                return QString::fromStdString("wrong " + at.to_string() + ": " + errorOf(damaged, message));
            }
        }
    }
    return {};
}

template <typename Variant>
QString findUnequal(const std::vector<Variant>& messages) {
    for (const Variant& message : messages) {
        const Frame frame = frameOf(message);
        if (frame.kind == 0) return QStringLiteral("cannot encode message %1").arg(message.index());
        const auto again = reencode(frame, message);
        if (!again || *again != frame) return QString::fromStdString(frame.header);
    }
    return {};
}

const Turn& firstTurn(const MessageToEngine& message) {
    return std::get<SyncConversation>(std::get<CommandMessage>(message).command).turns.front();
}

}  // namespace

class TestCodec : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void samplesCoverEveryMessage() {
        std::set<std::size_t> kinds;
        for (const Command& command : samples::commands())
            kinds.insert(command.index());
        QCOMPARE(kinds.size(), std::variant_size_v<Command>);
        kinds.clear();
        for (const Event& event : samples::events())
            kinds.insert(event.index());
        QCOMPARE(kinds.size(), std::variant_size_v<Event> - 1);  // EngineLost is never sent
    }

    void keepsEveryFieldOfEveryCommand() { QCOMPARE(findUnequal(samples::commands()), QString()); }
    void keepsEveryFieldOfEveryEvent() { QCOMPARE(findUnequal(samples::events()), QString()); }

    void keepsTheValuesOfAnAsk() {
        const auto command = samples::commands()[3];
        const auto decoded = decodeMessageToEngine(frameOf(command));
        QVERIFY(decoded && *decoded);
        const auto& message = std::get<CommandMessage>(**decoded);
        QCOMPARE(message.job, JobId{7});
        const auto& ask = std::get<Ask>(message.command);
        const auto& sent = std::get<Ask>(command);
        QVERIFY(ask.memory == sent.memory);
        QVERIFY(ask.sampling == sent.sampling);
        QCOMPARE(ask.episode, std::optional<std::int32_t>(2));
        QCOMPARE(ask.remember, false);
        QCOMPARE(ask.question, std::string("Where?"));
        QCOMPARE(ask.replyBegin, std::string("On the"));
    }

    void keepsBytesOfTextsExactly() {
        const auto decoded = decodeMessageToEngine(frameOf(samples::commands()[1]));
        QVERIFY(decoded && *decoded);
        QCOMPARE(firstTurn(**decoded).text, std::string("a\0b\x1b[0m", 7));
    }

    void sendsTheTraceAsBinaryPayload() {
        const Event trace = samples::events()[5];
        const Frame frame = frameOf(trace);
        QVERIFY(frame.payload == std::get<Trace>(trace).retainedShare);
        const auto decoded = decodeMessageFromEngine(frame);
        QVERIFY(decoded && *decoded);
        QVERIFY(std::get<Trace>(std::get<EventMessage>(**decoded).event).retainedShare == frame.payload);
    }

    void keepsNumbersThatJsonHasNot() {
        const Event event = EvalAnswer{1, "", 0, std::numeric_limits<double>::quiet_NaN(), -1.0 / 0.0};
        const auto decoded = decodeMessageFromEngine(frameOf(event));
        QVERIFY(decoded && *decoded);
        const auto& answer = std::get<EvalAnswer>(std::get<EventMessage>(**decoded).event);
        QVERIFY(std::isnan(answer.similarity));
        QCOMPARE(answer.seconds, -std::numeric_limits<double>::infinity());
    }

    void carriesControlMessages() {
        const auto cancel = decodeMessageToEngine(frameOf(MessageToEngine(CancelJob{9})));
        QVERIFY(cancel && *cancel);
        QCOMPARE(std::get<CancelJob>(**cancel).job, JobId{9});
        const auto ping = decodeMessageToEngine(frameOf(MessageToEngine(Ping{})));
        QVERIFY(ping && *ping && std::holds_alternative<Ping>(**ping));
        const auto pong = decodeMessageFromEngine(frameOf(MessageFromEngine(Pong{})));
        QVERIFY(pong && *pong && std::holds_alternative<Pong>(**pong));
    }

    void namesEveryMissingOrWrongFieldOfCommands() {
        QCOMPARE(findMissedField(samples::commands()), QString());
    }
    void namesEveryMissingOrWrongFieldOfEvents() { QCOMPARE(findMissedField(samples::events()), QString()); }

    void refusesIntegersBeyondTheirType() {
        Frame frame = frameOf(samples::commands()[6]);  // Inspect
        json header = json::parse(frame.header);
        header["episode"] = 2147483648;
        frame.header = header.dump();
        QCOMPARE(errorOf(frame, Command()),
                 std::string(
                     "Inspect.episode: integer from -2147483648 to 2147483647 expected, 2147483648 found"));
        header["episode"] = 1.5;
        frame.header = header.dump();
        QCOMPARE(errorOf(frame, Command()), std::string("Inspect.episode: integer expected, number found"));
        header["episode"] = 1;
        header["memory"]["seed"] = -1;
        frame.header = header.dump();
        QVERIFY(errorOf(frame, Command()).starts_with("Inspect.memory.seed: integer from 0 to"));
    }

    void refusesUnknownNames() {
        Frame frame = frameOf(samples::commands()[0]);
        json header = json::parse(frame.header);
        header["device"] = "abacus";
        frame.header = header.dump();
        QVERIFY(errorOf(frame, Command()).starts_with("LoadModel.device: unknown device 'abacus'"));
    }

    void refusesAPayloadOfAnotherSize() {
        Frame frame = frameOf(samples::events()[5]);
        frame.payload.pop_back();
        QCOMPARE(errorOf(frame, Event()), std::string("Trace.retainedShare: 4 bytes expected, 3 found"));
        Frame unexpected = frameOf(samples::events()[2]);
        unexpected.payload = {1};
        QCOMPARE(errorOf(unexpected, Event()), std::string("Synced: payload of 1 bytes, none expected"));
    }

    void refusesHeadersThatAreNoObjects() {
        Frame frame = frameOf(samples::commands()[0]);
        for (const char* header : {"", "{", "[]", "null", "\"\xff\"", "{\"job\":1e999}"}) {
            frame.header = header;
            QVERIFY2(!errorOf(frame, Command()).empty(), header);
        }
    }

    void refusesDeeplyNestedHeaders() {
        Frame frame = frameOf(samples::commands()[0]);
        frame.header = "{\"x\":" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
        QCOMPARE(errorOf(frame, Command()), std::string("LoadModel: header nested deeper than 32 levels"));
    }

    void ignoresFieldsItDoesNotKnow() {
        const Command command = samples::commands()[7];
        Frame frame = frameOf(command);
        json header = json::parse(frame.header);
        header["fromTheFuture"] = {1, 2};
        Frame extended = frame;
        extended.header = header.dump();
        QCOMPARE(reencode(extended, command), std::optional(frame));
    }

    void skipsUnknownKinds() {
        for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{63}, std::uint8_t{255}}) {
            const auto command = decodeMessageToEngine(Frame{kind, "not even JSON", {1}});
            QVERIFY(command && !*command);
            const auto event = decodeMessageFromEngine(Frame{kind, "not even JSON", {1}});
            QVERIFY(event && !*event);
        }
    }

    void refusesAHelloOfAnotherProtocolBeforeItsOtherFields() {
        Frame frame = frameOf(samples::events()[0]);
        frame.header = R"({"protocol":1})";
        const auto message = decodeMessageFromEngine(frame);
        QVERIFY(!message);
        QCOMPARE(message.error().code, ErrorCode::kUnsupported);
        QCOMPARE(message.error().message,
                 "protocol version " + std::to_string(kProtocolVersion) + " expected, the engine has 1");
    }

    void keepsTheTextOfANoticeThatItDoesNotKnow() {
        TurnDone done;
        done.notices = {makeNotice(NoticeCode::kOther, {"the sun shines"})};
        Frame frame = frameOf(Event(done));
        json header = json::parse(frame.header);
        header["notices"][0]["code"] = "weather";
        frame.header = header.dump();
        const auto message = decodeMessageFromEngine(frame);
        QVERIFY(message && *message);
        const auto& read = std::get<TurnDone>(std::get<EventMessage>(**message).event);
        QCOMPARE(read.notices.at(0).code, NoticeCode::kOther);
        QCOMPARE(read.notices.at(0).text, std::string("the sun shines"));
    }

    void neverSendsEngineLost() {
        const auto bytes = encode(MessageFromEngine(EventMessage{0, EngineLost{"x", true}}));
        QVERIFY(!bytes);
        QCOMPARE(bytes.error().code, ErrorCode::kInvalidArgument);
    }

    void replacesBytesThatAreNotUtf8() {
        SyncConversation sync;
        sync.turns = {Turn{1,
                           Role::kUser,
                           "",
                           "a\xff"
                           "b\xed\xa0\x80"
                           "c\xe2\x82",
                           ""}};
        const auto decoded = decodeMessageToEngine(frameOf(Command(sync)));
        QVERIFY(decoded && *decoded);
        const QString text = QString::fromStdString(firstTurn(**decoded).text);
        QVERIFY(text.startsWith(QStringLiteral("a\uFFFDb")));
        QVERIFY(text.endsWith(QStringLiteral("c\uFFFD")));
    }

    void refusesATextBeyondTheLimits() {
        const auto bytes =
            encode(MessageToEngine(CommandMessage{1, Release{{std::string(kMaxHeaderBytes, 'x')}}}));
        QVERIFY(!bytes);
        QVERIFY(bytes.error().message.starts_with("Release: frame header of "));
    }

    void keepsOptionsAsJson() {
        const auto ask = std::get<Ask>(samples::commands()[3]);
        const auto memory = memoryOptionsFromJsonText(toJsonText(ask.memory));
        QVERIFY(memory && *memory == ask.memory);
        const auto sampling = samplingOptionsFromJson(toJson(ask.sampling));
        QVERIFY(sampling && *sampling == ask.sampling);
    }

    void keepsDefaultsOfOptionsThatAreNotSaid() {
        const auto memory = memoryOptionsFromJsonText(R"({"budget": 7, "unknown": []})");
        MemoryOptions expected;
        expected.budget = 7;
        QVERIFY(memory && *memory == expected);
    }

    void namesAWrongOption() {
        const auto memory = memoryOptionsFromJsonText(R"({"budget": "7"})");
        QVERIFY(!memory);
        QCOMPARE(memory.error().message,
                 std::string("memory options.budget: integer expected, string found"));
        const auto sampling = samplingOptionsFromJsonText("{");
        QVERIFY(!sampling);
        QCOMPARE(sampling.error().code, ErrorCode::kCorruptData);
    }

    void survivesMutatedFrames() {
        std::vector<std::string> seeds;
        for (const Command& command : samples::commands())
            seeds.push_back(*encodeFrame(frameOf(command)));
        for (const Event& event : samples::events())
            seeds.push_back(*encodeFrame(frameOf(event)));
        std::mt19937 random(7);
        int decodedCount = 0;
        int refusedCount = 0;
        for (int i = 0; i < 200'000; ++i) {
            std::string bytes = mutated(seeds[random() % seeds.size()], random);
            FrameDecoder decoder;
            decoder.feed(bytes);
            const auto frame = decoder.next();
            if (!frame || !*frame) continue;
            const auto command = decodeMessageToEngine(**frame);
            const auto event = decodeMessageFromEngine(**frame);
            for (const bool hasFailed : {!command, !event})
                ++(hasFailed ? refusedCount : decodedCount);
            // What was understood can be said again.
            if (command && *command) QVERIFY(encode(**command));
            if (event && *event) QVERIFY(encode(**event));
        }
        // Both ways are taken often, or the mutations test nothing.
        QVERIFY2(decodedCount > 10'000 && refusedCount > 10'000,
                 qPrintable(QStringLiteral("%1 decoded, %2 refused").arg(decodedCount).arg(refusedCount)));
    }

private:
    static std::string mutated(std::string bytes, std::mt19937& random) {
        const int changes = 1 + static_cast<int>(random() % 3);
        for (int i = 0; i < changes && !bytes.empty(); ++i) {
            // Mostly behind the lengths, which are tested by themselves.
            const std::size_t first = random() % 10 == 0 ? 0 : std::min<std::size_t>(9, bytes.size() - 1);
            const std::size_t at = first + random() % (bytes.size() - first);
            switch (random() % 5) {
                case 0:
                    bytes[at] = static_cast<char>(random());
                    break;
                case 1:
                    bytes[at] = "{}[]\",:0-9eE\\"[random() % 13];
                    break;
                case 2:
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
                    break;
                case 3:
                    bytes[at] = bytes[9 % bytes.size() + random() % (bytes.size() - 9 % bytes.size())];
                    break;
                default:
                    bytes[4 % bytes.size()] = static_cast<char>(random() % 80);  // the kind
            }
        }
        return bytes;
    }
};

QTEST_GUILESS_MAIN(TestCodec)
#include "tst_codec.moc"
