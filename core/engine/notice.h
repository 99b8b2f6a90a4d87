#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace epi {

/// What a notice says; in brackets what its arguments are. The window has a sentence of its own for each.
enum class NoticeCode {
    kDefaultModel,      // nobody chose the model [its name]
    kNoDriver,          // the CPU computes: there is no NVIDIA driver
    kNoPlugin,          // the CPU computes: the CUDA plug-in is not installed [its file]
    kNoCuda,            // the CPU computes [why CUDA cannot be used]
    kSlowReplies,       // replies are written without the GPU's own kernels [why]
    kNoEmbedder,        // no sentence embedder, so no memory of episodes [which was looked for, where]
    kPositionsRenewed,  // the conversation passes what the model was trained on [tokens]
    kTurnsUnsaved,      // the last turns are in no file [why]
    kMemoryUnsaved,     // a cache of the memory is in no file [why]
    kEpisodeUnsaved,    // a new episode is in no file [why]
    kPinsLeftOut,       // pinned messages had no room to be quoted [how many]
    kOther,             // what only another version knows: its text says it
};

/// Stable lower-case name, as sent between programs.
std::string_view name(NoticeCode code);
/// Inverse of `name`; kOther for an unknown name.
NoticeCode noticeCodeFromName(std::string_view text);

/// What the user should know beside what a job comes to, e.g. why a model runs on the CPU.
struct Notice {
    NoticeCode code = NoticeCode::kOther;
    std::vector<std::string> arguments;  // names, numbers, and messages of errors
    std::string text;                    // in English, a sentence that begins small and has no full stop

    bool operator==(const Notice&) const = default;
};

/// With its English text. Requires: as many arguments as the code has.
Notice makeNotice(NoticeCode code, std::vector<std::string> arguments = {});

/// The English texts as one sentence; empty without notices.
std::string textOf(std::span<const Notice> notices);

}  // namespace epi
