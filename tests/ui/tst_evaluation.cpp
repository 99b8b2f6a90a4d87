// Evaluations in the window: cut off and gone on with, in the list of jobs, exported.

#include <memory>

#include "tests/ui/window_fixture.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

class TestEvaluation : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

    static FakeScript heldAtTheSecondAnswer() {
        FakeScript script;
        script.holdEvalAt = 2;
        return script;
    }
    /// Imports a conversation with four questions and runs their evaluation until the engine is held.
    [[nodiscard]] bool runUntilHeld(WindowFixture& app) const {
        if (!app.import(writeConversation(folder_->path(), 3))) return false;
        app.window.showEvaluation();
        EvaluationWindow& evaluation = *app.window.evaluation();
        const auto isIdle = [&] {
            return evaluation.session().state() == EvaluationSession::State::kIdle;
        };
        if (!QTest::qWaitFor(isIdle)) return false;
        evaluation.toggleRun();
        return QTest::qWaitFor([&] { return evaluation.session().answerCount() == 2; }) &&
               QTest::qWaitFor([&] { return app.engine->isHolding(); });
    }

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void anEvaluationGoesOnAfterAKill() {
        {
            WindowFixture app(folder_->path(), heldAtTheSecondAnswer());
            QVERIFY(runUntilHeld(app));
        }
        WindowFixture app(folder_->path());
        const qint64 id = app.window.conversations().model().at(0).id;
        app.window.openConversation(id);
        app.window.showEvaluation();
        EvaluationWindow& evaluation = *app.window.evaluation();
        QTRY_COMPARE(evaluation.session().state(), EvaluationSession::State::kPaused);
        QCOMPARE(evaluation.session().answerCount(), 2);
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        button(evaluation, QStringLiteral("Resume"))->click();
        QTRY_COMPARE(evaluation.session().state(), EvaluationSession::State::kDone);
        QCOMPARE(evaluation.session().answerCount(), 4);
        QCOMPARE(last<EvalBatch>(app.engine->posted()).questions.size(), std::size_t{2});
        QVERIFY(evaluation.summary().startsWith(QStringLiteral("All: F1 0.500 (4)")));
    }

    void anEvaluationOfAnotherHistoryBeginsAnew() {
        {
            WindowFixture app(folder_->path(), heldAtTheSecondAnswer());
            QVERIFY(runUntilHeld(app));
        }
        WindowFixture app(folder_->path());
        const qint64 id = app.window.conversations().model().at(0).id;
        const auto edited = app.store.runAndWait([id](Store& store) -> Result<void> {
            EPI_TRY_ASSIGN(MessageRecord message, store.message(store.messageIds(id)->back()));
            message.text += "!";
            EPI_TRY(store.addVersion(message.id, {&message, 1}));
            return {};
        });
        QVERIFY(edited);
        app.window.openConversation(id);
        app.window.showEvaluation();
        EvaluationWindow& evaluation = *app.window.evaluation();
        QTRY_COMPARE(evaluation.session().state(), EvaluationSession::State::kPaused);
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        button(evaluation, QStringLiteral("Resume"))->click();
        QTRY_COMPARE(evaluation.session().state(), EvaluationSession::State::kDone);
        QCOMPARE(last<EvalBatch>(app.engine->posted()).questions.size(), std::size_t{4});
    }

    void anEvaluationIsAJobThatOutlivesItsWindow() {
        WindowFixture app(folder_->path(), heldAtTheSecondAnswer());
        QVERIFY(runUntilHeld(app));
        EvaluationWindow& evaluation = *app.window.evaluation();
        evaluation.close();
        QCOMPARE(app.window.jobs().jobs().size(), std::size_t{1});
        const JobBoard::Job job = app.window.jobs().jobs().front();
        QVERIFY(job.progress && job.progress->done == 2 && job.progress->total == 4);
        job.cancel();
        QTRY_COMPARE(evaluation.session().state(), EvaluationSession::State::kPaused);
        QVERIFY(app.window.jobs().jobs().empty());
        app.window.showEvaluation();
        QCOMPARE(app.window.evaluation(), &evaluation);
        QCOMPARE(evaluation.session().answerCount(), 2);
    }

    void evaluationResultsAreExported() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        app.window.showEvaluation();
        EvaluationWindow& evaluation = *app.window.evaluation();
        QTRY_COMPARE(evaluation.session().state(), EvaluationSession::State::kIdle);
        evaluation.toggleRun();
        QTRY_COMPARE(evaluation.session().state(), EvaluationSession::State::kDone);
        const QString path = folder_->path() + QStringLiteral("/run.csv");
        QSignalSpy exported(&evaluation, &EvaluationWindow::exported);
        evaluation.exportTo(path);
        QVERIFY(exported.wait());
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll().count('\n'), 5);
    }
};

QTEST_MAIN(TestEvaluation)
#include "tst_evaluation.moc"
