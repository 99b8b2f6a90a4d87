#include "tests/wire/engine_scenarios.h"

#include <string>

#include <QtTest>

namespace epi {
namespace {

constexpr JobId kLoad = 1;
constexpr JobId kSync = 2;
constexpr JobId kJob = 3;
constexpr JobId kSecondJob = 4;

}  // namespace

SyncConversation EngineScenarios::conversation() {
    SyncConversation sync;
    sync.conversation = "c";
    sync.turns = {Turn{1, Role::kUser, "", "My dog is called Rex.", ""},
                  Turn{2, Role::kAssistant, "", "What a good name.", ""}};
    return sync;
}

Ask EngineScenarios::ask(const std::string& question) {
    Ask command;
    command.conversation = "c";
    command.question = question;
    command.memory.budget = 256;
    command.memory.episodes = 1;
    command.sampling.maxTokens = 8;
    return command;
}

void EngineScenarios::saysHelloFirst() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    QVERIFY(log.waitForEnd(kLoad));
    const auto events = log.all();
    QCOMPARE(events.front().job, JobId{0});
    QVERIFY(std::holds_alternative<Hello>(events.front().event));
    QCOMPARE(std::get<Hello>(events.front().event).protocol, kProtocolVersion);
}

void EngineScenarios::countsTheTurnsOfAConversation() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    SyncConversation more = conversation();
    more.firstTurn = 2;
    engine->post(kJob, more);
    QVERIFY(log.waitForEnd(kJob));
    QCOMPARE(log.wait<Synced>(kSync)->turns, 2);
    QCOMPARE(log.wait<Synced>(kJob)->turns, 4);
}

void EngineScenarios::streamsTheTextOfAReply() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    engine->post(kJob, ask("What is my dog called?"));
    const auto done = log.wait<TurnDone>(kJob);
    QVERIFY(done);
    std::string streamed;
    for (const Event& event : log.of(kJob)) {
        if (const auto* delta = std::get_if<TokenDelta>(&event)) streamed += delta->text;
    }
    QVERIFY(!streamed.empty());
    QCOMPARE(streamed, done->text);
}

void EngineScenarios::goesOnWithAReplyThatHasBegun() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    Ask question = ask("What is my dog called?");
    question.replyBegin = "It is called";
    engine->post(kJob, question);
    const auto done = log.wait<TurnDone>(kJob);
    QVERIFY(done);
    std::string streamed;
    for (const Event& event : log.of(kJob)) {
        if (const auto* delta = std::get_if<TokenDelta>(&event)) streamed += delta->text;
    }
    QVERIFY(!streamed.empty());
    QCOMPARE(done->text, question.replyBegin + streamed);
}

void EngineScenarios::answersAnewFromATurnThatIsReplaced() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    engine->post(kJob, ask("What is my dog called?"));
    const auto first = log.wait<TurnDone>(kJob);
    QVERIFY(first);
    SyncConversation both = conversation();
    both.firstTurn = 2;
    both.turns = {Turn{3, Role::kUser, "", "What is my dog called?", ""},
                  Turn{4, Role::kAssistant, "", first->text, ""}};
    engine->post(10, both);
    // The question is taken back and asked again: nothing follows turn 2.
    both.turns.clear();
    engine->post(11, both);
    engine->post(kSecondJob, ask("What is my dog called?"));
    const auto again = log.wait<TurnDone>(kSecondJob);
    QVERIFY(again);
    QCOMPARE(log.wait<Synced>(10)->turns, 4);
    QCOMPARE(log.wait<Synced>(11)->turns, 2);
    QCOMPARE(again->text, first->text);
}

void EngineScenarios::endsEachJobOnceAndInOrder() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    constexpr JobId kCount = 20;
    for (JobId job = 0; job < kCount; ++job)
        engine->post(100 + job, conversation());
    QVERIFY(log.waitForEnd(100 + kCount - 1));
    std::vector<JobId> ended;
    for (const auto& entry : log.all()) {
        if (isTerminal(entry.event) && entry.job >= 100) ended.push_back(entry.job);
    }
    QCOMPARE(ended.size(), std::size_t{kCount});
    QVERIFY(std::ranges::is_sorted(ended));
}

void EngineScenarios::failsForAModelThatIsMissing() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    LoadModel missing = load();
    missing.model = "missing";
    engine->post(kLoad, missing);
    const auto failed = log.wait<Failed>(kLoad);
    QVERIFY(failed);
    QCOMPARE(failed->error.code, ErrorCode::kNotFound);
}

void EngineScenarios::failsForAConversationItWasNotTold() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kJob, ask("What is my dog called?"));
    const auto failed = log.wait<Failed>(kJob);
    QVERIFY(failed);
    QCOMPARE(failed->error.code, ErrorCode::kNotFound);
}

void EngineScenarios::buildsAMemoryAndShowsWhatItKeeps() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    const Ask question = ask("");
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    engine->post(kJob, BuildMemory{"c", question.memory});
    const auto built = log.wait<MemoryBuilt>(kJob);
    QVERIFY(built);
    QCOMPARE(built->episodes.size(), std::size_t{1});
    engine->post(kSecondJob, Inspect{"c", question.memory, 0});
    const auto trace = log.wait<Trace>(kSecondJob);
    QVERIFY(trace);
    QCOMPARE(trace->retainedShare.size(), static_cast<std::size_t>(trace->historyTokens));
}

void EngineScenarios::answersEachQuestionOfABatch() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    const Ask question = ask("");
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    engine->post(
        kJob,
        EvalBatch{"c", question.memory, question.sampling, {EvalQuestion{7, "a"}, EvalQuestion{8, "b"}}});
    const auto done = log.wait<EvalDone>(kJob);
    QVERIFY(done);
    QCOMPARE(done->answered, 2);
    QCOMPARE(log.wait<EvalAnswer>(kJob, 1)->questionId, 7);
    QCOMPARE(log.wait<EvalAnswer>(kJob, 2)->questionId, 8);
}

void EngineScenarios::endsACancelledReplyWithWhatWasSaid() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    engine->post(kJob, endlessAsk());
    QVERIFY(log.wait<TokenDelta>(kJob));
    engine->cancel(kJob);
    const auto done = log.wait<TurnDone>(kJob);
    QVERIFY(done);
    QCOMPARE(done->reason, std::string("cancelled"));
    QVERIFY(!done->text.empty());
}

void EngineScenarios::failsACancelledJobThatWaits() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    engine->post(kJob, endlessAsk());
    engine->post(kSecondJob, ask("What is my dog called?"));
    QVERIFY(log.wait<TokenDelta>(kJob));
    engine->cancel(kSecondJob);
    engine->cancel(kSecondJob);
    engine->cancel(kJob);
    const auto failed = log.wait<Failed>(kSecondJob);
    QVERIFY(failed);
    QCOMPARE(failed->error.code, ErrorCode::kCancelled);
    QCOMPARE(log.of(kSecondJob).size(), std::size_t{1});
}

void EngineScenarios::ignoresCancelsOfOtherJobs() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    QVERIFY(log.waitForEnd(kLoad));
    engine->cancel(kLoad);
    engine->cancel(999);
    engine->post(kSync, conversation());
    QVERIFY(log.wait<Synced>(kSync));
    QCOMPARE(log.of(kLoad).size() - log.of(999).size(), log.of(kLoad).size());
}

void EngineScenarios::goesOnAfterACancel() {
    EventLog log;
    const auto engine = makeEngine(log.sink());
    engine->post(kLoad, load());
    engine->post(kSync, conversation());
    engine->post(kJob, endlessAsk());
    engine->post(kSecondJob, ask("What is my dog called?"));
    QVERIFY(log.wait<TokenDelta>(kJob));
    engine->cancel(kJob);
    const auto done = log.wait<TurnDone>(kSecondJob);
    QVERIFY(done);
    QVERIFY(done->reason != "cancelled");
}

}  // namespace epi
