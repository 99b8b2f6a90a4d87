#include "ui/bridge/text.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

#include "core/base/known_error.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("epi", text);
}

/// The text with the arguments for %1 and on. All at once: an argument may hold a % itself.
QString filled(const QString& text, const std::vector<std::string>& arguments) {
    QString result;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const int number = text[i] == u'%' && i + 1 < text.size() ? text[i + 1].digitValue() : -1;
        if (number < 1 || static_cast<std::size_t>(number) > arguments.size()) {
            result += text[i];
            continue;
        }
        result += toQString(arguments[static_cast<std::size_t>(number - 1)]);
        ++i;
    }
    return result;
}

QString textOf(KnownError known) {
    switch (known) {
        case KnownError::kNoModelLoaded:
            return tr("no model is loaded");
        case KnownError::kNoDefaultModel:
            return tr("none of the default models (%1) is in %2, which holds %3");
        case KnownError::kNoDefaultModelAtAll:
            return tr(
                "none of the default models (%1) is in %2, which holds no model: './run.sh models get "
                "ID' fetches one");
        case KnownError::kNoSuchModel:
            return tr("no model '%1' as a file or in %2, which holds %3");
        case KnownError::kNoSuchModelNorOther:
            return tr(
                "no model '%1' as a file or in %2, which holds no model: './run.sh models get ID' "
                "fetches one");
        case KnownError::kNoSuchEmbedder:
            return tr("no sentence embedder '%1' in %2: './run.sh models get %3' fetches one");
        case KnownError::kNoEmbedder:
            return tr("no sentence embedder is installed, which a memory of episodes needs");
        case KnownError::kUnknownArchitecture:
            return tr("%1: architecture '%2' is not supported, only %3");
        case KnownError::kWeightsTooLarge:
            return tr("loading %1: its weights need %2, %3 are free");
        case KnownError::kWeightsTooLargeForGpu:
            return tr("loading %1: its weights need %2, %3 are free on the GPU");
        case KnownError::kBudgetTooLarge:
            return tr("a budget of %1 entries needs %2, %3 are free; a budget of %4 fits");
        case KnownError::kBudgetTooLargeForGpu:
            return tr("a budget of %1 entries needs %2, %3 are free on the GPU; a budget of %4 fits");
        case KnownError::kNoBudgetFits:
            return tr("a budget of %1 entries needs %2, %3 are free; not even a budget of %4 fits");
        case KnownError::kNoBudgetFitsGpu:
            return tr(
                "a budget of %1 entries needs %2, %3 are free on the GPU; not even a budget of %4 "
                "fits");
        case KnownError::kTooManyEpisodes:
            return tr("the memory has %1 episodes already");
        case KnownError::kEngineStopped:
            return tr("the engine stopped: %1");
        case KnownError::kEngineClosedPipes:
            return tr("the engine closed its pipes");
        case KnownError::kEngineSilent:
            return tr("the engine has not answered for %1 s");
        case KnownError::kNoSuchDownload:
            return tr("%1 answers with the status %2: there is no such file, so check the address");
        case KnownError::kDownloadForbidden:
            return tr(
                "%1 answers with the status %2: it does not give this file to everybody; fetch it with "
                "a browser and add the file");
        case KnownError::kDownloadTooOften:
            return tr("%1 answers with the status %2: it was asked too often; try again later");
        case KnownError::kDownloadRefused:
            return tr("%1 answers with the status %2 instead of the file; try again later");
        case KnownError::kDownloadEncoded:
            return tr(
                "%1 sends the file encoded as '%2', which it was not asked for; fetch it with a browser "
                "and add the file");
        case KnownError::kDownloadWithoutSize:
            return tr(
                "%1 does not say how long the file is, so whether the disk has room for it is not "
                "known; fetch it with a browser and add the file");
        case KnownError::kDiskFull:
            return tr(
                "the disk of %1 has %2 bytes free, and %3 are needed beside %4 for the chats: make room "
                "and try again");
        case KnownError::kTemperatureOutside:
            return tr("temperature must be from 0 to 100, found %1");
        case KnownError::kTopKOutside:
            return tr("top-k must be 0 or more, found %1");
        case KnownError::kTopPOutside:
            return tr("top-p must be above 0 and at most 1, found %1");
        case KnownError::kMinPOutside:
            return tr("min-p must be from 0 to 1, found %1");
        case KnownError::kRepetitionPenaltyOutside:
            return tr("repetition penalty must be above 0 and at most 100, found %1");
        case KnownError::kMaxTokensOutside:
            return tr("the number of tokens must be 1 or more, found %1");
    }
    return {};
}

QString sentenceOf(const Notice& notice) {
    const std::string first = notice.arguments.empty() ? std::string() : notice.arguments.front();
    const QString argument = toQString(first);
    switch (notice.code) {
        case NoticeCode::kDefaultModel:
            return tr("%1 is the default model on this computer.").arg(argument);
        case NoticeCode::kNoDriver:
            return tr("Answers are computed on the CPU, because no NVIDIA driver was found.");
        case NoticeCode::kNoPlugin:
            return tr("Answers are computed on the CPU, because %1 is not installed.").arg(argument);
        case NoticeCode::kNoCuda:
            return tr("Answers are computed on the CPU: %1.").arg(messageText(first));
        case NoticeCode::kSlowReplies:
            return tr("Replies are written more slowly than they could be: %1.").arg(messageText(first));
        case NoticeCode::kNoEmbedder:
            return tr("A memory of episodes needs a sentence embedder: %1.").arg(messageText(first));
        case NoticeCode::kPositionsRenewed:
            return tr("The conversation is longer than the %1 tokens the model was trained on: the positions "
                      "of what is kept were counted anew.")
                .arg(QLocale().toString(argument.toLongLong()));
        case NoticeCode::kTurnsUnsaved:
            return tr("The last turns are not in the cache folder and are read again after a restart: %1.")
                .arg(messageText(first));
        case NoticeCode::kMemoryUnsaved:
            return tr("The memory is not on disk and has to be built again after a restart: %1.")
                .arg(messageText(first));
        case NoticeCode::kEpisodeUnsaved:
            return tr("A new episode is not on disk: %1.").arg(messageText(first));
        case NoticeCode::kPinsLeftOut:
            return tr("%1 of the pinned messages could not be quoted in full; a memory that is built now "
                      "keeps "
                      "them.")
                .arg(argument);
        case NoticeCode::kOther:
            break;
    }
    const QString text = toQString(notice.text);
    return text.isEmpty() ? text : text.front().toUpper() + text.sliced(1) + u'.';
}

}  // namespace

QString describe(std::span<const Notice> notices) {
    QStringList sentences;
    for (const Notice& notice : notices)
        sentences << sentenceOf(notice);
    return sentences.join(u' ');
}

QString describe(const Error& error) {
    const QString message = messageText(error.message);
    switch (error.code) {
        case ErrorCode::kCancelled:
            return tr("Stopped.");
        case ErrorCode::kInvalidArgument:
            return tr("This cannot be done as asked: %1.").arg(message);
        case ErrorCode::kNotFound:
            return tr("Not found: %1.").arg(message);
        case ErrorCode::kOutOfMemory:
            return tr("Not enough memory: %1.").arg(message);
        case ErrorCode::kCorruptData:
            return tr("Damaged data: %1.").arg(message);
        case ErrorCode::kIo:
            return tr("Reading or writing failed: %1.").arg(message);
        case ErrorCode::kUnsupported:
            return tr("Not supported: %1.").arg(message);
        case ErrorCode::kInternal:
            break;
    }
    return tr("Something went wrong: %1.").arg(message);
}

QString messageText(std::string_view message) {
    const auto recognised = recogniseError(message);
    if (recognised) return filled(textOf(recognised->known), recognised->arguments);
    return QCoreApplication::translate("epi", "%1", "what a program or a library says itself")
        .arg(toQString(message));
}

QString deviceText(const std::string& device, std::int32_t threads) {
    if (threads <= 0) return toQString(device);
    return QCoreApplication::translate("epi", "CPU, %Ln thread(s)", nullptr, threads);
}

}  // namespace epi
