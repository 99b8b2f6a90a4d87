#include "ui/settings/data_page.h"

#include <filesystem>
#include <system_error>

#include <QDate>
#include <QDesktopServices>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QStandardPaths>
#include <QUrl>

#include "core/base/paths.h"
#include "core/format/cache_folder.h"
#include "storage/backup.h"
#include "ui/bridge/text.h"
#include "ui/elided_label.h"
#include "ui/theme/number_field.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kGibibyte = qint64{1} << 30;

QString useText(const FolderUse& use) {
    return DataPage::tr("%1 in %n file(s)", nullptr, static_cast<int>(use.files))
        .arg(QLocale().formattedDataSize(use.bytes));
}

/// The database, its log and its backups; not the models folder beside it.
FolderUse chatsUse(const std::filesystem::path& database) {
    FolderUse use;
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code failure;
        const auto size = std::filesystem::file_size(database.string() + suffix, failure);
        if (failure) continue;
        ++use.files;
        use.bytes += static_cast<std::int64_t>(size);
    }
    return use;
}

}  // namespace

DataPage::DataPage(PreferenceStore& preferences, StoreClient& store, QWidget* parent)
    : SettingsForm(parent), preferences_(preferences), store_(store) {
    addHeading(tr("Data"));
    std::error_code failure;  // a path that cannot be made whole is shown as none
    chatsSize_ = addFolder(tr("Chats"), std::filesystem::absolute(store.file(), failure).parent_path());
    modelsSize_ = addFolder(tr("Models"), paths::models());
    cachesSize_ = addFolder(tr("Episode caches"), paths::episodeCaches());

    limit_ = new NumberField<QSpinBox>(content());
    limit_->setRange(0, 4096);
    limit_->setSpecialValueText(tr("No limit"));
    limit_->setSuffix(tr(" GB"));
    limit_->setValue(static_cast<int>(preferences.current().cacheLimitBytes / kGibibyte));
    addRow(tr("Cache &limit"),
           limit_,
           tr("Caches that were unused the longest are removed first; a chat that needs "
              "one again builds it anew."));
    connect(limit_, &QSpinBox::editingFinished, this, &DataPage::trim);

    addHeading(tr("Backup"));
    backup_ = new QPushButton(tr("&Back up chats…"), content());
    addRow(tr("Copy"),
           backup_,
           tr("One file with all chats, episodes and settings. Models and caches are not in it."));
    connect(backup_, &QPushButton::clicked, this, &DataPage::chooseBackup);
    backupState_ = new QLabel(content());
    backupState_->setTextFormat(Qt::PlainText);
    backupState_->setWordWrap(true);
    addWide(backupState_);
    addStretch();
}

QLabel* DataPage::addFolder(const QString& title, const std::filesystem::path& folder) {
    auto* line = new QWidget(content());
    line->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    auto* path = new ElidedLabel(line);
    path->setText(toQString(folder.string()));
    auto* open = new QPushButton(tr("Open folder"), line);
    open->setAccessibleName(tr("Open folder: %1").arg(title));
    auto* row = new QHBoxLayout(line);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(path, 1);
    row->addWidget(open);
    connect(open, &QPushButton::clicked, this, [folder] {
        QDesktopServices::openUrl(QUrl::fromLocalFile(toQString(folder.string())));
    });
    return addRow(title, line, tr("Measuring…"));
}

void DataPage::showEvent(QShowEvent* event) {
    SettingsForm::showEvent(event);
    measure();
}

void DataPage::measure() {
    const auto show = [this](QLabel* label, auto work) {
        background_.run(
            this, std::move(work), [label](const FolderUse& use) { label->setText(useText(use)); });
    };
    show(chatsSize_, [file = store_.file()] { return chatsUse(file); });
    show(modelsSize_, [] { return folderUse(paths::models()); });
    show(cachesSize_, [] { return folderUse(paths::episodeCaches()); });
}

void DataPage::trim() {
    const qint64 bytes = limit_->value() * kGibibyte;
    preferences_.change([bytes](Preferences& p) { p.cacheLimitBytes = bytes; });
    if (bytes == 0) return;
    background_.run(
        this,
        [bytes] { return trimCacheFolder(paths::episodeCaches(), bytes); },
        [this](const Result<FolderUse>& removed) {
            measure();
            if (!removed) cachesSize_->setText(describe(removed.error()));
        });
}

void DataPage::chooseBackup() {
    const QString name = u"epichat-%1.db"_s.arg(QDate::currentDate().toString(Qt::ISODate));
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
    auto* dialog =
        new QFileDialog(this, tr("Back up chats"), folder, tr("EpiChat backup (*.db);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(name);
    connect(dialog, &QFileDialog::fileSelected, this, &DataPage::backUp);
    dialog->open();
}

void DataPage::backUp(const QString& file) {
    backup_->setEnabled(false);
    backupState_->setText(tr("Copying…"));
    background_.run(
        this,
        [from = store_.file(), to = std::filesystem::path(toUtf8(file))] { return backUpDatabase(from, to); },
        [this, file](const Result<std::int64_t>& bytes) {
            backup_->setEnabled(true);
            backupState_->setText(
                bytes ? tr("Copied to %1 (%2).").arg(file, QLocale().formattedDataSize(*bytes))
                      : tr("No copy was made. %1").arg(describe(bytes.error())));
        });
}

QString DataPage::backupText() const {
    return backupState_->text();
}

}  // namespace epi
