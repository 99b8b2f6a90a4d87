#pragma once

#include <memory>

#include <QObject>

#include "core/engine/engine.h"
#include "tests/wire/event_log.h"

namespace epi {

/// What every Engine promises, whatever is behind it: a test class of an implementation inherits these tests.
class EngineScenarios : public QObject {
    Q_OBJECT

protected:
    virtual std::unique_ptr<Engine> makeEngine(EventSink sink) = 0;
    /// Loads a model that can answer.
    virtual LoadModel load() const { return {}; }
    /// A question whose answer goes on until it is cancelled.
    virtual Ask endlessAsk() const = 0;

    static SyncConversation conversation();
    static Ask ask(const std::string& question);

private Q_SLOTS:
    void saysHelloFirst();
    void countsTheTurnsOfAConversation();
    void streamsTheTextOfAReply();
    void goesOnWithAReplyThatHasBegun();
    void answersAnewFromATurnThatIsReplaced();
    void endsEachJobOnceAndInOrder();
    void failsForAModelThatIsMissing();
    void failsForAConversationItWasNotTold();
    void buildsAMemoryAndShowsWhatItKeeps();
    void answersEachQuestionOfABatch();
    void endsACancelledReplyWithWhatWasSaid();
    void failsACancelledJobThatWaits();
    void ignoresCancelsOfOtherJobs();
    void goesOnAfterACancel();
};

}  // namespace epi
