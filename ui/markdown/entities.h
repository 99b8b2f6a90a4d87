#pragma once

#include <QString>
#include <QStringView>

namespace epi::markdown {

/// The character of an entity such as "&amp;", "&#8212;" or "&#x2014;"; the text as it is where it names
/// none, or one that is not shown (a control character).
QString characterOf(QStringView entity);

}  // namespace epi::markdown
