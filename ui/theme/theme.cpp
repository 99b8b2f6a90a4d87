#include "ui/theme/theme.h"

#include <algorithm>
#include <cmath>

#include <QApplication>
#include <QFontDatabase>
#include <QPalette>
#include <QStyle>
#include <QStyleFactory>

/// A static library's resources must be asked for, from outside of any namespace.
static void initialiseResources() {
    Q_INIT_RESOURCE(epichat);
}

namespace epi {

using namespace Qt::StringLiterals;

namespace {

ThemeColors lightColors() {
    return {.background = 0xFFFFFF,
            .surface = 0xF5F6F8,
            .raised = 0xFFFFFF,
            .border = 0xD5D9DF,
            .text = 0x1A1B1E,
            .secondaryText = 0x5B6068,
            .accent = 0x0B63C5,
            .onAccent = 0xFFFFFF,
            .accentSoft = 0xDDEAF8,
            .hover = 0xECEEF2,
            .error = 0xB3261E,
            .errorSoft = 0xFBEBEA,
            .warning = 0x8A5200,
            .warningSoft = 0xFDF3E1,
            .outline = 0x1A1B1E,
            .retained = {0xFFFFFF, 0xE0EEF6, 0xBFDCEC, 0x99C7E0, 0x73B1D5}};
}

ThemeColors darkColors() {
    return {.background = 0x1E1F22,
            .surface = 0x26282C,
            .raised = 0x2B2D31,
            .border = 0x43474E,
            .text = 0xE6E6E6,
            .secondaryText = 0xA7ADB5,
            .accent = 0x7DB7FF,
            .onAccent = 0x10243A,
            .accentSoft = 0x2A3F57,
            .hover = 0x32353A,
            .error = 0xFFB4AB,
            .errorSoft = 0x412523,
            .warning = 0xFFCC80,
            .warningSoft = 0x3D3120,
            .outline = 0xE6E6E6,
            .retained = {0x1E1F22, 0x212C37, 0x253B4E, 0x2A4B68, 0x2E5C82}};
}

QPalette paletteOf(const ThemeColors& colors) {
    QPalette palette;
    palette.setColor(QPalette::Window, colors.background);
    palette.setColor(QPalette::WindowText, colors.text);
    palette.setColor(QPalette::Base, colors.raised);
    palette.setColor(QPalette::AlternateBase, colors.surface);
    palette.setColor(QPalette::Text, colors.text);
    palette.setColor(QPalette::PlaceholderText, colors.secondaryText);
    palette.setColor(QPalette::Button, colors.surface);
    palette.setColor(QPalette::ButtonText, colors.text);
    palette.setColor(QPalette::BrightText, colors.error);
    palette.setColor(QPalette::ToolTipBase, colors.surface);
    palette.setColor(QPalette::ToolTipText, colors.text);
    palette.setColor(QPalette::Highlight, colors.accent);
    palette.setColor(QPalette::HighlightedText, colors.onAccent);
    palette.setColor(QPalette::Link, colors.accent);
    palette.setColor(QPalette::Light, colors.hover);
    palette.setColor(QPalette::Midlight, colors.hover);
    palette.setColor(QPalette::Mid, colors.border);
    palette.setColor(QPalette::Dark, colors.border);
    palette.setColor(QPalette::Shadow, colors.border);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        palette.setColor(QPalette::Disabled, role, colors.secondaryText);
    }
    return palette;
}

/// Whether the desktop's own palette, as it was before ours replaced it, is a dark one (Qt 6.4 knows no
/// colour scheme).
bool isDesktopDark() {
    static const bool isDark = QApplication::palette().color(QPalette::Window).lightness() < 128;
    return isDark;
}

Theme& mutableCurrent() {
    static Theme theme;
    return theme;
}

}  // namespace

const Theme& Theme::current() {
    return mutableCurrent();
}

void Theme::apply(ThemeChoice choice, int percent) {
    initialiseResources();
    const bool isDesktopThemeDark = isDesktopDark();
    Theme& theme = mutableCurrent();
    theme.choice_ = choice;
    theme.percent_ = std::clamp(percent, kSmallestPercent, kLargestPercent);
    theme.isDark_ = choice == ThemeChoice::kDark || (choice == ThemeChoice::kSystem && isDesktopThemeDark);
    theme.colors_ = theme.isDark_ ? darkColors() : lightColors();

    if (QApplication::style()->name() != "fusion"_L1)
        QApplication::setStyle(QStyleFactory::create(u"Fusion"_s));
    QApplication::setPalette(paletteOf(theme.colors_));
    QApplication::setFont(theme.font(TextSize::kInterface));
    qApp->setStyleSheet(theme.styleSheet());
}

int Theme::px(int length) const {
    return length * percent_ / 100;
}

QFont Theme::font(TextSize size, QFont::Weight weight) const {
    static constexpr std::array kPixels = {11, 13, 15, 17, 20, 26};
    static const QString family = QFontDatabase::systemFont(QFontDatabase::GeneralFont).family();
    QFont font(family);
    font.setPixelSize(px(kPixels[static_cast<std::size_t>(size)]));
    font.setWeight(weight);
    return font;
}

QColor Theme::episodeColor(int index) {
    static const std::array<QColor, 8> kColors = {
        0x0072B2, 0xE69F00, 0x009E73, 0xCC79A7, 0xD55E00, 0x56B4E9, 0xF0E442, 0x999999};
    return kColors[static_cast<std::size_t>(std::max(index, 0)) % kColors.size()];
}

QColor Theme::textOn(const QColor& color) {
    const auto linear = [](double channel) {
        return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
    };
    const double luminance =
        0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
    return luminance > 0.18 ? QColor(Qt::black) : QColor(Qt::white);
}

QString Theme::styleSheet() const {
    QString sheet =
        uR"(
QPushButton, QToolButton { background: @raised; border: 1px solid @border; border-radius: @6; color: @text; }
*[panel="surface"] { background: @surface; }
*[panel="accent"] { background: @accentSoft; }
QLabel[textRole="title"] { font-size: @17; font-weight: 600; }
QLabel[textRole="heading"] { font-size: @20; font-weight: 600; }
QLabel[textRole="body"] { font-size: @15; color: @secondaryText; }
QLabel[textRole="strong"] { font-weight: 600; }
QLabel[textRole="secondary"] { color: @secondaryText; }
QLabel[textRole="empty"] { color: @secondaryText; padding: @24; }
QLabel[textRole="chip"] { border: 1px solid @border; color: @secondaryText; border-radius: @4; padding: 1px @6; }
QLabel[textRole="warningChip"] { border: 1px solid @warning; background: @warningSoft; color: @warning;
                                 border-radius: @4; padding: 1px @6; }
QPlainTextEdit[textRole="body"] { font-size: @15; background: transparent; border: 0; }
QPushButton { padding: @5 @14; min-height: @18; icon-size: @18; }
QPushButton[isCompact="true"] { padding: 0 @8; min-height: @18; }
QToolButton { icon-size: @18; }
QToolButton { padding: @4; }
QPushButton:hover, QToolButton:hover { background: @hover; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: @accentSoft; }
QPushButton:focus, QToolButton:focus { border: 2px solid @accent; }
QPushButton:focus { padding: @4 @13; }
QPushButton:disabled, QToolButton:disabled { color: @secondaryText; background: @surface; }
QPushButton[isPrimary="true"] { background: @accent; color: @onAccent; border-color: @accent; font-weight: 600; }
QPushButton[isPrimary="true"]:focus { border: 2px solid @text; }
QPushButton[isPrimary="true"]:disabled { background: @border; color: @secondaryText; border-color: @border; }
QToolButton[isFlat="true"] { background: transparent; border: 2px solid transparent; padding: @3; }
QToolButton[isFlat="true"]:hover { background: @hover; }
QToolButton[isFlat="true"]:focus { border-color: @accent; }
QLineEdit { background: @raised; border: 1px solid @border; border-radius: @6; padding: @4 @8; min-height: @20;
            selection-background-color: @accent; selection-color: @onAccent; }
QLineEdit:focus { border: 2px solid @accent; padding: @3 @7; }
QSplitter::handle { background: @border; }
QMainWindow::separator { background: @border; width: 1px; height: 1px; }
#header { border-bottom: 1px solid @border; }
QTabWidget::pane { border: 0; border-top: 1px solid @border; }
QTabBar::tab { background: transparent; color: @secondaryText; padding: @8 @12; border: 0;
               border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @text; border-bottom-color: @accent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:focus { border: 2px solid @accent; }
QStatusBar { background: @surface; border-top: 1px solid @border; }
QStatusBar::item { border: 0; }
QMenuBar { background: @surface; border-bottom: 1px solid @border; padding: @2; }
QMenuBar::item { padding: @4 @8; background: transparent; border-radius: @4; }
QMenuBar::item:selected { background: @accentSoft; }
QToolTip { background: @surface; color: @text; border: 1px solid @border; padding: @4; }
QProgressBar { background: @border; border: 0; border-radius: @3; max-height: @6; min-height: @6; }
QProgressBar::chunk { background: @accent; border-radius: @3; }
QHeaderView::section { background: @surface; color: @secondaryText; border: 0; border-bottom: 1px solid @border;
                       padding: @6 @4; font-weight: 600; }
QScrollBar:vertical { background: transparent; width: @12; margin: 0; border: 0; }
QScrollBar:horizontal { background: transparent; height: @12; margin: 0; border: 0; }
QScrollBar::handle { background: @handle; border-radius: @4; margin: @2; }
QScrollBar::handle:vertical { min-height: @32; }
QScrollBar::handle:horizontal { min-width: @32; }
QScrollBar::handle:hover { background: @secondaryText; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QTableView { gridline-color: @border; border: 1px solid @border; border-radius: @6; background: @raised; }
)"_s;
    const QColor handle = isDark_ ? QColor(0x5F656E) : QColor(0xB4B9C1);
    // A name before any that it begins with.
    const std::pair<QLatin1StringView, QColor> named[] = {{"@raised"_L1, colors_.raised},
                                                          {"@handle"_L1, handle},
                                                          {"@warningSoft"_L1, colors_.warningSoft},
                                                          {"@warning"_L1, colors_.warning},
                                                          {"@border"_L1, colors_.border},
                                                          {"@secondaryText"_L1, colors_.secondaryText},
                                                          {"@text"_L1, colors_.text},
                                                          {"@hover"_L1, colors_.hover},
                                                          {"@accentSoft"_L1, colors_.accentSoft},
                                                          {"@accent"_L1, colors_.accent},
                                                          {"@onAccent"_L1, colors_.onAccent},
                                                          {"@surface"_L1, colors_.surface}};
    for (const auto& [name, color] : named)
        sheet.replace(name, color.name());
    for (const int length : {32, 24, 20, 18, 17, 15, 14, 13, 12, 8, 7, 6, 5, 4, 3, 2}) {
        sheet.replace(u"@"_s + QString::number(length), QString::number(px(length)) + u"px"_s);
    }
    return sheet;
}

}  // namespace epi
