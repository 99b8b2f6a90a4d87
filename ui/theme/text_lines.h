#pragma once

#include <QString>
#include <QStringList>

class QFontMetricsF;
class QTextLayout;

namespace epi {

/// Lays a layout's text out in at most `lines` lines of this width, one below the other. A text that needs
/// more of them is cut, and ends in "…".
void layOutLines(QTextLayout& layout, qreal width, int lines);

/// Parts one behind the other, as many in a line as fit into this width: `between` stands between two in a
/// line, and a line separator between lines.
QString joinParts(const QStringList& parts,
                  const QString& between,
                  const QFontMetricsF& metrics,
                  qreal width);

}  // namespace epi
