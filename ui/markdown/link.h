#pragma once

#include <QString>
#include <QUrl>

namespace epi::markdown {

/// The address of a link if it may be opened at all: http, https with a host, and mailto. Anything else, such
/// as file:, javascript: or a relative path, gives an invalid one.
QUrl openableAddress(const QString& target);

/// An address as it really is: hosts that imitate others with letters of other alphabets show as punycode,
/// and characters that turn or hide text are escaped.
QString honestAddress(const QUrl& address);

}  // namespace epi::markdown
