// How likely a given reply is, on a model of two layers.

#include <cmath>
#include <memory>
#include <tuple>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <c10/core/InferenceMode.h>

#include "core/engine/generation.h"
#include "core/engine/model_tools.h"
#include "core/kv/kv_cache.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "tests/engine/local_session.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

class TestLikelihood : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;

private Q_SLOTS:
    void initTestCase() {
        test::writeTinyModel(folder_.path().toStdString());
        test::writeTinyEmbedder(folder_.path().toStdString(), kEmbedder);
    }

    void isTheMeanOverTheReply_data() {
        QTest::addColumn<int>("prompt");
        QTest::addColumn<int>("reply");
        QTest::newRow("one token") << 5 << 1;
        QTest::newRow("some") << 40 << 6;
        QTest::newRow("over a piece's end") << 254 << 7;
        QTest::newRow("several pieces") << 300 << 300;
    }
    void isTheMeanOverTheReply() {
        QFETCH(int, prompt);
        QFETCH(int, reply);
        const c10::InferenceMode inference;
        const auto model = LanguageModel::load({.path = folder_.path().toStdString() + "/tiny/tiny.gguf",
                                                .device = DeviceChoice::kCpu,
                                                .compute = ComputeMode::kExact});
        QVERIFY(model);
        const auto promptIds = test::randomTokens(static_cast<std::size_t>(prompt), 1);
        const auto replyIds = test::randomTokens(static_cast<std::size_t>(reply), 2);
        std::vector<TokenId> ids = promptIds;
        ids.insert(ids.end(), replyIds.begin(), replyIds.end());
        const auto report = reportLogits(**model, ids, 1, {});
        QVERIFY(report);
        double expected = 0.0;
        for (int i = 0; i < reply; ++i)
            expected += report->nextLogProbability[static_cast<std::size_t>(prompt - 1 + i)];
        expected /= reply;
        const Executor& executor = (*model)->executor();
        const std::vector<std::int64_t> rows(executor.spec().layers.size(), prompt + reply);
        KvCache cache(executor.spec(), rows, executor.placement());
        const auto found =
            replyLikelihood(**model, cache, {.prompt = promptIds, .reply = replyIds, .cancel = {}});
        QVERIFY(found);
        QVERIFY2(std::abs(*found - expected) < 1e-5,
                 qPrintable(QString::number(*found) + " " + QString::number(expected)));
        QCOMPARE(cache.nextPosition(), std::int64_t{prompt + reply - 1});
        const auto full =
            replyLikelihood(**model, cache, {.prompt = promptIds, .reply = replyIds, .cancel = {}});
        QCOMPARE(full.error().code, ErrorCode::kOutOfMemory);
        QVERIFY(!replyLikelihood(**model, cache, {.prompt = promptIds, .reply = {}, .cancel = {}}));
    }

    void measuresExpectedAnswersAndLeavesNoTrace() {
        const QTemporaryDir caches;
        Session session({.modelFolder = folder_.path().toStdString(),
                         .cacheFolder = fs::path(caches.path().toStdString()) / "kv"});
        LoadModel load;
        load.model = "tiny";
        load.embedder = kEmbedder;
        load.device = DeviceChoice::kCpu;
        QVERIFY2(session.run<ModelLoaded>(load), session.why());
        QVERIFY(session.run<Synced>(longConversation(40)));
        EvalBatch batch{.conversation = "long", .memory = smallMemory(), .sampling = {}, .questions = {}};
        batch.sampling.maxTokens = 3;
        for (std::int64_t id = 1; id <= 3; ++id)
            batch.questions.push_back({.id = id, .question = "What about the dog?", .category = 1});
        batch.questions[0].expected = batch.questions[2].expected = "It runs";
        const JobId job = session.post(batch);
        QVERIFY(session.log().waitForEnd(job));
        std::vector<EvalAnswer> answers;
        for (const Event& event : session.log().of(job)) {
            if (const auto* answer = std::get_if<EvalAnswer>(&event)) answers.push_back(*answer);
        }
        QCOMPARE(answers.size(), std::size_t{3});
        QVERIFY(answers[0].likelihood && answers[2].likelihood && !answers[1].likelihood);
        QVERIFY(*answers[0].likelihood < 0.0);
        QCOMPARE(*answers[0].likelihood, *answers[2].likelihood);
        QVERIFY(answers[0].text.empty() && !answers[1].text.empty());
    }

    void measuresBehindMoreThanTheRoomHolds_data() {
        QTest::addColumn<int>("turns");
        QTest::addColumn<double>("unionMargin");
        QTest::addColumn<int>("questionWords");
        QTest::addColumn<int>("replyWords");
        for (const auto& [name, question, reply] : {std::tuple("a long question", 300, 1),
                                                    std::tuple("a long reply", 1, 100),
                                                    std::tuple("both", 300, 100)}) {
            QTest::addRow("episodes, %s", name) << 40 << 0.0 << question << reply;
            QTest::addRow("a dense memory, %s", name) << 2 << 0.0 << question << reply;
            QTest::addRow("two episodes, %s", name) << 40 << 2.0 << question << reply;
        }
    }
    void measuresBehindMoreThanTheRoomHolds() {
        QFETCH(int, turns);
        QFETCH(double, unionMargin);
        QFETCH(int, questionWords);
        QFETCH(int, replyWords);
        const auto words = [](int count) {
            std::string text = "It";
            for (int i = 0; i < count; ++i)
                text += " runs";
            return text;
        };
        const QTemporaryDir caches;
        Session session({.modelFolder = folder_.path().toStdString(),
                         .cacheFolder = fs::path(caches.path().toStdString()) / "kv"});
        QVERIFY(prepare(session, {longConversation(turns)}));
        EvalBatch batch{.conversation = "long", .memory = smallMemory(), .sampling = {}, .questions = {}};
        batch.memory.online.unionMargin = unionMargin;
        batch.questions = {{.id = 1, .question = "What about the dog?", .expected = "It runs"},
                           {.id = 2, .question = words(questionWords), .expected = words(replyWords)},
                           {.id = 3, .question = "What about the dog?", .expected = "It runs"}};
        const auto measure = [&] {
            const JobId job = session.post(batch);
            std::vector<double> likelihoods;
            if (!session.log().waitForEnd(job)) return likelihoods;
            for (const Event& event : session.log().of(job)) {
                if (const auto* answer = std::get_if<EvalAnswer>(&event))
                    likelihoods.push_back(answer->likelihood.value_or(1.0));
                if (const auto* failed = std::get_if<Failed>(&event))
                    qWarning() << failed->error.message.c_str();
            }
            return likelihoods;
        };
        const std::vector<double> found = measure();
        QCOMPARE(found.size(), std::size_t{3});
        QVERIFY(found[1] < 0.0);
        QCOMPARE(found[0], found[2]);  // the memory is as before
        QCOMPARE(measure(), found);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestLikelihood)
#include "tst_likelihood.moc"
