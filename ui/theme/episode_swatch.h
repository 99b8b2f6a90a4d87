#pragma once

#include <QRectF>

class QPainter;

namespace epi {

/// Side of a swatch at the current theme's scale.
int episodeSwatchSide();

/// Draws an episode's mark: its colour, an outline, and its number (counted from 1), so that colour is never
/// the only cue.
void paintEpisodeSwatch(QPainter& painter, const QRectF& rect, int episode);

}  // namespace epi
