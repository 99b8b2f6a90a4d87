#include "ui/jobs/job_board.h"

#include <algorithm>

namespace epi {

namespace {

// Before this a rate says nothing.
constexpr qint64 kSteadyMs = 2'000;

}  // namespace

int JobBoard::begin(const QString& title, std::function<void()> cancel) {
    Job job;
    job.id = ++lastId_;
    job.title = title;
    job.cancel = std::move(cancel);
    job.running.start();
    jobs_.push_back(std::move(job));
    Q_EMIT
    changed();
    return lastId_;
}

void JobBoard::advance(int id, const Progress& progress) {
    const auto job = std::ranges::find(jobs_, id, &Job::id);
    if (job == jobs_.end()) return;
    if (!job->progress) job->firstDone = progress.done;
    job->progress = progress;
    const qint64 ms = job->running.elapsed();
    if (progress.perSecond <= 0.0 && ms >= kSteadyMs && progress.done > job->firstDone) {
        job->progress->perSecond =
            static_cast<double>(progress.done - job->firstDone) * 1000.0 / static_cast<double>(ms);
    }
    Q_EMIT
    advanced(id);
}

void JobBoard::end(int id) {
    if (std::erase_if(jobs_, [id](const Job& job) { return job.id == id; }) == 0) return;
    Q_EMIT
    changed();
}

const JobBoard::Job* JobBoard::find(int id) const {
    const auto job = std::ranges::find(jobs_, id, &Job::id);
    return job == jobs_.end() ? nullptr : &*job;
}

}  // namespace epi
