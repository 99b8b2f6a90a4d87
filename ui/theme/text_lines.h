#pragma once

#include <QtGlobal>

class QTextLayout;

namespace epi {

/// Lays a layout's text out in at most `lines` lines of this width, one below the other. A text that needs
/// more of them is cut, and ends in "…".
void layOutLines(QTextLayout& layout, qreal width, int lines);

}  // namespace epi
