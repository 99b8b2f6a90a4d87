#pragma once

#include <memory>
#include <vector>

#include <QPoint>
#include <QRect>
#include <QString>

#include "ui/chat/message_model.h"

class QPainter;
class QTextLayout;

namespace epi {

/// What of a row's surroundings its layout depends on.
struct MessageSurroundings {
    int width = 0;               // of the view
    bool startsSession = false;  // a date line stands before it
    bool hasAction = false;      // room for a button below
};

/// How a row is drawn just now.
struct MessagePaint {
    bool isCurrent = false;
    int selectionBegin = 0;  // UTF-16 positions in the text
    int selectionEnd = 0;
    const std::vector<TintRun>* tint = nullptr;
};

/// One message laid out for a width: author line, plain text (never markup), caption, state, episode chip.
/// Coordinates are relative to the row's top left corner.
class MessageLayout {
public:
    MessageLayout(const MessageItem& item, const MessageSurroundings& surroundings);
    ~MessageLayout();
    MessageLayout(const MessageLayout&) = delete;
    MessageLayout& operator=(const MessageLayout&) = delete;

    [[nodiscard]] int height() const { return height_; }
    [[nodiscard]] const QRect& chip() const { return chip_; }
    [[nodiscard]] const QRect& text() const { return textRect_; }
    /// Where the button goes that `hasAction` asked room for.
    [[nodiscard]] QPoint action() const { return action_; }
    /// The UTF-16 position in the text nearest to a point.
    [[nodiscard]] int positionAt(QPoint point) const;

    void paint(QPainter& painter, QPoint origin, const MessageItem& item, const MessagePaint& how) const;

    /// A cheap guess of the height, good enough for a scroll bar.
    static int estimateHeight(const MessageItem& item, const MessageSurroundings& surroundings);
    /// What the chip under a reply says; empty without one.
    static QString chipText(const MessageItem& item);

private:
    void layOutText(const MessageItem& item, int* y);
    void layOutFooter(const MessageItem& item, bool hasAction, int* y);
    void paintHeader(QPainter& painter, QPoint origin, const MessageItem& item) const;
    void paintText(QPainter& painter, QPoint origin, const MessagePaint& how) const;
    void paintFooter(QPainter& painter, QPoint origin, const MessageItem& item) const;

    bool startsSession_ = false;
    bool isOwn_ = false;
    int height_ = 0;
    QRect separator_;
    QRect box_;
    QRect header_;
    QRect textRect_;
    QRect captionRect_;
    QRect stateRect_;
    QRect chip_;
    QPoint action_;
    QString caption_;
    QString state_;
    std::unique_ptr<QTextLayout> text_;
};

}  // namespace epi
