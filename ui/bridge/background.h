#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <QObject>
#include <QPointer>
#include <QThreadPool>

#include "ui/bridge/inbox.h"

namespace epi {

/// Runs pure functions beside the window and brings their results back to the GUI thread: reading a file's
/// header, measuring a folder, a checksum. Destruction waits for what runs, so long work looks at a
/// CancelToken. GUI thread only.
class Background final : public QObject {
public:
    explicit Background(QObject* parent = nullptr)
        : QObject(parent), answers_(this, [](std::vector<std::function<void()>> answers) {
              for (auto& answer : answers)
                  answer();
          }) {
        pool_.setMaxThreadCount(2);
    }
    ~Background() override {
        pool_.clear();
        pool_.waitForDone();
    }

    /// `work() -> T` on a thread of the pool, then `reply(T)` here, unless `context` is gone by then.
    template <typename Work, typename Reply>
    void run(QObject* context, Work work, Reply reply) {
        pool_.start([this,
                     context = QPointer<QObject>(context),
                     work = std::move(work),
                     reply = std::move(reply)]() mutable {
            auto answer = std::make_shared<std::invoke_result_t<Work>>(work());
            answers_.push([context, reply = std::move(reply), answer]() mutable {
                if (context) reply(std::move(*answer));
            });
        });
    }

    /// Hands a notice, such as progress, from a running `work` to the GUI thread. Any thread.
    void tell(std::function<void()> notice) { answers_.push(std::move(notice)); }

private:
    Inbox<std::function<void()>> answers_;
    QThreadPool pool_;  // last: ended before the inbox it fills is gone
};

}  // namespace epi
