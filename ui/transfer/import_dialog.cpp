#include "ui/transfer/import_dialog.h"

#include <QCheckBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/theme/theme.h"
#include "ui/transfer/import_text.h"

namespace epi {

using namespace Qt::StringLiterals;

ImportDialog::ImportDialog(StoreClient& store, const QString& path, QWidget* parent)
    : QDialog(parent),
      path_(path),
      fileName_(QFileInfo(path).fileName()),
      client_(store),
      headline_(new QLabel(this)),
      summary_(new QLabel(this)),
      table_(new QTableView(this)),
      all_(new QCheckBox(tr("&All chats"), this)),
      report_(new QPlainTextEdit(this)),
      progress_(new QProgressBar(this)),
      import_(new QPushButton(this)),
      open_(new QPushButton(tr("&Open the chat"), this)),
      close_(new QPushButton(this)) {
    setWindowTitle(tr("Import chats"));
    buildLayout();
    connect(&client_, &ImportClient::progressed, this, [this](double share) {
        progress_->setRange(0, 1000);
        progress_->setValue(static_cast<int>(share * 1000.0));
    });
    connect(&client_, &ImportClient::finished, this, [this](const ImportResult& result) {
        result.isPreview ? showPreview(result) : showReport(result);
    });
    connect(&client_, &ImportClient::failed, this, [this](const QString&, const Error& error) {
        showFailure(error);
    });
    connect(&model_, &ImportModel::checksChanged, this, &ImportDialog::refreshButton);
    connect(
        all_, &QCheckBox::clicked, this, [this] { model_.checkAll(all_->checkState() != Qt::Unchecked); });
    connect(import_, &QPushButton::clicked, this, &ImportDialog::startImport);
    connect(close_, &QPushButton::clicked, this, &ImportDialog::reject);
    connect(open_, &QPushButton::clicked, this, [this] {
        accept();
        if (first_ != 0) {
            Q_EMIT
            openRequested(first_);
            return;
        }
        Q_EMIT
        anotherRequested();
    });
    setPhase(Phase::kReading);
    client_.preview(path_);
}

void ImportDialog::buildLayout() {
    const Theme& theme = Theme::current();
    for (QLabel* label : {headline_, summary_}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
    }
    headline_->setProperty("textRole", u"title"_s);
    table_->setModel(&model_);
    table_->setAccessibleName(tr("Chats of the file"));
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setShowGrid(false);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setDefaultSectionSize(theme.px(32));
    table_->horizontalHeader()->setSectionResizeMode(ImportModel::kTitle, QHeaderView::Stretch);
    table_->horizontalHeader()->setHighlightSections(false);
    table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    table_->setTabKeyNavigation(false);
    report_->setReadOnly(true);
    report_->setAccessibleName(tr("What was left out"));
    report_->setTabChangesFocus(true);
    progress_->setTextVisible(false);
    progress_->setAccessibleName(tr("Progress of the import"));
    import_->setProperty("isPrimary", true);
    open_->setProperty("isPrimary", true);
    import_->setDefault(true);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(theme.px(24), theme.px(24), theme.px(24), theme.px(16));
    column->setSpacing(theme.px(12));
    column->addWidget(headline_);
    column->addWidget(summary_);
    column->addWidget(progress_);
    column->addWidget(table_, 3);
    column->addWidget(all_);
    column->addWidget(report_, 1);
    column->addStretch(0);  // takes the room where neither of them is shown
    auto* row = new QHBoxLayout();
    row->setSpacing(theme.px(8));
    row->addStretch(1);
    row->addWidget(close_);
    row->addWidget(open_);
    row->addWidget(import_);
    column->addLayout(row);
    resize(theme.px(680), theme.px(520));
}

void ImportDialog::setPhase(Phase phase) {
    phase_ = phase;
    const bool isWorking = phase == Phase::kReading || phase == Phase::kImporting;
    progress_->setVisible(isWorking);
    if (isWorking) progress_->setRange(0, 0);
    table_->setVisible(phase == Phase::kPreview);
    all_->setVisible(phase == Phase::kPreview);
    report_->setVisible(!report_->toPlainText().isEmpty() && !isWorking);
    import_->setVisible(phase == Phase::kPreview);
    open_->setVisible(phase == Phase::kReport);
    close_->setText(phase == Phase::kReport ? tr("&Close") : tr("&Cancel"));
    summary_->setVisible(!summary_->text().isEmpty() && !isWorking);
    if (phase == Phase::kReading) headline_->setText(tr("Reading %1…").arg(fileName_));
    if (phase == Phase::kImporting) headline_->setText(tr("Importing from %1…").arg(fileName_));
}

void ImportDialog::showPreview(const ImportResult& result) {
    headline_->setText(tr("%1 (%2)").arg(fileName_, toQString(result.summary.format)));
    summary_->setText(resultText(result));
    report_->setPlainText(reportLines(result.summary).join(u'\n'));
    model_.assign(result.lines);
    setPhase(Phase::kPreview);
    for (const int column : {ImportModel::kMessages, ImportModel::kDate, ImportModel::kChange})
        table_->resizeColumnToContents(column);
    table_->setCurrentIndex(model_.index(0, 0));
    table_->setFocus();
}

void ImportDialog::refreshButton() {
    const int count = model_.checkedCount();
    import_->setText(tr("&Import %n chat(s)", nullptr, count));
    import_->setEnabled(count > 0);
    const Qt::CheckState state = count == 0                  ? Qt::Unchecked
                                 : count < model_.rowCount() ? Qt::PartiallyChecked
                                                             : Qt::Checked;
    all_->setCheckState(state);
}

void ImportDialog::startImport() {
    if (phase_ != Phase::kPreview || model_.checkedCount() == 0) return;
    setPhase(Phase::kImporting);
    client_.start(path_, model_.skipped());
}

void ImportDialog::showReport(const ImportResult& result) {
    headline_->setText(tr("Imported from %1").arg(fileName_));
    summary_->setText(resultText(result));
    report_->setPlainText(reportLines(result.summary).join(u'\n'));
    QList<qint64> ids;
    for (const ImportLine& line : result.lines)
        ids.append(line.outcome.conversationId);
    first_ = ids.isEmpty() ? 0 : ids.first();
    open_->setText(ids.size() == 1 ? tr("&Open the chat") : tr("&Open the first"));
    setPhase(Phase::kReport);
    open_->setVisible(first_ != 0);
    (first_ != 0 ? open_ : close_)->setFocus();
    Q_EMIT
    imported(ids);
}

void ImportDialog::showFailure(const Error& error) {
    headline_->setText(tr("%1 was not imported").arg(fileName_));
    summary_->setText(describe(error));
    report_->clear();
    open_->setText(tr("&Import another…"));
    setPhase(Phase::kReport);
    open_->setFocus();
}

}  // namespace epi
