#include "ui/chat/context_meter.h"

#include <algorithm>
#include <array>

#include <QEvent>
#include <QLocale>
#include <QPainter>
#include <QPainterPath>

#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QString count(std::int64_t value) {
    return QLocale().toString(static_cast<qlonglong>(value));
}

int whole(std::int64_t value) {
    return static_cast<int>(value);
}

}  // namespace

std::optional<ContextState> contextAfter(const ReplyDetails& reply, std::int64_t budget) {
    if (reply.usedTokens <= 0) return std::nullopt;
    ContextState state;
    state.budget = budget;
    // What was quoted before the question is taken out again.
    const std::int64_t turn = reply.promptTokens - reply.quotedTokens + reply.generatedTokens;
    state.total = std::max(reply.historyTokens + turn, reply.usedTokens);
    state.kept = budget > 0 ? std::min(reply.usedTokens, budget) : reply.usedTokens;
    state.fresh = reply.usedTokens - state.kept;
    state.free = std::max<std::int64_t>(reply.roomTokens, 0);
    return state;
}

ContextMeter::ContextMeter(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Context"));
    hide();
}

void ContextMeter::show(const std::optional<ContextState>& state) {
    setVisible(state.has_value());
    if (!state) return;
    state_ = *state;
    setAccessibleDescription(longText(state_));
    setToolTip(u"<p>"_s + longText(state_).toHtmlEscaped() + u"</p>"_s);
    update();
}

QString ContextMeter::shortText(const ContextState& state) {
    const QString numbers = tr("%1 of %2 tokens kept · %3 free")
                                .arg(count(state.kept + state.fresh), count(state.total), count(state.free));
    return state.isNearlyFull() ? tr("%1 · compressed soon").arg(numbers) : numbers;
}

QString ContextMeter::longText(const ContextState& state) {
    QString text = tr("The memory that answered last holds %1 of the %2 tokens of this chat.")
                       .arg(count(state.kept + state.fresh), count(state.total));
    if (state.fresh > 0)
        text += u' ' + tr("%Ln of them (is|are) new and not compressed yet.", nullptr, whole(state.fresh));
    const int next = whole(state.free);
    text += u' ' +
            (state.budget > 0
                 ? tr("After %Ln more token(s) the oldest are compressed to the budget of %1.", nullptr, next)
                       .arg(count(state.budget))
                 : tr("After %Ln more token(s) the oldest are compressed.", nullptr, next));
    return text + u' ' + tr("The chat itself keeps every word.");
}

QSize ContextMeter::sizeHint() const {
    return {Theme::current().px(96), Theme::current().px(12)};
}

void ContextMeter::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double thickness = theme.px(8);
    const QRectF bar(0.5, (height() - thickness) / 2.0, width() - 1.0, thickness);
    QPainterPath outline;
    outline.addRoundedRect(bar, theme.px(4), theme.px(4));
    painter.fillPath(outline, colors.surface);
    painter.save();
    painter.setClipPath(outline);
    const auto capacity = static_cast<double>(std::max<std::int64_t>(state_.capacity(), 1));
    double left = bar.left();
    // What is new is told from what is kept by its pattern, not by colour alone.
    const std::array parts{std::pair{state_.kept, QBrush(colors.accent)},
                           std::pair{state_.fresh, QBrush(colors.accent, Qt::BDiagPattern)}};
    for (const auto& [tokens, brush] : parts) {
        const double part = bar.width() * static_cast<double>(tokens) / capacity;
        painter.fillRect(QRectF(left, bar.top(), part, bar.height()), brush);
        left += part;
    }
    painter.restore();
    painter.setPen(QPen(state_.isNearlyFull() ? colors.warning : colors.border, 1));
    painter.drawPath(outline);
}

void ContextMeter::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) updateGeometry();
}

}  // namespace epi
