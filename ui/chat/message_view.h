#pragma once

#include <vector>

#include <QAbstractScrollArea>
#include <QCache>
#include <QPointer>

#include "ui/chat/height_index.h"
#include "ui/chat/message_layout.h"
#include "ui/chat/message_model.h"

class QPushButton;

namespace epi {

/// Shows a MessageModel. Heights are estimated and become exact when a row comes into sight, while the row at
/// the top stays where it is; only rows in sight hold a layout. Follows the end of a growing reply as long as
/// the user is at the end.
class MessageView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit MessageView(QWidget* parent = nullptr);

    void setModel(MessageModel* model);
    [[nodiscard]] MessageModel* model() const { return model_; }
    /// Whether the last reply, when it went wrong, has its "Ask again" button.
    void setCanAskAgain(bool canAskAgain);
    void scrollToRow(int row);
    void scrollToEnd();
    [[nodiscard]] bool followsEnd() const { return followsEnd_; }
    [[nodiscard]] int currentRow() const { return currentRow_; }
    void setCurrentRow(int row);
    [[nodiscard]] QString selectedText() const;
    /// The selection, or the current message without one.
    void copy();

Q_SIGNALS:
    void askAgainRequested();
    void tintToggled();
    /// An episode's chip was clicked.
    void episodeActivated(int episode);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Selection {
        int row = -1;
        int anchor = 0;
        int cursor = 0;
        [[nodiscard]] int begin() const { return std::min(anchor, cursor); }
        [[nodiscard]] int end() const { return std::max(anchor, cursor); }
    };

    void reset();
    void rowsInserted();
    void rowsChanged(int first, int last, const QList<int>& roles);
    void settle();
    bool settleOnce();
    void updateScrollBar();
    void placeAction();
    [[nodiscard]] bool hasAction(int row) const;
    [[nodiscard]] MessageSurroundings surroundings(int row) const;
    MessageLayout& layoutOf(int row);
    [[nodiscard]] int rowTop(int row) const;  // in the viewport
    [[nodiscard]] int rowAt(QPoint point) const;

    QPointer<MessageModel> model_;
    HeightIndex heights_;
    std::vector<bool> isExact_;
    QCache<int, MessageLayout> layouts_;
    bool followsEnd_ = true;
    bool isSettling_ = false;
    bool canAskAgain_ = false;
    int currentRow_ = -1;
    Selection selection_;
    QPushButton* askAgain_;
};

}  // namespace epi
