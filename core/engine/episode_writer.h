#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "core/engine/episode_builder.h"
#include "core/kv/kv_cache.h"

namespace epi {

/// Takes over the episodes of a build: their state, and their files, of which one at a time is written on a
/// thread of its own while the next episode is read. What became of a file is told on the engine thread, once
/// it was waited for. Engine thread only.
class EpisodeWriter {
public:
    EpisodeWriter(const BuildContext& context, const Conversation& conversation, BuiltMemory& memory);
    /// Waits for the file that is being written, and tells nothing.
    ~EpisodeWriter();
    EpisodeWriter(const EpisodeWriter&) = delete;
    EpisodeWriter& operator=(const EpisodeWriter&) = delete;

    /// Takes over an episode that was read, once the file before it is there, and begins its own.
    void begin(std::int32_t episode, std::shared_ptr<const KvSnapshot> snapshot);
    /// Waits for the file that is being written, and tells what became of it: to the memory's state, to
    /// `built`, and an error as a notice. Nothing when there is none.
    void finish();

private:
    struct Job;

    void tell(std::string_view stage, double seconds) const;

    const BuildContext& context_;
    const Conversation& conversation_;
    BuiltMemory& memory_;
    std::unique_ptr<Job> job_;  // the thread's until it is joined
    std::jthread thread_;       // last: it uses the job
};

/// Tells the user that a memory is not in files.
void tellUnsaved(const BuildContext& context, const Error& error);

}  // namespace epi
