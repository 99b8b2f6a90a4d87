#include "ui/bridge/import_client.h"

#include <algorithm>
#include <utility>

#include "ui/bridge/text.h"

namespace epi {

ImportClient::ImportClient(StoreClient& store, QObject* parent)
    : QObject(parent), store_(store), news_(this, [](std::vector<std::function<void()>> news) {
          for (const auto& tell : news)
              tell();
      }) {
    pool_.setMaxThreadCount(1);
}

ImportClient::~ImportClient() {
    cancel();
    pool_.waitForDone();
}

void ImportClient::preview(const QString& path) {
    post({.path = path, .isPreview = true});
}

void ImportClient::start(const QString& path, std::set<std::size_t> skipped) {
    post({.path = path, .skipped = std::move(skipped)});
}

void ImportClient::cancel() {
    std::exchange(cancel_, CancelToken()).cancel();
}

void ImportClient::post(Job job) {
    job.cancel = cancel_;
    pool_.start([this, job = std::move(job)] { run(job); });
}

void ImportClient::run(const Job& job) {
    ImportResult result;
    result.path = job.path;
    result.isPreview = job.isPreview;
    std::size_t place = 0;
    const auto take = [&](const ReadChat& read) -> Result<void> {
        if (job.skipped.contains(place++)) return {};
        const PortableChat& chat = read.chat;
        EPI_TRY_ASSIGN(const ImportOutcome outcome,
                       store_.runAndWait([&chat, isPreview = job.isPreview](Store& store) {
                           return isPreview ? store.previewImport(chat) : store.importChat(chat);
                       }));
        result.lines.push_back({.title = toQString(chat.title),
                                .messages = static_cast<qint64>(activeBranch(chat).size()),
                                .allMessages = static_cast<qint64>(chat.messages.size()),
                                .updatedAtMs = std::max(chat.createdAtMs, chat.updatedAtMs),
                                .outcome = outcome});
        return {};
    };
    ImportOptions options;
    options.cancel = job.cancel;
    options.progress = [this](std::uint64_t done, std::uint64_t total) {
        const double share = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
        news_.push([this, share] {
            Q_EMIT
            progressed(share);
        });
    };
    auto summary = importChats(std::filesystem::path(toUtf8(job.path)), take, options);
    if (!summary) {
        news_.push([this, path = job.path, error = summary.error()] {
            Q_EMIT
            failed(path, error);
        });
        return;
    }
    result.summary = *std::move(summary);
    news_.push([this, result = std::move(result)] {
        Q_EMIT
        finished(result);
    });
}

}  // namespace epi
