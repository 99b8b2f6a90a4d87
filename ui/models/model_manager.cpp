#include "ui/models/model_manager.h"

#include <filesystem>

#include <QDialogButtonBox>
#include <QDragEnterEvent>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QLocale>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QScreen>
#include <QScrollArea>
#include <QStackedWidget>
#include <QStyle>
#include <QUrl>
#include <QVBoxLayout>

#include "core/base/digest.h"
#include "core/base/paths.h"
#include "core/format/model_files.h"
#include "ui/bridge/text.h"
#include "ui/jobs/job_board.h"
#include "ui/models/download_dialog.h"
#include "ui/models/load_panel.h"
#include "ui/models/model_delegate.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QLabel* makeLabel(QWidget* parent, const QString& role = {}) {
    auto* label = new QLabel(parent);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    if (!role.isEmpty()) label->setProperty("textRole", role);
    return label;
}

/// "Architecture: llama" and so on, one fact a line; what the file does not give is left out.
QString factsText(const ModelFacts& facts) {
    const QLocale locale;
    const auto number = [&locale](std::int64_t value) {
        return locale.toString(static_cast<qlonglong>(value));
    };
    QStringList lines;
    const auto add = [&lines](const QString& name, const QString& value) {
        if (!value.isEmpty()) lines << ModelManager::tr("%1: %2").arg(name, value.simplified().left(200));
    };
    add(ModelManager::tr("Name"), toQString(facts.title));
    add(ModelManager::tr("By"), toQString(facts.author));
    add(ModelManager::tr("Architecture"), toQString(facts.architecture));
    add(ModelManager::tr("Parameters"), number(facts.parameters));
    add(ModelManager::tr("Size"), locale.formattedDataSize(facts.fileBytes));
    QStringList types;
    for (const auto& [type, count] : facts.tensorTypes)
        types << ModelManager::tr("%1 × %2").arg(number(count), toQString(type));
    add(ModelManager::tr("Tensors"), types.join(u", "_s));
    if (facts.trainedContext > 0) {
        add(ModelManager::tr("Trained context"),
            ModelManager::tr("%Ln token(s)", nullptr, static_cast<int>(facts.trainedContext)));
    }
    if (facts.layers > 0) {
        add(ModelManager::tr("Shape"),
            ModelManager::tr("%1, %2").arg(
                ModelManager::tr("%Ln layer(s)", nullptr, static_cast<int>(facts.layers)),
                ModelManager::tr("%Ln KV head(s) of %1", nullptr, static_cast<int>(facts.kvHeads))
                    .arg(number(facts.headDim))));
    }
    add(ModelManager::tr("Licence"),
        facts.licence.empty() ? ModelManager::tr("not given in the file") : toQString(facts.licence));
    add(ModelManager::tr("Chat template"),
        facts.hasChatTemplate ? ModelManager::tr("in the file")
                              : ModelManager::tr("none, made for completing text"));
    return lines.join(u'\n');
}

}  // namespace

ModelManager::ModelManager(Parts parts, QWidget* parent)
    : QDialog(parent),
      engine_(parts.engine),
      preferences_(parts.preferences),
      jobs_(parts.jobs),
      downloads_(std::move(parts.downloads)) {
    setWindowTitle(tr("Models"));
    setObjectName(u"models"_s);
    setAcceptDrops(true);
    notice_ = makeLabel(this);
    notice_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    notice_->hide();
    auto* buttons = new QDialogButtonBox(this);
    QPushButton* close = buttons->addButton(tr("&Close"), QDialogButtonBox::RejectRole);
    close->setAutoDefault(false);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::close);
    auto* row = new QHBoxLayout;
    row->addWidget(makeList(), 2);
    side_ = new QStackedWidget(this);
    side_->addWidget(makeDetails());
    QLabel* nothing = makeLabel(side_, u"empty"_s);
    nothing->setText(
        tr("No model is chosen.\n\nAdd a GGUF file with the button or by dropping it here. EpiChat "
           "downloads nothing by itself."));
    nothing->setAlignment(Qt::AlignCenter);
    side_->addWidget(nothing);
    side_->setCurrentIndex(1);
    row->addWidget(side_, 3);
    auto* column = new QVBoxLayout(this);
    column->addLayout(row, 1);
    column->addWidget(notice_);
    column->addWidget(buttons);
    connect(&engine_, &EngineClient::stateChanged, this, &ModelManager::refreshEngine);
    connect(&engine_, &EngineClient::greeted, this, &ModelManager::scan);
    connect(&preferences_, &PreferenceStore::changed, this, &ModelManager::refreshDownloads);
    applyTheme();
    const Theme& theme = Theme::current();
    const QSize available = parent->screen()->availableSize();
    resize(std::min(theme.px(920), available.width() - theme.px(32)),
           std::min(theme.px(620), available.height() - theme.px(64)));
    refreshEngine();
    refreshDownloads();
    scan();
    list_->setFocus();
}

ModelManager::~ModelManager() {
    if (checking_) checking_->cancel();
}

QWidget* ModelManager::makeList() {
    auto* side = new QWidget(this);
    list_ = new QListView(side);
    list_->setModel(&models_);
    list_->setItemDelegate(new ModelDelegate(list_));
    list_->setAccessibleName(tr("Models"));
    list_->setUniformItemSizes(true);
    list_->setProperty("isField", true);
    list_->setMouseTracking(true);
    auto* addFiles = new QPushButton(tr("Add &files…"), side);
    auto* addFolder = new QPushButton(tr("Add f&older…"), side);
    download_ = new QPushButton(tr("Do&wnload…"), side);
    download_->setAccessibleDescription(tr("Fetches a model from an address, by a program of its own"));
    downloadHint_ = makeLabel(side, u"secondary"_s);
    downloadHint_->setText(tr("Downloads are off. They are allowed in the settings, under General."));
    for (QPushButton* button : {addFiles, addFolder, download_})
        button->setAutoDefault(false);
    addButtons_ = new QBoxLayout(QBoxLayout::LeftToRight);
    addButtons_->addWidget(addFiles);
    addButtons_->addWidget(addFolder);
    addButtons_->addStretch(1);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(list_, 1);
    column->addLayout(addButtons_);
    column->addWidget(download_, 0, Qt::AlignLeft);
    column->addWidget(downloadHint_);
    connect(download_, &QPushButton::clicked, this, &ModelManager::askForDownload);
    connect(addFiles, &QPushButton::clicked, this, &ModelManager::chooseFiles);
    connect(addFolder, &QPushButton::clicked, this, &ModelManager::chooseFolder);
    connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this, &ModelManager::showChosen);
    return side;
}

QWidget* ModelManager::makeDetails() {
    auto* side = new QWidget(this);
    auto* scroll = new QScrollArea(side);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* page = new QWidget(scroll);
    page->setObjectName(u"settingsPage"_s);
    title_ = makeLabel(page, u"title"_s);
    details_ = makeLabel(page);
    details_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    details_->setAccessibleName(tr("Details of the model"));
    check_ = new QPushButton(tr("Chec&ksum"), page);
    check_->setAccessibleDescription(tr("Reads the whole file and shows its SHA-256"));
    remove_ = new QPushButton(tr("Move to &trash…"), page);
    for (QPushButton* button : {check_, remove_})
        button->setAutoDefault(false);
    fileButtons_ = new QBoxLayout(QBoxLayout::LeftToRight);
    fileButtons_->addWidget(check_);
    fileButtons_->addWidget(remove_);
    fileButtons_->addStretch(1);
    loadHeading_ = makeLabel(page, u"strong"_s);
    loadHeading_->setText(tr("Load"));
    load_ = new LoadPanel(page);
    auto* column = new QVBoxLayout(page);
    column->addWidget(title_);
    column->addWidget(details_);
    column->addLayout(fileButtons_);
    column->addWidget(loadHeading_);
    column->addWidget(load_);
    column->addStretch(1);
    scroll->setWidget(page);
    auto* rows = new QVBoxLayout(side);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->addWidget(scroll, 1);
    rows->addWidget(load_->actions());
    // As far from the edges as the page above it is.
    int left = 0, top = 0, right = 0, bottom = 0;
    column->getContentsMargins(&left, &top, &right, &bottom);
    load_->actions()->layout()->setContentsMargins(left, 0, right, 0);
    connect(check_, &QPushButton::clicked, this, &ModelManager::checkChosen);
    connect(remove_, &QPushButton::clicked, this, &ModelManager::confirmRemoval);
    connect(load_, &LoadPanel::cancelRequested, &engine_, &EngineClient::cancelLoading);
    connect(load_, &LoadPanel::loadRequested, this, [this] {
        const ModelEntry* entry = chosen();
        if (entry == nullptr) return;
        const QString name = entry->name;
        preferences_.change([&](Preferences& p) { p.models[name] = load_->choice(); });
        Q_EMIT
        loadRequested(name);
    });
    return side;
}

bool ModelManager::isEngineHere() const {
    return preferences_.current().engineCommand.isEmpty();
}

void ModelManager::scan() {
    ++scan_;
    if (!isEngineHere()) {
        std::vector<ModelEntry> entries;
        if (engine_.hello()) {
            for (const ModelSummary& model : engine_.hello()->models) {
                if (!model.isPresent) continue;
                entries.push_back({.name = toQString(model.path),
                                   .title = toQString(model.title),
                                   .folder = {},
                                   .bytes = model.sizeBytes,
                                   .isHere = false});
            }
        }
        models_.assign(std::move(entries));
        Q_EMIT
        scanned();
        return;
    }
    std::vector<std::filesystem::path> places{paths::models()};
    for (const QString& folder : preferences_.current().modelFolders)
        places.emplace_back(toUtf8(folder));
    background_.run(
        this,
        [places = std::move(places)] { return findModelFiles(places); },
        [this, number = scan_](const std::vector<ModelFile>& files) {
            if (number != scan_) return;  // begun before the places were changed, and slower
            const QString before = shown_;
            std::vector<ModelEntry> entries;
            for (const ModelFile& file : files) {
                const QFileInfo info(toQString(file.path.string()));
                entries.push_back({.name = info.filePath(),
                                   .title = info.completeBaseName(),
                                   .folder = info.path(),
                                   .bytes = file.bytes});
            }
            models_.assign(std::move(entries));
            refreshEngine();
            choose(!fetched_.isEmpty() ? std::exchange(fetched_, {})
                   : !before.isEmpty() ? before
                   : engine_.model()   ? toQString(engine_.model()->path)
                                       : QString());
            Q_EMIT
            scanned();
        });
}

void ModelManager::addPlaces(const QStringList& paths) {
    QStringList known = preferences_.current().modelFolders;
    QStringList refused;
    for (const QString& path : paths) {
        const QFileInfo info(path);
        const bool isModel = info.isDir() || info.suffix().compare(u"gguf"_s, Qt::CaseInsensitive) == 0;
        if (!isModel) {
            refused << info.fileName();
        } else if (!known.contains(info.absoluteFilePath())) {
            known << info.absoluteFilePath();
        }
    }
    say(refused.isEmpty() ? QString() : tr("No model files (*.gguf): %1").arg(refused.join(u", "_s)), true);
    preferences_.change([&known](Preferences& p) { p.modelFolders = known; });
    scan();
}

void ModelManager::choose(const QString& name) {
    const int row = models_.rowOf(name);
    if (row >= 0) {
        list_->setCurrentIndex(models_.index(row));
    } else if (!list_->currentIndex().isValid() && models_.rowCount() > 0) {
        list_->setCurrentIndex(models_.index(0));
    }
    showChosen();
}

const ModelEntry* ModelManager::chosen() const {
    const QModelIndex index = list_->currentIndex();
    return index.isValid() ? &models_.at(index.row()) : nullptr;
}

void ModelManager::showChosen() {
    const ModelEntry* entry = chosen();
    side_->setCurrentIndex(entry != nullptr ? 0 : 1);
    if (entry == nullptr || entry->name == shown_) return;
    shown_ = entry->name;
    title_->setText(entry->title);
    details_->setText(entry->isHere ? tr("Reading…") : tr("On the engine's machine: %1").arg(entry->name));
    check_->setEnabled(entry->isHere);
    remove_->setEnabled(entry->isHere);
    load_->setModel(
        std::nullopt, preferences_.current().defaultsOf(entry->name), preferences_.current().memory);
    if (!entry->isHere) return;
    background_.run(
        this,
        [path = std::filesystem::path(toUtf8(entry->name))] { return readModelFacts(path); },
        [this, shown = *entry](const Result<ModelFacts>& facts) {
            if (shown_ == shown.name) showFacts(shown, facts);
        });
}

void ModelManager::showFacts(const ModelEntry& entry, const Result<ModelFacts>& facts) {
    if (facts) {
        details_->setText(factsText(*facts) + u'\n' + tr("File: %1").arg(entry.name));
        load_->setModel(*facts, preferences_.current().defaultsOf(entry.name), preferences_.current().memory);
    } else {
        details_->setText(tr("This file cannot be used. %1").arg(describe(facts.error())));
    }
    loadHeading_->setVisible(facts.has_value());
    load_->setVisible(facts.has_value());
    load_->actions()->setVisible(facts.has_value());
    Q_EMIT
    detailsShown();
}

void ModelManager::refreshEngine() {
    models_.setLoaded(engine_.model() ? toQString(engine_.model()->path) : QString());
    load_->setEngine(engine_.hello() && engine_.hello()->hasCuda, isEngineHere());
    load_->setLoading(engine_.state() == EngineClient::State::kLoadingModel);
}

void ModelManager::checkChosen() {
    const ModelEntry* entry = chosen();
    if (entry == nullptr || !entry->isHere || checking_) return;
    const CancelToken token;
    checking_ = token;
    check_->setEnabled(false);
    const int job = jobs_.begin(tr("Checksum of %1").arg(entry->title), [token] { token.cancel(); });
    const auto progress = [this, job](std::uint64_t done, std::uint64_t total) {
        background_.tell([this, job, done, total] {
            jobs_.advance(job,
                          Progress{.phase = "checking",
                                   .done = static_cast<std::int64_t>(done),
                                   .total = static_cast<std::int64_t>(total),
                                   .unit = "bytes"});
        });
    };
    background_.run(
        this,
        [path = std::filesystem::path(toUtf8(entry->name)), token, progress] {
            return sha256OfFile(path, token, progress);
        },
        [this, job, name = entry->name](const Result<Digest256>& digest) {
            jobs_.end(job);
            checking_.reset();
            check_->setEnabled(true);
            if (shown_ != name) return;
            details_->setText(details_->text() + u'\n' +
                              (digest ? tr("SHA-256: %1").arg(toQString(hex(*digest)))
                                      : tr("No checksum. %1").arg(describe(digest.error()))));
        });
}

void ModelManager::refreshDownloads() {
    const bool isAllowed = preferences_.current().allowsDownloads;
    download_->setVisible(isAllowed && isEngineHere());
    downloadHint_->setVisible(!isAllowed && isEngineHere());
}

DownloadDialog* ModelManager::askForDownload() {
    if (!preferences_.current().allowsDownloads || !isEngineHere()) return nullptr;
    auto* dialog = new DownloadDialog(toQString(paths::models().string()), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &DownloadDialog::downloadRequested, this, &ModelManager::download);
    dialog->open();
    return dialog;
}

void ModelManager::download(const DownloadWish& wish) {
    say({});
    ++running_;
    auto* download = new ModelDownload(this);
    const int job = jobs_.begin(tr("Download of %1").arg(wish.name), [download] { download->cancel(); });
    connect(download, &ModelDownload::progressed, this, [this, job](const Progress& progress) {
        jobs_.advance(job, progress);
    });
    connect(download,
            &ModelDownload::finished,
            this,
            [this, job, download, wish](const Result<FetchedModel>& result) {
                jobs_.end(job);
                --running_;
                endDownload(wish, result);
                download->deleteLater();
            });
    download->start(downloads_, wish);
}

void ModelManager::endDownload(const DownloadWish& wish, const Result<FetchedModel>& result) {
    QString text;
    if (result) {
        const QString size = QLocale().formattedDataSize(result->bytes);
        text =
            wish.sha256.isEmpty()
                ? tr("%1 (%2) was fetched. Its SHA-256, to compare: %3").arg(wish.name, size, result->sha256)
                : tr("%1 (%2) was fetched. Its SHA-256 is as expected.").arg(wish.name, size);
        fetched_ = toQString(std::filesystem::path(toUtf8(result->file)).lexically_normal().string());
        scan();
    } else if (result.error().code == ErrorCode::kCancelled) {
        text = tr("The download of %1 was stopped. What is there stays, and the next download from that "
                  "address goes on from it.")
                   .arg(wish.name);
    } else {
        text = tr("%1 was not fetched: %2.").arg(wish.name, messageText(result.error().message));
    }
    const bool isStopped = !result && result.error().code == ErrorCode::kCancelled;
    say(text, !result && !isStopped);
    Q_EMIT
    downloadEnded(text, result.has_value());
}

void ModelManager::confirmRemoval() {
    const ModelEntry* entry = chosen();
    if (entry == nullptr) return;
    auto* question = new QMessageBox(this);
    question->setAttribute(Qt::WA_DeleteOnClose);
    question->setWindowTitle(tr("Move to trash"));
    question->setTextFormat(Qt::PlainText);
    question->setText(
        tr("Move %1 (%2) to the trash?").arg(entry->title, QLocale().formattedDataSize(entry->bytes)));
    question->setInformativeText(
        tr("Chats stay. Their memories built with this model stay too, and are used again "
           "if the file comes back."));
    QPushButton* move = question->addButton(tr("&Move to trash"), QMessageBox::AcceptRole);
    question->addButton(tr("&Keep"), QMessageBox::RejectRole);
    connect(move, &QPushButton::clicked, this, &ModelManager::removeChosen);
    question->open();
}

void ModelManager::removeChosen() {
    const ModelEntry* entry = chosen();
    if (entry == nullptr || !entry->isHere) return;
    const QString title = entry->title;
    if (!QFile::moveToTrash(entry->name)) {
        say(tr("%1 could not be moved to the trash. Remove it in the file manager: %2")
                .arg(title, entry->folder),
            true);
        return;
    }
    shown_.clear();
    list_->setCurrentIndex({});
    say(tr("%1 is in the trash.").arg(title));
    scan();
}

void ModelManager::chooseFiles() {
    auto* dialog = new QFileDialog(this, tr("Add models"), {}, tr("Models (*.gguf);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &ModelManager::addPlaces);
    dialog->open();
}

void ModelManager::chooseFolder() {
    auto* dialog = new QFileDialog(this, tr("Add a folder of models"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    connect(dialog, &QFileDialog::filesSelected, this, &ModelManager::addPlaces);
    dialog->open();
}

void ModelManager::say(const QString& text, bool isProblem) {
    notice_->setProperty("textRole", isProblem ? u"warning"_s : QString());
    notice_->style()->unpolish(notice_);
    notice_->style()->polish(notice_);
    notice_->setText(text);
    notice_->setVisible(!text.isEmpty());
}

QString ModelManager::detailsText() const {
    return details_->text();
}

QString ModelManager::noticeText() const {
    return notice_->text();
}

void ModelManager::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void ModelManager::dropEvent(QDropEvent* event) {
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls()) {
        if (url.isLocalFile()) paths << url.toLocalFile();
    }
    addPlaces(paths);
}

void ModelManager::changeEvent(QEvent* event) {
    QDialog::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void ModelManager::applyTheme() {
    const Theme& theme = Theme::current();
    layout()->setContentsMargins(theme.px(16), theme.px(16), theme.px(16), theme.px(12));
    layout()->setSpacing(theme.px(12));
    for (QBoxLayout* buttons : {addButtons_, fileButtons_})
        buttons->setDirection(theme.isLarge() ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
}

}  // namespace epi
