#pragma once

#include <functional>

#include "core/wire/messages.h"

namespace epi {

/// Receives all events, in order, on a thread of the engine's. Must return quickly and must not call the
/// engine.
using EventSink = std::function<void(JobId, Event)>;

/// The one interface to models and memories: LocalEngine runs jobs in this process, RemoteEngine in another.
/// `post` and `cancel` return at once and may be called from any thread. Commands run one after the other in
/// the order posted; each ends in exactly one terminal event.
class Engine {
public:
    virtual ~Engine() = default;

    virtual void post(JobId job, Command command) = 0;
    /// Ends the job with Failed{kCancelled} (a running Ask ends with TurnDone, reason "cancelled", and keeps
    /// what was said). Unknown or finished jobs are ignored.
    virtual void cancel(JobId job) = 0;
};

}  // namespace epi
