// What nearly every file of the window reads: parsed once instead of sixty times. Files still include what
// they use.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <QBoxLayout>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QObject>
#include <QPainter>
#include <QPushButton>
#include <QString>
#include <QWidget>
