#include "core/base/known_error.h"

#include <algorithm>
#include <array>

namespace epi {
namespace {

struct Message {
    KnownError known;
    std::string_view text;  // each % is an argument
};

constexpr std::array kMessages{
    Message{KnownError::kNoModelLoaded, "no model is loaded"},
    Message{KnownError::kNoDefaultModel, "none of the default models (%) is in %, which holds %"},
    Message{KnownError::kNoDefaultModelAtAll,
            "none of the default models (%) is in %, which holds no model: './run.sh models get ID' fetches "
            "one"},
    Message{KnownError::kNoSuchModel, "no model '%' as a file or in %, which holds %"},
    Message{KnownError::kNoSuchModelNorOther,
            "no model '%' as a file or in %, which holds no model: './run.sh models get ID' fetches one"},
    Message{KnownError::kNoSuchEmbedder,
            "no sentence embedder '%' in %: './run.sh models get %' fetches one"},
    Message{KnownError::kNoEmbedder, "no sentence embedder is installed, which a memory of episodes needs"},
    Message{KnownError::kUnknownArchitecture, "%: architecture '%' is not supported, only %"},
    Message{KnownError::kWeightsTooLarge, "loading %: its weights need %, % are free"},
    Message{KnownError::kWeightsTooLargeForGpu, "loading %: its weights need %, % are free on the GPU"},
    Message{KnownError::kBudgetTooLarge, "a budget of % entries needs %, % are free; a budget of % fits"},
    Message{KnownError::kBudgetTooLargeForGpu,
            "a budget of % entries needs %, % are free on the GPU; a budget of % fits"},
    Message{KnownError::kNoBudgetFits,
            "a budget of % entries needs %, % are free; not even a budget of % fits"},
    Message{KnownError::kNoBudgetFitsGpu,
            "a budget of % entries needs %, % are free on the GPU; not even a budget of % fits"},
    Message{KnownError::kTooManyEpisodes, "the memory has % episodes already"},
    Message{KnownError::kEngineStopped, "the engine stopped: %"},
    Message{KnownError::kEngineClosedPipes, "the engine closed its pipes"},
    Message{KnownError::kEngineSilent, "the engine has not answered for % s"},
    Message{KnownError::kNoSuchDownload,
            "% answers with the status %: there is no such file, so check the address"},
    Message{KnownError::kDownloadForbidden,
            "% answers with the status %: it does not give this file to everybody; fetch it with a browser "
            "and add the file"},
    Message{KnownError::kDownloadTooOften,
            "% answers with the status %: it was asked too often; try again later"},
    Message{KnownError::kDownloadRefused, "% answers with the status % instead of the file; try again later"},
    Message{KnownError::kDownloadEncoded,
            "% sends the file encoded as '%', which it was not asked for; fetch it with a browser and add "
            "the file"},
    Message{KnownError::kDownloadWithoutSize,
            "% does not say how long the file is, so whether the disk has room for it is not known; fetch it "
            "with a browser and add the file"},
    Message{KnownError::kDiskFull,
            "the disk of % has % bytes free, and % are needed beside % for the chats: make room and try "
            "again"},
    Message{KnownError::kTemperatureOutside, "temperature must be from 0 to 100, found %"},
    Message{KnownError::kTopKOutside, "top-k must be 0 or more, found %"},
    Message{KnownError::kTopPOutside, "top-p must be above 0 and at most 1, found %"},
    Message{KnownError::kMinPOutside, "min-p must be from 0 to 1, found %"},
    Message{KnownError::kRepetitionPenaltyOutside,
            "repetition penalty must be above 0 and at most 100, found %"},
    Message{KnownError::kMaxTokensOutside, "the number of tokens must be 1 or more, found %"},
};

constexpr std::array kAll = [] {
    std::array<KnownError, kMessages.size()> all{};
    std::ranges::transform(kMessages, all.begin(), &Message::known);
    return all;
}();

std::string_view textOf(KnownError known) {
    return kMessages[static_cast<std::size_t>(known)].text;
}

std::string_view upTo(std::string_view text, std::size_t end) {
    return text.substr(0, std::min(end, text.size()));
}

/// What stands for each % of the pattern; an argument ends where what follows it first goes on.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view message) {
    std::vector<std::string> arguments;
    const std::string_view begin = upTo(pattern, pattern.find('%'));
    if (!message.starts_with(begin)) return std::nullopt;
    message.remove_prefix(begin.size());
    pattern.remove_prefix(begin.size());
    while (!pattern.empty()) {
        pattern.remove_prefix(1);
        const std::string_view between = upTo(pattern, pattern.find('%'));
        pattern.remove_prefix(between.size());
        const std::size_t end = pattern.empty() && message.ends_with(between)
                                    ? message.size() - between.size()
                                    : message.find(between);
        if (end == std::string_view::npos || (pattern.empty() && !message.ends_with(between)))
            return std::nullopt;
        arguments.emplace_back(message.substr(0, end));
        message.remove_prefix(end + between.size());
    }
    if (!message.empty()) return std::nullopt;
    return arguments;
}

}  // namespace

std::span<const KnownError> allKnownErrors() {
    return kAll;
}

std::size_t argumentCount(KnownError known) {
    return static_cast<std::size_t>(std::ranges::count(textOf(known), '%'));
}

Error makeError(ErrorCode code, KnownError known, std::span<const std::string> arguments) {
    Error error{code, ""};
    auto argument = arguments.begin();
    for (const char each : textOf(known)) {
        if (each != '%') {
            error.message += each;
        } else if (argument != arguments.end()) {
            error.message += *argument++;
        }
    }
    return error;
}

Error makeError(ErrorCode code, KnownError known, std::initializer_list<std::string> arguments) {
    return makeError(code, known, std::span(arguments.begin(), arguments.size()));
}

std::optional<RecognisedError> recogniseError(std::string_view message) {
    std::optional<RecognisedError> best;
    std::size_t length = 0;
    for (const Message& each : kMessages) {
        // Of two that match, as with and without a last part, the one that says more itself.
        if (best && each.text.size() <= length) continue;
        if (auto arguments = match(each.text, message)) {
            best = RecognisedError{each.known, *std::move(arguments)};
            length = each.text.size();
        }
    }
    return best;
}

}  // namespace epi
