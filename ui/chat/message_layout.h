#pragma once

#include <QCoreApplication>
#include <QPoint>
#include <QRect>
#include <QString>

#include "ui/chat/message_body.h"
#include "ui/chat/message_model.h"

class QPainter;

namespace epi {

/// What of a row's surroundings its layout depends on.
struct MessageSurroundings {
    int width = 0;               // of the view
    bool startsSession = false;  // a date line stands before it
    bool hasAction = false;      // room for a button below
    bool showsSource = false;    // a reply's text as it was written, without markdown
};

/// Guesses heights of rows, good enough for a scroll bar: a hundred thousand in some ten milliseconds.
class HeightEstimate {
public:
    /// `width`: of the view.
    explicit HeightEstimate(int width);
    [[nodiscard]] int of(const MessageItem& item, bool startsSession) const;

private:
    int charactersPerLine_ = 1;
    int lineHeight_ = 1;
    int unit_ = 0;  // 1,000 px at 100 %
};

/// The shape of a message that is not there yet, in its row.
void paintUnloaded(QPainter& painter, const QRect& row);

/// How a row is drawn just now.
struct MessagePaint {
    bool isCurrent = false;
    BodyPaint body;
};

/// One message laid out for a width: author line, text, caption, state, episode chip. Coordinates are
/// relative to the row's top left corner, positions are of the message's shown text. GUI thread only.
class MessageLayout {
    Q_DECLARE_TR_FUNCTIONS(epi::MessageLayout)

public:
    MessageLayout(const MessageItem& item, const MessageSurroundings& surroundings);

    /// Lays out again what the item has become; text that has grown costs the blocks that changed. Returns
    /// where what is shown may have changed: everything above is as it was.
    int update(const MessageItem& item, const MessageSurroundings& surroundings);

    /// Lays out what lies between two heights, where a text is too long for all of it. Returns by how much
    /// what is above `from` has become higher.
    int settle(const MessageItem& item, const MessageSurroundings& surroundings, int from, int to);

    [[nodiscard]] int height() const { return height_; }
    [[nodiscard]] const MessageBody& body() const { return body_; }
    [[nodiscard]] const QRect& chip() const { return chip_; }
    [[nodiscard]] const QRect& text() const { return textRect_; }
    /// Where the button goes that `hasAction` asked room for.
    [[nodiscard]] QPoint action() const { return action_; }
    /// Which version is asked for at a point: -1 the one before, 1 the next, 0 none.
    [[nodiscard]] int versionStepAt(QPoint point) const;
    /// The position in the shown text nearest to a point.
    [[nodiscard]] int positionAt(QPoint point) const { return body_.positionAt(point - textRect_.topLeft()); }
    [[nodiscard]] BodySpot spotAt(QPoint point) const { return body_.spotAt(point - textRect_.topLeft()); }
    /// The line of a position.
    [[nodiscard]] QRect lineOf(int position) const {
        return body_.lineOf(position).translated(textRect_.topLeft());
    }

    void paint(QPainter& painter, QPoint origin, const MessageItem& item, const MessagePaint& how) const;

    /// What stands behind the author's name: which message it is, or from when.
    static QString headerText(const MessageItem& item);
    /// What became of a reply that is not simply there; while it is awaited, for what. Often empty.
    static QString stateText(const MessageItem& item);
    /// What the chip under a reply says; empty without one.
    static QString chipText(const MessageItem& item);
    /// Replies of a model are markdown; what people wrote is as they wrote it.
    static markdown::Syntax syntaxOf(const MessageItem& item, bool showsSource);

private:
    int layOutText(const MessageItem& item, int* y);
    void layOutFooter(const MessageItem& item, bool hasAction, int* y);
    void layOutVersions(const MessageItem& item);
    void paintHeader(QPainter& painter, QPoint origin, const MessageItem& item) const;
    void paintVersions(QPainter& painter, QPoint origin, const MessageItem& item) const;
    void paintCaption(QPainter& painter, QPoint origin) const;
    void paintFooter(QPainter& painter, QPoint origin, const MessageItem& item) const;

    bool startsSession_ = false;
    bool isOwn_ = false;
    int height_ = 0;
    QRect separator_;
    QRect box_;
    QRect header_;
    QRect previous_;  // version
    QRect version_;
    QRect next_;
    QRect textRect_;
    QRect captionRect_;
    QRect stateRect_;
    QRect chip_;
    QPoint action_;
    QString caption_;
    QString state_;
    MessageBody body_;
};

}  // namespace epi
