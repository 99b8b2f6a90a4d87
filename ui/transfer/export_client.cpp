#include "ui/transfer/export_client.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QProgressDialog>

#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kProgressAfterMs = 500;
constexpr qsizetype kFileNameLength = 60;

/// A title as the name of a file: no separators, no dots in front, no control characters.
QString fileNameFor(const QString& title) {
    QString name;
    for (const QChar letter : title.simplified().left(kFileNameLength)) {
        const bool isPlain =
            letter.isLetterOrNumber() || letter.isSurrogate() || QStringView(u" -_()").contains(letter);
        name += isPlain ? letter : u'_';
    }
    name = name.trimmed();
    return name.isEmpty() ? ExportClient::tr("chat") : name;
}

QString filterOf(const ChatExporter& exporter) {
    return u"%1 (*.%2)"_s.arg(toQString(exporter.title).remove(u'(').remove(u')'),
                              toQString(exporter.extension));
}

/// By the chosen filter, or else by the end of the name.
const ChatExporter& exporterFor(const QString& filter, const QString& path) {
    const ChatExporter* found = nullptr;
    for (const ChatExporter* exporter : allChatExporters()) {
        if (path.endsWith(u"."_s + toQString(exporter->extension), Qt::CaseInsensitive)) return *exporter;
        if (filterOf(*exporter) == filter) found = exporter;
    }
    return found != nullptr ? *found : *allChatExporters().front();
}

}  // namespace

ExportClient::ExportClient(StoreClient& store, QObject* parent)
    : QObject(parent), store_(store), news_(this, [](std::vector<std::function<void()>> news) {
          for (const auto& tell : news)
              tell();
      }) {
    pool_.setMaxThreadCount(1);
}

ExportClient::~ExportClient() {
    cancel();
    pool_.waitForDone();
}

void ExportClient::start(const QString& path,
                         const ChatExporter& exporter,
                         std::optional<qint64> conversation) {
    pool_.start([this, path, exporter = &exporter, conversation, cancel = cancel_] {
        const Result<int> written = write(path, *exporter, conversation, cancel);
        news_.push([this, path, written] {
            if (written) {
                Q_EMIT
                finished(path, *written);
            } else {
                Q_EMIT
                failed(path, written.error());
            }
        });
    });
}

Result<int> ExportClient::write(const QString& path,
                                const ChatExporter& exporter,
                                std::optional<qint64> conversation,
                                const CancelToken& cancel) {
    std::vector<std::int64_t> ids;
    if (conversation) {
        ids.push_back(*conversation);
    } else {
        EPI_TRY_ASSIGN(const auto all, store_.runAndWait([](Store& store) { return store.conversations(); }));
        for (const ConversationRecord& record : all)
            ids.push_back(record.id);
    }
    EPI_TRY_ASSIGN(ChatExport file,
                   ChatExport::open(std::filesystem::path(toUtf8(path)), exporter, "EpiChat"));
    const int total = static_cast<int>(ids.size());
    int done = 0;
    for (const std::int64_t id : ids) {
        if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "the export was cancelled"};
        EPI_TRY_ASSIGN(const PortableChat chat,
                       store_.runAndWait([id](Store& store) { return store.portableChat(id); }));
        EPI_TRY(file.add(chat));
        ++done;
        news_.push([this, done, total] {
            Q_EMIT
            progressed(done, total);
        });
    }
    EPI_TRY(file.finish());
    return done;
}

void exportWithDialog(StoreClient& store,
                      std::optional<qint64> conversation,
                      const QString& title,
                      QWidget* parent,
                      std::function<void(bool isFine, const QString& sentence)> onDone) {
    QStringList filters;
    for (const ChatExporter* exporter : allChatExporters())
        filters << filterOf(*exporter);
    auto* dialog = new QFileDialog(
        parent, conversation ? ExportClient::tr("Export this chat") : ExportClient::tr("Export all chats"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilters(filters);
    const ChatExporter& preferred = **findChatExporter("json");
    dialog->selectNameFilter(filterOf(preferred));
    dialog->setDefaultSuffix(toQString(preferred.extension));
    dialog->selectFile(fileNameFor(title));
    QObject::connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
        dialog->setDefaultSuffix(toQString(exporterFor(filter, {}).extension));
    });
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, [=, &store](const QString& path) {
        auto* client = new ExportClient(store, parent);
        auto* progress =
            new QProgressDialog(ExportClient::tr("Exporting…"), ExportClient::tr("Cancel"), 0, 0, parent);
        progress->setMinimumDuration(kProgressAfterMs);
        const auto end = [=](bool isFine, const QString& sentence) {
            progress->deleteLater();
            client->deleteLater();
            onDone(isFine, sentence);
        };
        QObject::connect(progress, &QProgressDialog::canceled, client, &ExportClient::cancel);
        QObject::connect(client, &ExportClient::progressed, progress, [progress](int done, int total) {
            progress->setMaximum(total);
            progress->setValue(done);
        });
        QObject::connect(client, &ExportClient::finished, parent, [=](const QString& file, int chats) {
            end(true,
                ExportClient::tr("Exported %n chat(s) to %1.", nullptr, chats)
                    .arg(QFileInfo(file).fileName()));
        });
        QObject::connect(client, &ExportClient::failed, parent, [=](const QString& file, const Error& error) {
            end(error.code == ErrorCode::kCancelled,
                ExportClient::tr("%1 was not written. %2").arg(QFileInfo(file).fileName(), describe(error)));
        });
        client->start(path, exporterFor(dialog->selectedNameFilter(), path), conversation);
    });
    dialog->open();
}

}  // namespace epi
