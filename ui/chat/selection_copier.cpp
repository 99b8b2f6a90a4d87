#include "ui/chat/selection_copier.h"

#include <utility>

#include <QApplication>
#include <QClipboard>

#include "ui/chat/message_layout.h"

namespace epi {

namespace {

constexpr int kRowsPerStep = 500;

}  // namespace

struct SelectionCopier::Job {
    QPointer<MessageModel> model;
    MessageSelection selection;
    Manner manner;
    int next = 0;  // row
    QString text;
};

QString selectedPart(const markdown::Document& document, markdown::Range range, bool isSource) {
    if (!isSource) return document.shownText().mid(range.begin, range.end - range.begin);
    const markdown::Range source = document.sourceOf(range);
    QString part = document.source().mid(source.begin, source.end - source.begin);
    while (part.endsWith(u'\n'))
        part.chop(1);
    return part;
}

SelectionCopier::SelectionCopier(QObject* parent) : QObject(parent) {}

SelectionCopier::~SelectionCopier() = default;

void SelectionCopier::start(MessageModel& model, const MessageSelection& selection, Manner manner) {
    job_ = std::make_shared<Job>(Job{.model = &model,
                                     .selection = selection,
                                     .manner = std::move(manner),
                                     .next = selection.begin().row,
                                     .text = {}});
    readNext(job_);
}

void SelectionCopier::readNext(const std::shared_ptr<Job>& job) {
    if (job != job_ || !job->model) return;
    const int last = job->selection.end().row;
    if (job->next > last) {
        job_.reset();
        QApplication::clipboard()->setText(job->text);
        Q_EMIT
        ended(last - job->selection.begin().row + 1);
        return;
    }
    const int count = std::min(kRowsPerStep, last - job->next + 1);
    job->model->read(job->next, count, this, [this, job](MessageModel::Items items) {
        if (job != job_) return;
        if (items.empty()) {
            job_.reset();
            Q_EMIT
            ended(0);
            return;
        }
        background_.run(
            this,
            [job, items = std::move(items)] {
                for (const MessageItem& item : items) {
                    const bool showsSource = job->manner.sourceShown.contains(item.id);
                    const markdown::Document document(item.text, MessageLayout::syntaxOf(item, showsSource));
                    if (job->next > job->selection.begin().row) job->text += kBetweenMessages;
                    job->text += selectedPart(document, job->selection.in(job->next), job->manner.isSource);
                    ++job->next;
                }
                return true;
            },
            [this, job](bool) { readNext(job); });
    });
}

}  // namespace epi
