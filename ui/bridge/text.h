#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <QString>

#include "core/base/error.h"
#include "core/engine/notice.h"

namespace epi {

/// Text is UTF-8 in core and storage and UTF-16 in the window; these two are the border.
inline QString toQString(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}
inline std::string toUtf8(const QString& text) {
    const QByteArray bytes = text.toUtf8();
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

/// What the engine has to tell, a sentence for each; in its own English where this program has none.
QString describe(std::span<const Notice> notices);

/// One sentence for the user: what kind of trouble it is, then the message of the error.
QString describe(const Error& error);

/// An error's message, without a full stop: the window's own text where it knows it (see KnownError),
/// otherwise as it came, between quotes where that is another language.
QString messageText(std::string_view message);

/// A device as it is called; the CPU with its `threads`, which a GPU does not have.
QString deviceText(const std::string& device, std::int32_t threads);

}  // namespace epi
