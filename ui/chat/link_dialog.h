#pragma once

#include <QString>

class QWidget;

namespace epi {

/// Shows where a link really leads and opens it only when that is confirmed. Says so where it is an address
/// that is never opened (see markdown::openableAddress). Returns at once.
void askToOpenLink(QWidget* parent, const QString& target);

/// What a tool tip says of a link: its real address, and whether it can be opened. Plain text.
QString linkTip(const QString& target);

}  // namespace epi
