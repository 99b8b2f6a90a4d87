#pragma once

#include <string>
#include <string_view>

#include <QString>

#include "core/base/error.h"

namespace epi {

/// Text is UTF-8 in core and storage and UTF-16 in the window; these two are the border.
inline QString toQString(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}
inline std::string toUtf8(const QString& text) {
    const QByteArray bytes = text.toUtf8();
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

/// A notice of the engine, which begins small as part of a longer message would, on its own.
QString sentence(std::string_view notice);

/// One sentence for the user: what kind of trouble it is, then the message of the error.
QString describe(const Error& error);

}  // namespace epi
