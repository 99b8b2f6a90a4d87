#include <future>
#include <string>

#include <QtTest>

#include "core/base/file.h"
#include "core/wire/codec.h"
#include "core/wire/serve.h"
#include "tests/wire/scripted_engine.h"

#include <fcntl.h>
#include <unistd.h>

using namespace epi;

namespace {

/// serveEngine on a thread, with the other ends of its pipes.
class Served {
public:
    Served() {
        std::array<int, 2> input{};
        std::array<int, 2> output{};
        if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0) {
            qFatal("cannot make pipes");
        }
        commands = FileDescriptor(input[1]);
        events = FileDescriptor(output[0]);
        result_ = std::async(
            std::launch::async, [in = FileDescriptor(input[0]), out = FileDescriptor(output[1])]() {
                return serveEngine(
                    [](EventSink sink) {
                        return std::make_unique<ScriptedEngine>(std::move(sink), kProtocolVersion);
                    },
                    in.get(),
                    out.get());
            });
    }

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::write(commands.get(), bytes.data(), bytes.size());
            if (count <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    void send(const MessageToEngine& message) const { send(*encode(message)); }
    void post(JobId job, Command command) const {
        send(MessageToEngine(CommandMessage{job, std::move(command)}));
    }
    void ask(JobId job, const std::string& question) const {
        post(1, SyncConversation{.conversation = "c", .speakers = {}, .turns = {}});
        Ask command;
        command.conversation = "c";
        command.question = question;
        post(job, command);
    }

    /// The next message; nothing when the stream ends.
    std::optional<MessageFromEngine> receive() {
        for (;;) {
            auto frame = decoder_.next();
            if (frame && *frame) {
                auto message = decodeMessageFromEngine(**frame);
                return message ? *message : std::nullopt;
            }
            std::array<char, 4096> buffer;
            const ssize_t count = ::read(events.get(), buffer.data(), buffer.size());
            if (count <= 0) return std::nullopt;
            decoder_.feed(std::span(buffer).first(static_cast<std::size_t>(count)));
        }
    }
    /// Reads on until an event of this type; nothing when the stream ends before.
    template <typename T>
    std::optional<T> receiveEvent() {
        while (auto message = receive()) {
            const auto* event = std::get_if<EventMessage>(&*message);
            if (event == nullptr) continue;
            if (const T* found = std::get_if<T>(&event->event)) return *found;
        }
        return std::nullopt;
    }
    Result<void> result() { return result_.get(); }

    FileDescriptor commands;
    FileDescriptor events;

private:
    FrameDecoder decoder_;
    std::future<Result<void>> result_;
};

}  // namespace

class TestServe : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void returnsWhenTheInputEnds() {
        Served served;
        served.commands.close();
        QVERIFY(served.result());
    }

    void cancelsTheOpenJobWhenTheInputEnds() {
        Served served;
        served.ask(2, "wait");
        QVERIFY(served.receiveEvent<TokenDelta>());
        served.commands.close();
        const auto done = served.receiveEvent<TurnDone>();
        QVERIFY(done);
        QCOMPARE(done->reason, std::string("cancelled"));
        QVERIFY(served.result());
    }

    void answersAPingWhileAJobRuns() {
        Served served;
        served.ask(2, "wait");
        QVERIFY(served.receiveEvent<TokenDelta>());
        served.send(MessageToEngine(Ping{}));
        const auto message = served.receive();
        QVERIFY(message && std::holds_alternative<Pong>(*message));
        served.commands.close();
        QVERIFY(served.result());
    }

    void endsWithCorruptDataOnAMalformedFrame() {
        Served served;
        served.send("GET / HTTP/1.1\r\n");
        const auto result = served.result();
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kCorruptData);
    }

    void endsWithCorruptDataOnAMalformedMessage() {
        Served served;
        served.send(*encodeFrame(Frame{16, "{}", {}}));
        const auto result = served.result();
        QVERIFY(!result);
        QCOMPARE(result.error().message, std::string("LoadModel.job: missing"));
    }

    void endsWithCorruptDataInsideAFrame() {
        Served served;
        const std::string bytes = *encode(MessageToEngine(CancelJob{1}));
        served.send(std::string_view(bytes).substr(0, 7));
        served.commands.close();
        const auto result = served.result();
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kCorruptData);
    }

    void skipsMessagesItDoesNotKnow() {
        Served served;
        served.send(*encodeFrame(Frame{200, "?", {1, 2}}));
        served.post(5, Release{{"k"}});
        QVERIFY(served.receiveEvent<Released>());
        served.commands.close();
        QVERIFY(served.result());
    }

    void endsWhenNobodyReadsTheEvents() {
        Served served;
        QVERIFY(served.receiveEvent<Hello>());
        served.events.close();
        served.post(5, Release{{"k"}});
        const auto result = served.result();
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kIo);
    }
};

QTEST_GUILESS_MAIN(TestServe)
#include "tst_serve.moc"
