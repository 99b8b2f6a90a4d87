#include "core/engine/notice.h"

#include <array>
#include <utility>

namespace epi {
namespace {

struct Known {
    NoticeCode code;
    std::string_view name;
    std::string_view text;  // % is the argument
};

constexpr std::array kKnown{
    Known{NoticeCode::kDefaultModel, "default-model", "% is the default model on this computer"},
    Known{NoticeCode::kNoDriver,
          "no-driver",
          "answers are computed on the CPU, because no NVIDIA driver was found"},
    Known{NoticeCode::kNoPlugin, "no-plugin", "answers are computed on the CPU, because % is not installed"},
    Known{NoticeCode::kNoCuda, "no-cuda", "answers are computed on the CPU, because %"},
    Known{NoticeCode::kSlowReplies,
          "slow-replies",
          "replies are written more slowly than they could be, because of %"},
    Known{NoticeCode::kNoEmbedder, "no-embedder", "%"},
    Known{NoticeCode::kPositionsRenewed,
          "positions-renewed",
          "the conversation is longer than the % tokens the model was trained on: the positions of what is "
          "kept were counted anew"},
    Known{NoticeCode::kTurnsUnsaved,
          "turns-unsaved",
          "the last turns are not in the cache folder and are read again after a restart: %"},
    Known{NoticeCode::kMemoryUnsaved,
          "memory-unsaved",
          "the memory is not on disk and has to be built again after a restart: %"},
    Known{NoticeCode::kEpisodeUnsaved, "episode-unsaved", "a new episode is not on disk: %"},
    Known{NoticeCode::kPinsLeftOut,
          "pins-left-out",
          "% of the pinned messages could not be quoted in full; a memory that is built now keeps them"},
    Known{NoticeCode::kOther, "other", "%"},
};

const Known& knownOf(NoticeCode code) {
    for (const Known& known : kKnown) {
        if (known.code == code) return known;
    }
    return kKnown.back();
}

}  // namespace

std::string_view name(NoticeCode code) {
    return knownOf(code).name;
}

NoticeCode noticeCodeFromName(std::string_view text) {
    for (const Known& known : kKnown) {
        if (known.name == text) return known.code;
    }
    return NoticeCode::kOther;
}

Notice makeNotice(NoticeCode code, std::vector<std::string> arguments) {
    std::string text(knownOf(code).text);
    if (const std::size_t at = text.find('%'); at != std::string::npos && !arguments.empty())
        text.replace(at, 1, arguments.front());
    return {.code = code, .arguments = std::move(arguments), .text = std::move(text)};
}

std::string textOf(std::span<const Notice> notices) {
    std::string text;
    for (const Notice& notice : notices)
        text += (text.empty() ? "" : "; ") + notice.text;
    return text;
}

}  // namespace epi
