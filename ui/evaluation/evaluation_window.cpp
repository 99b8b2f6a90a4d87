#include "ui/evaluation/evaluation_window.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QScreen>
#include <QSpinBox>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/elided_label.h"
#include "ui/memory/job_strip.h"
#include "ui/memory/memory_form.h"
#include "ui/notice_bar.h"
#include "ui/theme/number_field.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

EvaluationWindow::EvaluationWindow(EngineClient& engine,
                                   StoreClient& store,
                                   ConversationSync& sync,
                                   QWidget* parent)
    : QWidget(parent, Qt::Window),
      store_(store),
      session_(engine, store, sync, this),
      results_(session_, this),
      notice_(new NoticeBar(this)),
      table_(new QTableView(this)),
      summary_(new QLabel(this)),
      written_(this, [this](std::vector<Written> all) {
          for (const Written& written : all) {
              if (written.outcome) {
                  notice_->show(NoticeKind::kInformation, tr("Written to %1.").arg(written.path));
                  Q_EMIT
                  exported(written.path);
              } else {
                  notice_->show(
                      NoticeKind::kError,
                      tr("%1 was not written. %2").arg(written.path, describe(written.outcome.error())));
              }
          }
      }) {
    setWindowTitle(tr("Evaluation"));
    writer_.setMaxThreadCount(1);
    table_->setModel(&results_);
    table_->setAccessibleName(tr("Results"));
    table_->setWordWrap(false);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setTabKeyNavigation(false);
    table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
    table_->horizontalHeader()->setHighlightSections(false);
    table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    table_->horizontalHeader()->setSectionResizeMode(ResultModel::kQuestion, QHeaderView::Stretch);
    summary_->setTextFormat(Qt::PlainText);
    summary_->setAccessibleName(tr("Summary"));
    summary_->setWordWrap(true);
    summary_->setProperty("textRole", u"strong"_s);
    auto* column = new QVBoxLayout(this);
    column->addWidget(notice_);
    column->addWidget(makeSettings());
    column->addWidget(makeToolRow());
    column->addWidget(table_, 1);
    column->addWidget(summary_);
    applyTheme();

    connect(&session_, &EvaluationSession::opened, this, [this] {
        showCategories();
        setPlan(session_.plan());
        refreshSummary();
    });
    connect(&session_, &EvaluationSession::stateChanged, this, &EvaluationWindow::refresh);
    connect(&session_, &EvaluationSession::answered, this, [this](qint64 question) {
        table_->scrollTo(results_.index(results_.rowOf(question), 0));
        refresh();
        refreshSummary();
    });
    connect(&session_, &EvaluationSession::progressed, this, [this](const Progress& progress) {
        const QString rate = rateText(progress);
        progress_->setText(progressText(progress) + (rate.isEmpty() ? QString() : u" · "_s + rate));
    });
    connect(&session_, &EvaluationSession::failed, this, [this](const Error& error) {
        notice_->show(NoticeKind::kError, tr("The evaluation paused. %1").arg(describe(error)));
    });
    readConversations();
    refresh();
}

QWidget* EvaluationWindow::makeSettings() {
    auto* box = new QWidget(this);
    conversation_ = new QComboBox(box);
    conversation_->setAccessibleName(tr("Conversation"));
    conversation_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    conversation_->setMinimumContentsLength(34);
    memory_ = new MemoryForm(box);
    limit_ = new NumberField<QSpinBox>(box);
    limit_->setRange(0, 100'000);
    limit_->setSpecialValueText(tr("All"));
    limit_->setAccessibleName(tr("Number of questions"));
    auto* conversationLabel = new QLabel(tr("&Conversation"), box);
    conversationLabel->setBuddy(conversation_);
    auto* limitLabel = new QLabel(tr("&Questions"), box);
    limitLabel->setBuddy(limit_);
    auto* categories = new QWidget(box);
    categoryRow_ = new QHBoxLayout(categories);
    categoryRow_->setContentsMargins(0, 0, 0, 0);
    categoryRow_->addStretch(1);

    auto* grid = new QGridLayout(box);
    settings_ = grid;
    grid->setContentsMargins(0, 0, 0, 0);
    grid->addWidget(conversationLabel, 0, 0);
    grid->addWidget(limitLabel, 0, 1);
    grid->addWidget(conversation_, 1, 0);
    grid->addWidget(limit_, 1, 1);
    grid->addWidget(categories, 4, 0, 1, 3);
    connect(conversation_, &QComboBox::currentIndexChanged, this, [this](int index) {
        if (index >= 0) session_.open(conversation_->itemData(index).toLongLong());
    });
    return box;
}

QWidget* EvaluationWindow::makeToolRow() {
    auto* box = new QWidget(this);
    run_ = new QPushButton(box);
    run_->setProperty("isPrimary", true);
    progress_ = new ElidedLabel(box);
    progress_->setProperty("textRole", u"secondary"_s);
    exportCsv_ = new QPushButton(tr("Export C&SV…"), box);
    exportJson_ = new QPushButton(tr("Export &JSON…"), box);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(run_);
    row->addWidget(progress_, 1);
    row->addWidget(exportCsv_);
    row->addWidget(exportJson_);
    connect(run_, &QPushButton::clicked, this, &EvaluationWindow::toggleRun);
    connect(exportCsv_, &QPushButton::clicked, this, [this] { chooseExport(u"csv"_s); });
    connect(exportJson_, &QPushButton::clicked, this, [this] { chooseExport(u"json"_s); });
    return box;
}

void EvaluationWindow::readConversations() {
    store_.request(
        this,
        [](Store& store) { return store.conversations(); },
        [this](Result<std::vector<ConversationRecord>> records) {
            if (!records) {
                notice_->show(NoticeKind::kError, describe(records.error()));
                return;
            }
            conversation_->clear();
            for (const ConversationRecord& record : *records) {
                if (record.questionCount == 0) continue;
                const QString questions =
                    tr("%n question(s)", nullptr, static_cast<int>(record.questionCount));
                conversation_->addItem(toQString(record.title) + u" · "_s + questions,
                                       static_cast<qint64>(record.id));
            }
            if (conversation_->count() == 0) {
                notice_->show(
                    NoticeKind::kInformation,
                    tr("No conversation has questions yet. Import a benchmark file such as LoCoMo."));
            }
            setConversation(wanted_);
        });
}

void EvaluationWindow::setConversation(qint64 id) {
    wanted_ = id;
    const int index = conversation_->findData(id);
    if (index >= 0) conversation_->setCurrentIndex(index);
}

void EvaluationWindow::showCategories() {
    std::map<std::int32_t, int> counts;
    for (const QuestionRecord& question : session_.questions())
        ++counts[question.question.category];
    for (QCheckBox* box : categories_)
        box->deleteLater();
    categories_.clear();
    for (const auto& [category, count] : counts) {
        auto* box = new QCheckBox(tr("Category &%1 (%2)").arg(category).arg(count), this);
        box->setProperty("category", category);
        categoryRow_->insertWidget(categoryRow_->count() - 1, box);
        categories_.push_back(box);
    }
}

EvaluationPlan EvaluationWindow::plan() const {
    EvaluationPlan plan{
        .memory = memory_->options(), .sampling = session_.plan().sampling, .limit = limit_->value()};
    std::size_t chosen = 0;
    for (const QCheckBox* box : categories_)
        chosen += box->isChecked() ? 1 : 0;
    if (chosen == categories_.size()) return plan;
    for (const QCheckBox* box : categories_) {
        if (box->isChecked()) plan.categories.insert(box->property("category").toInt());
    }
    return plan;
}

void EvaluationWindow::setPlan(const EvaluationPlan& plan) {
    memory_->setOptions(plan.memory);
    limit_->setValue(plan.limit);
    for (QCheckBox* box : categories_) {
        box->setChecked(plan.categories.empty() ||
                        plan.categories.contains(box->property("category").toInt()));
    }
}

void EvaluationWindow::toggleRun() {
    if (session_.state() == EvaluationSession::State::kRunning) {
        session_.pause();
    } else {
        notice_->hide();
        session_.start(plan());
    }
}

void EvaluationWindow::refresh() {
    const auto state = session_.state();
    const bool isRunning = state == EvaluationSession::State::kRunning;
    const bool isLocked = isRunning || state == EvaluationSession::State::kStarting;
    run_->setText(isRunning                                    ? tr("&Pause")
                  : state == EvaluationSession::State::kPaused ? tr("&Resume")
                                                               : tr("&Run"));
    run_->setEnabled(state != EvaluationSession::State::kEmpty &&
                     state != EvaluationSession::State::kStarting);
    for (QWidget* field : {static_cast<QWidget*>(conversation_),
                           static_cast<QWidget*>(memory_),
                           static_cast<QWidget*>(limit_)}) {
        field->setEnabled(!isLocked);
    }
    for (QCheckBox* box : categories_)
        box->setEnabled(!isLocked);
    const bool hasAnswers = session_.answerCount() > 0;
    exportCsv_->setEnabled(hasAnswers);
    exportJson_->setEnabled(hasAnswers);
    const QString count =
        tr("%1 of %n question(s) answered", nullptr, static_cast<int>(session_.selected().size()))
            .arg(session_.answerCount());
    switch (state) {
        case EvaluationSession::State::kEmpty:
        case EvaluationSession::State::kIdle:
            progress_->clear();
            break;
        case EvaluationSession::State::kStarting:
            progress_->setText(tr("Starting…"));
            break;
        case EvaluationSession::State::kRunning:
            progress_->setText(count);
            break;
        case EvaluationSession::State::kPaused:
            progress_->setText(tr("Paused: %1").arg(count));
            break;
        case EvaluationSession::State::kDone:
            progress_->setText(tr("Done: %1").arg(count));
            break;
    }
}

void EvaluationWindow::refreshSummary() {
    const QLocale locale;
    const Means means = summaryOf(session_.report());
    if (means.overall.questions == 0) {
        summary_->setText(tr("Mean F1 per category appears here with the first answer."));
        return;
    }
    const auto line = [&locale](const QString& name, const Mean& mean) {
        return tr("%1: F1 %2 (%3)")
            .arg(name,
                 locale.toString(mean.score, 'f', 3),
                 locale.toString(static_cast<qlonglong>(mean.questions)));
    };
    QStringList parts{line(tr("All"), means.overall)};
    for (const CategoryMean& category : means.categories) {
        parts << line(tr("Category %1").arg(category.category), category.mean);
    }
    summary_->setText(parts.join(u"   ·   "_s));
}

QString EvaluationWindow::summary() const {
    return summary_->text();
}

void EvaluationWindow::chooseExport(const QString& suffix) {
    auto* dialog =
        new QFileDialog(this, tr("Export results"), {}, tr("%1 files (*.%2)").arg(suffix.toUpper(), suffix));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(suffix);
    connect(dialog, &QFileDialog::fileSelected, this, &EvaluationWindow::exportTo);
    dialog->open();
}

void EvaluationWindow::exportTo(const QString& path) {
    writer_.start([this, path, report = session_.report()] {
        written_.push({path, writeReport(std::filesystem::path(toUtf8(path)), report)});
    });
}

void EvaluationWindow::keyPressEvent(QKeyEvent* event) {
    if (event->key() != Qt::Key_Escape) return QWidget::keyPressEvent(event);
    close();  // a run goes on, as one of the jobs
}

void EvaluationWindow::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void EvaluationWindow::applyTheme() {
    const Theme& theme = Theme::current();
    const int margin = theme.px(16);
    layout()->setContentsMargins(margin, margin, margin, margin);
    layout()->setSpacing(theme.px(12));
    settings_->setHorizontalSpacing(theme.px(12));
    settings_->setVerticalSpacing(theme.px(4));
    conversation_->setMinimumHeight(theme.px(32));
    limit_->setMinimumHeight(theme.px(32));
    table_->verticalHeader()->setDefaultSectionSize(theme.px(32));
    for (const auto& [column, width] : {std::pair{ResultModel::kCategory, 84},
                                        {ResultModel::kExpected, 180},
                                        {ResultModel::kAnswer, 240},
                                        {ResultModel::kF1, 64},
                                        {ResultModel::kEpisode, 76},
                                        {ResultModel::kSeconds, 76}}) {
        table_->setColumnWidth(column, theme.px(width));
    }
    // Beside the conversation, or below where text is large.
    settings_->removeWidget(memory_);
    if (theme.isLarge()) {
        settings_->addWidget(memory_, 2, 0, 1, 3);
    } else {
        settings_->addWidget(memory_, 0, 2, 2, 1);
    }
    settings_->setColumnStretch(0, theme.isLarge() ? 1 : 0);
    settings_->setColumnStretch(2, theme.isLarge() ? 0 : 1);
    conversation_->setMinimumContentsLength(theme.isLarge() ? 16 : 34);
    const QSize most = screen()->availableSize();
    resize(std::max(width(), std::min(theme.px(1080), most.width() - theme.px(32))),
           std::max(height(), std::min(theme.px(640), most.height() - theme.px(64))));
}

}  // namespace epi
