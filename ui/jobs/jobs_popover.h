#pragma once

#include <map>

#include <QFrame>

class QLabel;
class QVBoxLayout;

namespace epi {

class JobBoard;
class JobStrip;

/// All running jobs with progress, time left and Cancel, above the status strip. Escape or a click elsewhere
/// closes it.
class JobsPopover final : public QFrame {
    Q_OBJECT

public:
    JobsPopover(JobBoard& board, QWidget* parent);

    /// Shows it with its lower right corner at this point of the screen.
    void popUp(const QPoint& corner);
    [[nodiscard]] std::vector<JobStrip*> rows() const;

private:
    void refresh();
    void advance(int id);
    void place();

    JobBoard& board_;
    QVBoxLayout* column_;
    QLabel* nothing_;
    std::map<int, JobStrip*> rows_;
    QPoint corner_;
};

}  // namespace epi
