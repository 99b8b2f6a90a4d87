#include "core/engine/episode_writer.h"

#include <chrono>
#include <span>
#include <utility>

#include <c10/core/InferenceMode.h>

#include "core/base/log.h"
#include "core/base/seconds_since.h"
#include "core/engine/episode_files.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

struct EpisodeWriter::Job {
    std::int32_t episode = 0;
    EpisodeFiles files;
    std::shared_ptr<const KvSnapshot> snapshot;
    SnapshotNotes notes;
    Result<SnapshotHead> head = Error{ErrorCode::kInternal, "the file was not begun"};
    double seconds = 0.0;

    void run() {
        const c10::InferenceMode inference;
        const auto start = Clock::now();
        head = guarded("writing a cache", [&] { return writeBuilt(files, *snapshot, notes); });
        seconds = secondsSince(start);
    }
};

EpisodeWriter::EpisodeWriter(const BuildContext& context,
                             const Conversation& conversation,
                             BuiltMemory& memory)
    : context_(context), conversation_(conversation), memory_(memory) {}

EpisodeWriter::~EpisodeWriter() = default;

void EpisodeWriter::begin(std::int32_t episode, std::shared_ptr<const KvSnapshot> snapshot) {
    finish();
    EpisodeMemory& state = memory_.episodes[static_cast<std::size_t>(episode)];
    const std::span<const Turn> turns(conversation_.text.turns);
    state.boundaries = {
        {.turns = memory_.builtTurns,
         .history = historyDigest(turns.first(static_cast<std::size_t>(memory_.builtTurns)))}};
    auto job = std::make_unique<Job>();
    job->episode = episode;
    job->files = episodeFiles(context_.cacheFolder, episodeKey(memory_.key, episode));
    job->notes = beginBuilt(job->files, *snapshot, memory_.resolved.options.codec, state);
    job->snapshot = std::move(snapshot);
    job_ = std::move(job);
    thread_ = std::jthread([running = job_.get()] { running->run(); });
}

void EpisodeWriter::finish() {
    if (!job_) return;
    const auto start = Clock::now();
    if (thread_.joinable()) thread_.join();
    tell("saving", secondsSince(start));
    const std::unique_ptr<Job> job = std::move(job_);
    tell("writing", job->seconds);
    if (job->head) {
        endBuilt(job->files, *job->head, memory_.episodes[static_cast<std::size_t>(job->episode)]);
    } else {
        tellUnsaved(context_, job->head.error());
    }
    if (context_.built) context_.built(job->files.key, *job->snapshot, job->head.has_value());
}

void EpisodeWriter::tell(std::string_view stage, double seconds) const {
    if (context_.timed) context_.timed({.name = stage, .seconds = seconds});
}

void tellUnsaved(const BuildContext& context, const Error& error) {
    logWarning(error.message + "; the memory has to be built again after a restart");
    if (context.notice) context.notice(error.message);
}

}  // namespace epi
