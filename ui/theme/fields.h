#pragma once

#include <QStyle>

class QPainter;
class QStyleOptionComboBox;
class QStyleOptionSpinBox;

namespace epi {

/// Choices and numbers as the style sheet has fields of text: one edge, round corners, the accent where the
/// focus is, and arrows that grow with the text. GUI thread only.
void drawComboBox(const QStyleOptionComboBox& option, QPainter& painter);
void drawSpinBox(const QStyleOptionSpinBox& option, QPainter& painter);

/// Where the parts of one are; an invalid rectangle for a part that Qt's own style knows better.
QRect partOf(const QStyleOptionComboBox& option, QStyle::SubControl part);
QRect partOf(const QStyleOptionSpinBox& option, QStyle::SubControl part);

/// Least height of a field, as that of a line of text.
int fieldHeight();

}  // namespace epi
