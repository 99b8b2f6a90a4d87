#pragma once

#include <array>
#include <optional>

#include <QColor>
#include <QFont>
#include <QString>

#include "ui/highlight/code_span.h"

namespace epi {

enum class ThemeChoice { kSystem, kLight, kDark, kHighContrast };

/// "system", "light", "dark", "high-contrast": as on the command line and in the settings.
QString nameOf(ThemeChoice choice);
std::optional<ThemeChoice> themeFromName(const QString& name);

/// The type scale: 11, 13, 15, 17, 20 and 26 px at 100 %.
enum class TextSize { kSmall, kInterface, kBody, kLarge, kTitle, kDisplay };

/// Every colour the window uses, by what it is for. Text on background is at least 4.5:1 (WCAG AA).
struct ThemeColors {
    QColor background;
    QColor surface;  // panels, lists
    QColor raised;   // fields, own messages
    QColor border;
    QColor text;
    QColor secondaryText;
    QColor accent;
    QColor onAccent;
    QColor accentSoft;  // selected rows
    QColor hover;
    QColor error;
    QColor errorSoft;
    QColor warning;
    QColor warningSoft;
    QColor outline;  // around episode swatches
    /// Behind text, by the share of (layer, KV head) sets that keep it: none, some, 25 %, 50 %, 75 % and
    /// more.
    std::array<QColor, 5> retained;
    QColor found;                             // behind what a search in the chat finds
    QColor foundCurrent;                      // the one it stands at
    std::array<QColor, kCodeKindCount> code;  // on `surface`, by CodeKind
};

/// Sizes and colours of the window. One theme is current for the whole program; a change reaches the widgets
/// as QEvent::StyleChange. What the style sheet can say stands there: labels by their property textRole
/// ("title", "heading", "strong", "secondary", "empty"), panels by panel="surface". GUI thread only.
class Theme {
public:
    static constexpr int kSmallestPercent = 80;
    static constexpr int kLargestPercent = 200;

    static const Theme& current();
    /// Makes a theme current: palette, font and style sheet of the application. `percent` scales all sizes
    /// and is clamped.
    static void apply(ThemeChoice choice, int percent);

    [[nodiscard]] ThemeChoice choice() const { return choice_; }
    [[nodiscard]] int percent() const { return percent_; }
    /// Whether text is so large that fields and buttons no longer go beside each other in a dialog.
    [[nodiscard]] bool isLarge() const { return percent_ > 140; }
    [[nodiscard]] bool isDark() const { return isDark_; }
    [[nodiscard]] bool isHighContrast() const { return choice_ == ThemeChoice::kHighContrast; }
    [[nodiscard]] const ThemeColors& colors() const { return colors_; }
    /// A length given at 100 %, on the 4-px grid where it is a distance.
    [[nodiscard]] int px(int length) const;
    [[nodiscard]] QFont font(TextSize size, QFont::Weight weight = QFont::Normal) const;
    /// The desktop's fixed-width font, for code: a little smaller, since its letters are wide.
    [[nodiscard]] QFont codeFont(TextSize size) const;
    /// Okabe-Ito colours, told apart with every common colour blindness; they repeat after eight, so a number
    /// always stands beside them.
    [[nodiscard]] static QColor episodeColor(int index);
    /// Black or white, whichever reads better on that colour.
    [[nodiscard]] static QColor textOn(const QColor& color);

private:
    [[nodiscard]] QString styleSheet() const;

    ThemeChoice choice_ = ThemeChoice::kSystem;
    int percent_ = 100;
    bool isDark_ = false;
    ThemeColors colors_;
};

}  // namespace epi
