#include "ui/bridge/text.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("epi", text);
}

QString sentenceOf(const Notice& notice) {
    const QString argument = notice.arguments.empty() ? QString() : toQString(notice.arguments.front());
    switch (notice.code) {
        case NoticeCode::kDefaultModel:
            return tr("%1 is the default model on this computer.").arg(argument);
        case NoticeCode::kNoDriver:
            return tr("Answers are computed on the CPU, because no NVIDIA driver was found.");
        case NoticeCode::kNoPlugin:
            return tr("Answers are computed on the CPU, because %1 is not installed.").arg(argument);
        case NoticeCode::kNoCuda:
            return tr("Answers are computed on the CPU: %1.").arg(argument);
        case NoticeCode::kSlowReplies:
            return tr("Replies are written more slowly than they could be: %1.").arg(argument);
        case NoticeCode::kNoEmbedder:
            return tr("A memory of episodes needs a sentence embedder: %1.").arg(argument);
        case NoticeCode::kPositionsRenewed:
            return tr("The conversation is longer than the %1 tokens the model was trained on: the positions "
                      "of what is kept were counted anew.")
                .arg(QLocale().toString(argument.toLongLong()));
        case NoticeCode::kTurnsUnsaved:
            return tr("The last turns are not in the cache folder and are read again after a restart: %1.")
                .arg(argument);
        case NoticeCode::kMemoryUnsaved:
            return tr("The memory is not on disk and has to be built again after a restart: %1.")
                .arg(argument);
        case NoticeCode::kEpisodeUnsaved:
            return tr("A new episode is not on disk: %1.").arg(argument);
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
    const QString message = toQString(error.message);
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

}  // namespace epi
