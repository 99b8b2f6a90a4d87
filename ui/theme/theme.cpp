#include "ui/theme/theme.h"

#include <algorithm>
#include <cmath>

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QPalette>
#include <QPointer>
#include <QRegularExpression>
#include <QStyle>

#include "ui/theme/outlined_style.h"

/// A static library's resources must be asked for, from outside of any namespace.
static void initialiseResources() {
    Q_INIT_RESOURCE(epichat);
}

namespace epi {

using namespace Qt::StringLiterals;

namespace {

// Keywords, strings, comments, numbers, constants, functions, types, properties, attributes.
std::array<QColor, kCodeKindCount> lightCode() {
    return {0x8A2BA8, 0x1E6B34, 0x646A73, 0x9A4200, 0x9A4200, 0x0B5CAD, 0x006A70, 0x3D4A8A, 0xA0235E};
}

std::array<QColor, kCodeKindCount> darkCode() {
    return {0xD6A3F2, 0xA3D38F, 0x979EA8, 0xF0B27E, 0xF0B27E, 0x82B9FF, 0x74D1C9, 0xB9C4F0, 0xF29EC0};
}

std::array<QColor, kCodeKindCount> highContrastCode() {
    return {0xF0A6FF, 0xA8F29A, 0xC4C4C4, 0xFFC27F, 0xFFC27F, 0x8CCBFF, 0x7FF0E6, 0xD5DBFF, 0xFFAED0};
}

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
            .retained = {0xFFFFFF, 0xE0EEF6, 0xBFDCEC, 0x99C7E0, 0x73B1D5},
            .found = 0xFFEBA8,
            .foundCurrent = 0xFFB000,
            .code = lightCode()};
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
            .retained = {0x1E1F22, 0x212C37, 0x253B4E, 0x2A4B68, 0x2E5C82},
            .found = 0x574814,
            .foundCurrent = 0xFFC24D,
            .code = darkCode()};
}

/// Black and white, and few strong colours: text at 7:1 and more everywhere, borders as strong as text.
ThemeColors highContrastColors() {
    return {.background = Qt::black,
            .surface = Qt::black,
            .raised = Qt::black,
            .border = 0xFFFFFF,
            .text = 0xFFFFFF,
            .secondaryText = 0xF0F0F0,
            .accent = 0xFFE45C,
            .onAccent = Qt::black,
            .accentSoft = 0x3A3300,
            .hover = 0x2A2A2A,
            .error = 0xFFB3AB,
            .errorSoft = 0x330000,
            .warning = 0xFFD27F,
            .warningSoft = 0x332200,
            .outline = 0xFFFFFF,
            .retained = {Qt::black, 0x14304A, 0x1D4569, 0x265B8A, 0x2F70AB},
            .found = 0x4D4000,
            .foundCurrent = 0xFFE45C,
            .code = highContrastCode()};
}

ThemeColors colorsOf(ThemeChoice choice, bool isDark) {
    if (choice == ThemeChoice::kHighContrast) return highContrastColors();
    return isDark ? darkColors() : lightColors();
}

/// Of what cannot be used. Where secondary text is as white as all other: grey, at 8.6:1 on black.
QColor disabledTextOf(ThemeChoice choice, const ThemeColors& colors) {
    return choice == ThemeChoice::kHighContrast ? QColor(0xA6A6A6) : colors.secondaryText;
}

QPalette paletteOf(ThemeChoice choice, const ThemeColors& colors) {
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
        palette.setColor(QPalette::Disabled, role, disabledTextOf(choice, colors));
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

QString nameOf(ThemeChoice choice) {
    switch (choice) {
        case ThemeChoice::kSystem:
            return u"system"_s;
        case ThemeChoice::kLight:
            return u"light"_s;
        case ThemeChoice::kDark:
            return u"dark"_s;
        case ThemeChoice::kHighContrast:
            break;
    }
    return u"high-contrast"_s;
}

std::optional<ThemeChoice> themeFromName(const QString& name) {
    for (const auto choice :
         {ThemeChoice::kSystem, ThemeChoice::kLight, ThemeChoice::kDark, ThemeChoice::kHighContrast}) {
        if (nameOf(choice) == name) return choice;
    }
    return std::nullopt;
}

const Theme& Theme::current() {
    return mutableCurrent();
}

void Theme::apply(ThemeChoice choice, int percent) {
    initialiseResources();
    const bool isDesktopThemeDark = isDesktopDark();
    Theme& theme = mutableCurrent();
    theme.choice_ = choice;
    theme.percent_ = std::clamp(percent, kSmallestPercent, kLargestPercent);
    theme.isDark_ = choice == ThemeChoice::kDark || choice == ThemeChoice::kHighContrast ||
                    (choice == ThemeChoice::kSystem && isDesktopThemeDark);
    theme.colors_ = colorsOf(choice, theme.isDark_);

    static QPointer<QStyle> style;  // the application's, and gone with it
    if (!style) {
        style = new OutlinedStyle;
        QApplication::setStyle(style);
    }
    QApplication::setPalette(paletteOf(choice, theme.colors_));
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

QFont Theme::codeFont(TextSize size) const {
    static const QString family = QFontDatabase::systemFont(QFontDatabase::FixedFont).family();
    constexpr int kPercentOfText = 93;
    QFont font = this->font(size);
    font.setFamily(family);
    font.setStyleHint(QFont::Monospace);
    font.setPixelSize(std::max(font.pixelSize() * kPercentOfText / 100, 1));
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
    QFile file(u":/epichat/style.qss"_s);
    QString sheet = file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    const QColor handle = isHighContrast() ? colors_.text : isDark_ ? QColor(0x5F656E) : QColor(0xB4B9C1);
    const QColor disabledText = disabledTextOf(choice_, colors_);
    const QColor disabledBorder = isHighContrast() ? disabledText : colors_.border;
    // A name before any that it begins with.
    const std::pair<QLatin1StringView, QColor> named[] = {{"@raised"_L1, colors_.raised},
                                                          {"@handle"_L1, handle},
                                                          {"@warningSoft"_L1, colors_.warningSoft},
                                                          {"@warning"_L1, colors_.warning},
                                                          {"@border"_L1, colors_.border},
                                                          {"@disabledText"_L1, disabledText},
                                                          {"@disabledBorder"_L1, disabledBorder},
                                                          {"@secondaryText"_L1, colors_.secondaryText},
                                                          {"@text"_L1, colors_.text},
                                                          {"@hover"_L1, colors_.hover},
                                                          {"@accentSoft"_L1, colors_.accentSoft},
                                                          {"@accent"_L1, colors_.accent},
                                                          {"@onAccent"_L1, colors_.onAccent},
                                                          {"@surface"_L1, colors_.surface}};
    for (const auto& [name, color] : named)
        sheet.replace(name, color.name());
    static const QRegularExpression kLength(u"@(\\d+)"_s);
    for (auto match = kLength.match(sheet); match.hasMatch(); match = kLength.match(sheet)) {
        const int length = px(match.captured(1).toInt());
        sheet.replace(match.capturedStart(), match.capturedLength(), QString::number(length) + u"px"_s);
    }
    return sheet;
}

}  // namespace epi
