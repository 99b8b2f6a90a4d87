#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <QElapsedTimer>
#include <QObject>
#include <QString>

#include "core/wire/messages.h"

namespace epi {

/// Everything that runs and takes a while, whoever does it: what it is, how far it is, and how to end it. The
/// status strip shows the newest, the jobs popover (Ctrl+J) all. GUI thread only.
///
///     job_ = board.begin(tr("Checking %1").arg(name), [this] { cancel(); });
///     board.advance(job_, progress);   // as often as there is news; rate and time left are worked out
///     board.end(job_);                 // however it ended
class JobBoard final : public QObject {
    Q_OBJECT

public:
    struct Job {
        int id = 0;
        QString title;
        std::optional<Progress> progress;
        std::function<void()> cancel;  // empty: cannot be ended early
        QElapsedTimer running;
        std::int64_t firstDone = 0;  // with the first progress
    };

    using QObject::QObject;

    /// Never 0.
    int begin(const QString& title, std::function<void()> cancel = {});
    void advance(int id, const Progress& progress);
    /// An id that has ended, or 0, is ignored.
    void end(int id);

    /// Oldest first.
    [[nodiscard]] const std::vector<Job>& jobs() const { return jobs_; }
    [[nodiscard]] const Job* find(int id) const;

Q_SIGNALS:
    /// A job came or went.
    void changed();
    void advanced(int id);

private:
    std::vector<Job> jobs_;
    int lastId_ = 0;
};

}  // namespace epi
