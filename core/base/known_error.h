#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace epi {

/// An error whose message the window says in a sentence of its own; in brackets what its arguments are.
enum class KnownError {
    kNoModelLoaded,
    kNoDefaultModel,         // none was found [which were looked for, folder, what it holds]
    kNoDefaultModelAtAll,    // the same, and there is no other [which were looked for, folder]
    kNoSuchModel,            // [name, folder, what it holds]
    kNoSuchModelNorOther,    // [name, folder]
    kNoSuchEmbedder,         // [name, folder, the name of one that can be fetched]
    kNoEmbedder,             // for a memory of episodes
    kUnknownArchitecture,    // [file, architecture, those that are known]
    kWeightsTooLarge,        // for memory [file, size, what is free]
    kWeightsTooLargeForGpu,  // [file, size, what is free]
    kBudgetTooLarge,         // for memory [budget, size, what is free, a budget that fits]
    kBudgetTooLargeForGpu,   // [budget, size, what is free, a budget that fits]
    kNoBudgetFits,           // [budget, size, what is free, the smallest budget]
    kNoBudgetFitsGpu,        // [budget, size, what is free, the smallest budget]
    kTooManyEpisodes,        // [how many there are]
    kEngineStopped,          // [exit code or signal]
    kEngineClosedPipes,
    kEngineSilent,              // [seconds]
    kNoSuchDownload,            // [host, status]
    kDownloadForbidden,         // [host, status]
    kDownloadTooOften,          // [host, status]
    kDownloadRefused,           // [host, status]
    kDownloadEncoded,           // [host, encoding]
    kDownloadWithoutSize,       // [host]
    kDiskFull,                  // [folder, free, needed, kept for the chats]
    kTemperatureOutside,        // [found]
    kTopKOutside,               // [found]
    kTopPOutside,               // [found]
    kMinPOutside,               // [found]
    kRepetitionPenaltyOutside,  // [found]
    kMaxTokensOutside,          // [found]
};

struct RecognisedError {
    KnownError known{};
    std::vector<std::string> arguments;
};

/// All of them, in the order of the enumeration.
std::span<const KnownError> allKnownErrors();
/// How many arguments its message has.
std::size_t argumentCount(KnownError known);

/// With its English message. Requires: as many arguments as it has.
Error makeError(ErrorCode code, KnownError known, std::span<const std::string> arguments = {});
Error makeError(ErrorCode code, KnownError known, std::initializer_list<std::string> arguments);

/// Which of them made this message: what comes from another process is its text alone. Nothing for any other
/// message, one with something in front included.
std::optional<RecognisedError> recogniseError(std::string_view message);

}  // namespace epi
