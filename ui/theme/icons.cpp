#include "ui/theme/icons.h"

#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QByteArray drawing(const QString& name) {
    QFile file(u":/epichat/icons/"_s + name + u".svg"_s);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Draws the SVG at whatever size is asked, its "currentColor" replaced; greyed when disabled.
class SvgEngine final : public QIconEngine {
public:
    SvgEngine(QByteArray svg, QColor color) : svg_(std::move(svg)), color_(std::move(color)) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        const QColor color = mode == QIcon::Disabled ? Theme::current().colors().secondaryText : color_;
        QByteArray svg = svg_;
        svg.replace("currentColor", color.name().toLatin1());
        QSvgRenderer renderer(svg);
        renderer.render(painter, rect);
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, pixmap.rect(), mode, state);
        return pixmap;
    }
    [[nodiscard]] QIconEngine* clone() const override { return new SvgEngine(svg_, color_); }

private:
    QByteArray svg_;
    QColor color_;
};

}  // namespace

QIcon coloredIcon(const QString& name, const QColor& color) {
    return QIcon(new SvgEngine(drawing(name), color));
}

QIcon themedIcon(const QString& name) {
    return coloredIcon(name, Theme::current().colors().text);
}

}  // namespace epi
