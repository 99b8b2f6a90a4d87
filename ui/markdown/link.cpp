#include "ui/markdown/link.h"

namespace epi::markdown {

using namespace Qt::StringLiterals;

QUrl openableAddress(const QString& target) {
    const QUrl address(target.trimmed(), QUrl::StrictMode);
    if (!address.isValid()) return {};
    const QString scheme = address.scheme();  // lower case
    if (scheme == "mailto"_L1) return address.path().contains(u'@') ? address : QUrl();
    const bool isWeb = scheme == "http"_L1 || scheme == "https"_L1;
    return isWeb && !address.host().isEmpty() ? address : QUrl();
}

QString honestAddress(const QUrl& address) {
    return QString::fromLatin1(address.toEncoded(QUrl::FullyEncoded));
}

}  // namespace epi::markdown
