#include "ui/chat/reply_writer.h"

#include <chrono>

#include "ui/bridge/text.h"

namespace epi {

using namespace std::chrono_literals;

ReplyWriter::ReplyWriter(StoreClient& store, MessageModel& model, int row, QObject* parent)
    : QObject(parent), store_(store), model_(model), row_(row) {
    frame_.setSingleShot(true);
    frame_.setInterval(16ms);
    connect(&frame_, &QTimer::timeout, this, &ReplyWriter::show);
    saving_.setSingleShot(true);
    saving_.setInterval(1s);
    connect(&saving_, &QTimer::timeout, this, [this] { save(text(), MessageState::kStreaming, {}); });
}

void ReplyWriter::add(const QString& text) {
    pending_ += text;
    if (!frame_.isActive()) frame_.start();
    if (!saving_.isActive()) saving_.start();
}

QString ReplyWriter::text() const {
    return model_.at(row_).text + pending_;
}

void ReplyWriter::finish(const QString& text, MessageState state, const ReplyDetails& details) {
    frame_.stop();
    saving_.stop();
    pending_.clear();
    model_.update(row_, text, state, details);
    save(text, state, details);
}

void ReplyWriter::show() {
    model_.appendText(row_, std::exchange(pending_, {}));
}

void ReplyWriter::save(const QString& text, MessageState state, const ReplyDetails& details) {
    store_.write([id = model_.at(row_).id, text = toUtf8(text), state, json = details.toJson()](
                     Store& store) { return store.updateMessage(id, text, state, json); });
}

}  // namespace epi
