#pragma once

#include <QIcon>
#include <QString>

namespace epi {

/// A drawing of resources/icons/<name>.svg in the theme's text colour. Made anew when the theme changes.
QIcon themedIcon(const QString& name);
/// The same in a given colour.
QIcon coloredIcon(const QString& name, const QColor& color);

}  // namespace epi
