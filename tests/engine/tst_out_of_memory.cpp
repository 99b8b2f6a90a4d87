// Memory that runs out anywhere: the job says so, nothing half done stays, and the next one works. What a
// GPU's allocator does is done here by the one of the CPU.

#include <memory>
#include <string>

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

#include "core/tensor/device_memory.h"
#include "tests/engine/local_session.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr std::int64_t kTurns = 24;

class TestOutOfMemory : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] LocalEngineConfig config() const {
        return {.modelFolder = models_.path().toStdString(),
                .cacheFolder = fs::path(caches_->path().toStdString()) / "kv"};
    }
    static LoadModel load(const std::string& model = "tiny") {
        LoadModel command;
        command.model = model;
        command.embedder = kEmbedder;
        command.device = DeviceChoice::kCpu;
        command.compute = ComputeMode::kExact;
        return command;
    }
    /// Which requests for memory are failed in turn: the first, then fewer and fewer of them.
    static std::int64_t after(std::int64_t index) {
        if (index < 8) return index + 1;
        return index < 300 ? index + 11 : index + index / 2;
    }

    /// Runs a command with one request failing; true when it has fewer than that. Nothing when it ends
    /// otherwise than it should.
    template <typename T>
    static std::optional<bool> runFailing(Session& session,
                                          test::FailingAllocator& allocator,
                                          std::int64_t index,
                                          const Command& command) {
        allocator.failAt(index);
        const JobId job = session.post(command);
        const bool hasEnded = session.log().waitForEnd(job);
        allocator.disarm();
        if (!hasEnded) return std::nullopt;
        const Event last = session.log().of(job).back();
        if (!allocator.hasFailed()) return true;
        // A step that can do without, such as writing a file, may go on.
        if (std::holds_alternative<T>(last)) return false;
        const auto* failed = std::get_if<Failed>(&last);
        if (failed == nullptr || failed->error.code != ErrorCode::kOutOfMemory) {
            qWarning("request %lld: %s",
                     static_cast<long long>(index),
                     failed == nullptr ? "no error" : failed->error.message.c_str());
            return std::nullopt;
        }
        return false;
    }

    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> caches_;

private Q_SLOTS:
    void initTestCase() {
        test::writeTinyModel(models_.path().toStdString());
        test::writeTinyModel(models_.path().toStdString(),
                             {.edit =
                                  [](const std::string& name, auto&, std::vector<float>& values) {
                                      if (name != "output_norm.weight") return true;
                                      for (float& value : values)
                                          value = 3e38F;
                                      return true;
                                  }},
                             "overflowing");
        test::writeTinyModel(
            models_.path().toStdString(), {.layers = 32, .dimension = 256, .heads = 4, .kvHeads = 4}, "wide");
        test::writeTinyEmbedder(models_.path().toStdString(), kEmbedder);
    }
    void init() { caches_ = std::make_unique<QTemporaryDir>(); }

    void loadingLeavesTheModelThatWasThere() {
        Session session(config());
        QVERIFY(session.run<ModelLoaded>(load()));
        QVERIFY(session.run<Synced>(longConversation(kTurns)));
        const auto expected = session.run<TurnDone>(askLong("Where does the dog run?"));
        QVERIFY2(expected, session.why());
        test::FailingAllocator allocator;
        bool isOver = false;
        for (std::int64_t index = 0; !isOver; index = after(index)) {
            const auto found = runFailing<ModelLoaded>(session, allocator, index, load());
            QVERIFY2(found, std::to_string(index).c_str());
            isOver = *found;
            const auto reply = session.run<TurnDone>(askLong("Where does the dog run?"));
            QVERIFY2(reply, session.why());
            QCOMPARE(reply->text, expected->text);
        }
    }

    void aBuildThatFailsIsDoneAgain() {
        Session session(config());
        QVERIFY(session.run<ModelLoaded>(load()));
        test::FailingAllocator allocator;
        bool isOver = false;
        for (std::int64_t index = 0; !isOver; index = after(index)) {
            // Another memory every time.
            SyncConversation chat = longConversation(kTurns);
            chat.turns.front().text += " " + std::to_string(index);
            QVERIFY(session.run<Synced>(chat));
            const auto found = runFailing<MemoryBuilt>(
                session, allocator, index, BuildMemory{.conversation = "long", .memory = smallMemory()});
            QVERIFY2(found, std::to_string(index).c_str());
            isOver = *found;
            QVERIFY2(session.run<MemoryBuilt>(BuildMemory{.conversation = "long", .memory = smallMemory()}),
                     session.why());
        }
    }

    void anAnswerThatFailsLeavesNoTrace_data() {
        QTest::addColumn<bool>("isRemembered");
        QTest::addColumn<bool>("readsTurns");
        QTest::newRow("nothing is remembered") << false << false;
        QTest::newRow("the turn is remembered") << true << false;
        QTest::newRow("turns are read before") << false << true;
    }
    void anAnswerThatFailsLeavesNoTrace() {
        QFETCH(bool, isRemembered);
        QFETCH(bool, readsTurns);
        const auto ask = [](bool remembers) {
            Ask command = askLong("What is in the hall?", remembers);
            command.memory.block = 256;  // so that turns fit behind the budget
            return command;
        };
        const SyncConversation begin = longConversation(kTurns);
        const SyncConversation more = told(kTurns, "And the piano?", "It is old.");
        Session session(config());
        QVERIFY(session.run<ModelLoaded>(load()));
        QVERIFY(session.run<Synced>(begin));
        QVERIFY2(session.run<TurnDone>(ask(false)), session.why());
        if (readsTurns) QVERIFY(session.run<Synced>(more));
        const auto expected = session.run<TurnDone>(ask(false));
        QVERIFY2(expected, session.why());
        test::FailingAllocator allocator;
        bool isOver = false;
        for (std::int64_t index = 0; !isOver; index = after(index)) {
            if (readsTurns) {
                // Back to where the cache was built, so that the turns are read once more.
                QVERIFY(session.run<Synced>(begin));
                QVERIFY2(session.run<TurnDone>(ask(false)), session.why());
                QVERIFY(session.run<Synced>(more));
            }
            const auto found = runFailing<TurnDone>(session, allocator, index, ask(isRemembered));
            QVERIFY2(found, std::to_string(index).c_str());
            isOver = *found;
            const auto reply = session.run<TurnDone>(ask(false));
            QVERIFY2(reply, session.why());
            QVERIFY2(reply->text == expected->text && reply->keptTokens == expected->keptTokens,
                     std::to_string(index).c_str());
        }
    }

    void aBudgetThatIsTooLargeIsToldTheLargestThatFits() {
        Session session(config());
        QVERIFY(session.run<ModelLoaded>(load("wide")));
        QVERIFY(session.run<Synced>(longConversation(kTurns)));
        BuildMemory build{.conversation = "long", .memory = smallMemory()};
        build.memory.budget = 1 << 24;  // of 32 layers of 4 heads of 64: 1.1 TB
        QVERIFY(!session.run<MemoryBuilt>(build));
        QCOMPARE(session.lastError().code, ErrorCode::kOutOfMemory);
        const QRegularExpression pattern(
            QStringLiteral("a budget of 16777216 entries needs ([0-9.]+) GB, ([0-9.]+) GB are free.*; a "
                           "budget of ([0-9]+) fits"));
        const auto match = pattern.match(QString::fromStdString(session.lastError().message));
        QVERIFY2(match.hasMatch(), session.why());
        QVERIFY(match.captured(1).toDouble() > 1000.0);
        QVERIFY(match.captured(2).toDouble() < match.captured(1).toDouble());
        build.memory.budget = match.captured(3).toInt();
        QVERIFY(build.memory.budget >= 256 && build.memory.budget < (1 << 24));
        const auto built = session.run<MemoryBuilt>(build);
        QVERIFY2(built, session.why());
        QVERIFY2(session.run<TurnDone>(askLong("Where does the dog run?")), session.why());
    }

    void logitsThatAreNotFiniteEndTheReplyWithAReason() {
        Session session(config());
        QVERIFY(session.run<ModelLoaded>(load("overflowing")));
        QVERIFY(session.run<Synced>(longConversation(kTurns)));
        QVERIFY(!session.run<TurnDone>(askLong("Where does the dog run?")));
        QVERIFY2(std::string(session.why()).find("logits are not finite") != std::string::npos,
                 session.why());
        QVERIFY(session.run<ModelLoaded>(load()));
        QVERIFY2(session.run<TurnDone>(askLong("Where does the dog run?")), session.why());
    }

    void withoutADriverItSaysWhyItIsTheCpu() {
        if (cudaUnavailableReason().empty()) QSKIP("there is a GPU here");
        Session session(config());
        LoadModel command = load();
        command.device = DeviceChoice::kCuda;
        QVERIFY(!session.run<ModelLoaded>(command));
        QCOMPARE(session.why(), ("CUDA cannot be used: " + cudaUnavailableReason()).c_str());
        command.device = DeviceChoice::kAuto;
        const auto loaded = session.run<ModelLoaded>(command);
        QVERIFY2(loaded, session.why());
        QVERIFY(textOf(loaded->notices).find("computed on the CPU, because " + cudaUnavailableReason()) !=
                std::string::npos);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestOutOfMemory)
#include "tst_out_of_memory.moc"
