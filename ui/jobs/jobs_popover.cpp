#include "ui/jobs/jobs_popover.h"

#include <QLabel>
#include <QVBoxLayout>

#include "ui/jobs/job_board.h"
#include "ui/memory/job_strip.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

JobsPopover::JobsPopover(JobBoard& board, QWidget* parent)
    : QFrame(parent, Qt::Popup),
      board_(board),
      column_(new QVBoxLayout(this)),
      nothing_(new QLabel(tr("Nothing is running."), this)) {
    setObjectName(u"popover"_s);
    setAccessibleName(tr("Running jobs"));
    auto* title = new QLabel(tr("Running jobs"), this);
    title->setTextFormat(Qt::PlainText);
    title->setProperty("textRole", u"strong"_s);
    nothing_->setTextFormat(Qt::PlainText);
    nothing_->setProperty("textRole", u"secondary"_s);
    const Theme& theme = Theme::current();
    title->setContentsMargins(theme.px(16), theme.px(12), theme.px(16), 0);
    nothing_->setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(12));
    column_->setContentsMargins(0, 0, 0, theme.px(4));
    column_->setSpacing(0);
    column_->addWidget(title);
    column_->addWidget(nothing_);
    connect(&board, &JobBoard::changed, this, &JobsPopover::refresh);
    connect(&board, &JobBoard::advanced, this, &JobsPopover::advance);
    refresh();
}

void JobsPopover::refresh() {
    std::erase_if(rows_, [this](const auto& row) {
        if (board_.find(row.first) != nullptr) return false;
        row.second->hide();
        row.second->deleteLater();
        return true;
    });
    for (const JobBoard::Job& job : board_.jobs()) {
        if (rows_.contains(job.id)) continue;
        auto* row = new JobStrip(this);
        row->begin(job.title);
        row->setTitle(job.title);
        row->setCancellable(static_cast<bool>(job.cancel));
        connect(row, &JobStrip::cancelRequested, this, [this, id = job.id] {
            const JobBoard::Job* found = board_.find(id);
            if (found != nullptr && found->cancel) std::function<void()>(found->cancel)();
        });
        rows_[job.id] = row;
        column_->addWidget(row);
        advance(job.id);
    }
    nothing_->setVisible(rows_.empty());
    if (isVisible()) place();
}

void JobsPopover::advance(int id) {
    const JobBoard::Job* job = board_.find(id);
    const auto row = rows_.find(id);
    if (job != nullptr && job->progress && row != rows_.end()) row->second->advance(*job->progress);
}

std::vector<JobStrip*> JobsPopover::rows() const {
    std::vector<JobStrip*> all;
    for (const auto& [id, row] : rows_)
        all.push_back(row);
    return all;
}

void JobsPopover::popUp(const QPoint& corner) {
    corner_ = corner;
    place();
    show();
    if (!rows_.empty()) rows_.begin()->second->setFocus();
}

void JobsPopover::place() {
    setFixedWidth(Theme::current().px(420));
    adjustSize();
    move(corner_ - QPoint(width(), height()));
}

}  // namespace epi
