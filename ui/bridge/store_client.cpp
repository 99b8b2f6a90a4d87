#include "ui/bridge/store_client.h"

namespace epi {

StoreClient::StoreClient(std::filesystem::path file, QObject* parent)
    : QObject(parent),
      file_(file),
      answers_(this,
               [](std::vector<std::function<void()>> answers) {
                   for (auto& answer : answers)
                       answer();
               }),
      thread_(std::move(file)) {}

void StoreClient::appendMessage(QObject* context,
                                MessageRecord message,
                                std::function<void(Result<MessageRecord>)> reply) {
    request(
        context,
        [message = std::move(message)](Store& store) { return store.appendMessage(message); },
        std::move(reply));
}

}  // namespace epi
