#include "ui/bridge/text.h"

#include <QCoreApplication>

namespace epi {

using namespace Qt::StringLiterals;

QString sentence(std::string_view notice) {
    const QString text = toQString(notice);
    return text.isEmpty() ? text : text.front().toUpper() + text.sliced(1);
}

QString describe(const Error& error) {
    const auto tr = [](const char* text) {
        return QCoreApplication::translate("epi", text);
    };
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
