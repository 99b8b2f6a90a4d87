#pragma once

#include <optional>
#include <vector>

#include <QAbstractScrollArea>
#include <QCache>
#include <QElapsedTimer>
#include <QPointer>
#include <QSet>
#include <QTimer>

#include "ui/chat/height_index.h"
#include "ui/chat/message_layout.h"
#include "ui/chat/message_model.h"
#include "ui/chat/message_selection.h"

class QMenu;
class QPushButton;

namespace epi {

class ChatFinder;
class SelectionCopier;

/// Shows a MessageModel. Heights are estimated and become exact when a row comes into sight, while the row at
/// the top stays where it is; only rows in sight hold a layout. Rows that are not in memory are drawn as
/// empty shapes until the model has them. Follows the end of a growing reply as long as the user is at the
/// end, and lays a growing reply out at most once per frame.
class MessageView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit MessageView(QWidget* parent = nullptr);

    void setModel(MessageModel* model);
    [[nodiscard]] MessageModel* model() const { return model_; }
    /// Whether the last reply, when it went wrong, has its "Ask again" button.
    void setCanAskAgain(bool canAskAgain);
    /// Whose hits are marked in the text; null for none. It must outlive the view, or be taken away before.
    void setFinder(const ChatFinder* finder);
    void scrollToRow(int row);
    void scrollToEnd();
    /// Brings a position of a row's text into sight, if it is not.
    void scrollToPosition(ChatPosition position);
    [[nodiscard]] int firstRowInSight() const { return rowAt({0, 0}); }
    /// The first row that is seen from its beginning, or the one that fills the view.
    [[nodiscard]] int anchorRow() const;
    [[nodiscard]] bool followsEnd() const { return followsEnd_; }
    [[nodiscard]] int currentRow() const { return currentRow_; }
    void setCurrentRow(int row);
    /// Shows a reply's text as it was written, or as markdown again.
    void setShowsSource(int row, bool showsSource);
    [[nodiscard]] bool showsSource(int row) const;

    [[nodiscard]] const MessageSelection& selection() const { return selection_; }
    void select(const MessageSelection& selection);
    void selectAll();
    /// The plain text of the selection, messages parted by an empty line; of those that are in memory.
    [[nodiscard]] QString selectedText() const;
    /// The same as it was written, markup included.
    [[nodiscard]] QString selectedSource() const;
    /// The selection, or the current message without one. A long selection is there a little later.
    void copy();
    void copyAsMarkdown();
    /// Brings a row of any height to the top, or somewhat above it, as `rowTop` says where it was.
    void showRowAt(int row, int top);
    /// The layout of a row, made if need be.
    MessageLayout& layoutOf(int row);
    /// The row's top edge in the viewport.
    [[nodiscard]] int rowTop(int row) const;
    /// The row in the viewport; its height may be a guess while it is out of sight.
    [[nodiscard]] QRect rowRect(int row) const;
    /// The row at a point of the viewport; -1 where none is.
    [[nodiscard]] int rowAtPoint(QPoint point) const;
    /// The plain text that a row shows.
    [[nodiscard]] QString shownText(int row) const { return documentOf(row).shownText(); }
    /// What can be done with a message; the caller owns it.
    [[nodiscard]] QMenu* makeMenu(int row);

Q_SIGNALS:
    void askAgainRequested();
    /// The last reply ended at a limit, and the rest of it is wanted.
    void continueRequested();
    /// Another version of a row is wanted: -1 the one before, 1 the next.
    void versionRequested(int row, int delta);
    /// A row's menu is about to be shown; whoever has something to offer adds to it.
    void menuOpening(QMenu* menu, int row);
    void tintToggled();
    /// The chip under the current reply was clicked: where it came from is wanted.
    void detailsRequested();
    /// An episode was chosen to be looked at.
    void episodeActivated(int episode);
    void modelChanged();
    /// A selection that takes a while is being copied; `isDone` when it is in the clipboard, or was given up
    /// with 0 messages.
    void copying(int messages, bool isDone);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    /// A block of a row.
    struct BlockPlace {
        int row = -1;
        int block = -1;
        bool operator==(const BlockPlace&) const = default;
    };

    void reset();
    void layOutAnew();
    void rowsInserted(int first, int last);
    void rowsRemoved(int first, int last);
    /// Other rows stand in the place of `removed` ones from `first` on; what is in sight stays where it is.
    void replaceRows(int first, int removed, int added);
    void rowsChanged(int first, int last, const QList<int>& roles);
    void rowsLoaded(int first, int last);
    void showChanges();
    void settle();
    bool settleQuietly(int growing);
    bool settleOnce(QSet<int>* resized);
    void updateScrollBar();
    void placeAction();
    /// What the button below the last reply does.
    enum class Action { kNone, kAskAgain, kContinue };
    [[nodiscard]] Action actionOf(int row) const;
    void describeAction(Action action);
    [[nodiscard]] MessageSurroundings surroundings(int row) const;
    [[nodiscard]] int rowAt(QPoint point) const;
    [[nodiscard]] bool isRow(int row) const { return model_ && row >= 0 && row < model_->rowCount(); }
    [[nodiscard]] markdown::Document documentOf(int row) const;
    [[nodiscard]] int estimateOf(const HeightEstimate& estimate, int row) const;
    /// What is at the top stays there while heights above it change.
    template <typename Change>
    void keepingTheTop(Change change);
    [[nodiscard]] QString selectedParts(bool isSource) const;
    void copySelection(bool isSource);

    [[nodiscard]] ChatPosition positionAt(QPoint point);
    void extendSelection();
    void setHot(BlockPlace place);
    void copyBlock(BlockPlace place);
    void addBlockActions(QMenu* menu, int row);

    QPointer<MessageModel> model_;
    const ChatFinder* finder_ = nullptr;
    HeightIndex heights_;
    int typicalHeight_ = 0;  // of rows that are not in memory
    std::vector<bool> isExact_;
    QCache<int, MessageLayout> layouts_;
    QSet<qint64> sourceShown_;  // by message
    QSet<int> changed_;         // rows whose layout is not up to date
    QTimer frame_;
    bool followsEnd_ = true;
    bool isSettling_ = false;
    bool canAskAgain_ = false;
    int currentRow_ = -1;
    MessageSelection selection_;
    bool isSelecting_ = false;
    QString pressedLink_;
    QElapsedTimer doubleClicked_;
    QTimer autoScroll_;  // while a selection is drawn beyond the edge
    BlockPlace hot_;
    BlockPlace done_;
    QTimer doneTimer_;
    QPushButton* action_;  // below the last reply
    SelectionCopier* copier_;
};

}  // namespace epi
