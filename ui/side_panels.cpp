#include "ui/side_panels.h"

#include <algorithm>

#include <QDockWidget>
#include <QEvent>
#include <QGuiApplication>
#include <QMainWindow>
#include <QSplitter>
#include <QStringList>

#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

int atThisSize(double width) {
    return qRound(width * Theme::current().percent() / 100.0);
}

double atFullSize(int width, int percent) {
    return width * 100.0 / percent;
}

}  // namespace

SidePanels::SidePanels(QMainWindow& window, QSplitter& splitter, QDockWidget& dock)
    : QObject(&window), window_(window), splitter_(splitter), dock_(dock) {
    splitter_.setSizes({atThisSize(wanted_.list), Theme::current().px(800)});
    window_.resizeDocks({&dock_}, {atThisSize(wanted_.dock)}, Qt::Horizontal);
    connect(&splitter_, &QSplitter::splitterMoved, this, [this] {
        wanted_.list = atFullSize(splitter_.sizes().front(), Theme::current().percent());
    });
    dock_.installEventFilter(this);
}

bool SidePanels::eventFilter(QObject* watched, QEvent* event) {
    // There is no signal for a panel's edge that is drawn along.
    if (event->type() == QEvent::Resize && QGuiApplication::mouseButtons() != Qt::NoButton)
        wanted_.dock = atFullSize(dock_.width(), Theme::current().percent());
    return QObject::eventFilter(watched, event);
}

void SidePanels::rescale(int before) {
    if (before != Theme::current().percent()) apply();
}

void SidePanels::apply() {
    const int list = std::min(atThisSize(wanted_.list),
                              std::max(window_.width() / 4, splitter_.widget(0)->minimumSizeHint().width()));
    // Before it is shown the splitter has no width to share yet; its conversation takes what is left then.
    const int rest = window_.isVisible() ? splitter_.width() - list : Theme::current().px(800);
    splitter_.setSizes({list, std::max(rest, list)});
    window_.resizeDocks({&dock_}, {std::min(atThisSize(wanted_.dock), window_.width() / 3)}, Qt::Horizontal);
}

void SidePanels::restore(const QString& saved) {
    const QStringList parts = saved.split(u' ');
    if (parts.size() != 3) return;
    const int percent = parts[0].toInt();
    const int list = parts[1].toInt();
    const int dock = parts[2].toInt();
    if (percent <= 0 || list <= 0 || dock <= 0) return;
    wanted_ = {.list = atFullSize(list, percent), .dock = atFullSize(dock, percent)};
    rescale(percent);
}

QString SidePanels::saved() const {
    return u"%1 %2 %3"_s.arg(Theme::current().percent())
        .arg(atThisSize(wanted_.list))
        .arg(atThisSize(wanted_.dock));
}

}  // namespace epi
