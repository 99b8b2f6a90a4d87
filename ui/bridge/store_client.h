#pragma once

#include <filesystem>
#include <functional>
#include <type_traits>
#include <utility>

#include <QObject>
#include <QPointer>

#include "storage/store_thread.h"
#include "ui/bridge/inbox.h"

namespace epi {

/// The database as the window sees it: requests run in order on the store's thread, answers come back on the
/// GUI thread. Nothing here waits. GUI thread only.
class StoreClient final : public QObject {
    Q_OBJECT

public:
    explicit StoreClient(std::filesystem::path file, QObject* parent = nullptr);

    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

    /// Runs `work(Store&) -> Result<T>` on the store's thread, then `reply(Result<T>)` here, unless `context`
    /// is gone by then.
    template <typename Work, typename Reply>
    void request(QObject* context, Work work, Reply reply) {
        using Answer = std::invoke_result_t<Work, Store&>;
        thread_.post(
            [this, context = QPointer<QObject>(context), work = std::move(work), reply = std::move(reply)](
                Result<Store>& store) mutable {
                Answer answer = store ? work(*store) : Answer(store.error());
                answers_.push([context, reply = std::move(reply), answer = std::move(answer)]() mutable {
                    if (context) reply(std::move(answer));
                });
            });
    }

    /// A write whose only news is a failure, which `failed` reports.
    template <typename Work>
    void write(Work work) {
        request(this, std::move(work), [this](auto answer) {
            if (!answer) Q_EMIT
            failed(answer.error());
        });
    }

    /// When this is answered the message is on disk.
    void appendMessage(QObject* context,
                       MessageRecord message,
                       std::function<void(Result<MessageRecord>)> reply);

Q_SIGNALS:
    void failed(const epi::Error& error);

private:
    std::filesystem::path file_;
    Inbox<std::function<void()>> answers_;
    StoreThread thread_;  // last: joined before the inbox it fills is gone
};

}  // namespace epi
