#include "ui/conversations/draft_keeper.h"

#include <chrono>

#include "ui/bridge/text.h"
#include "ui/chat/composer.h"

namespace epi {

using namespace std::chrono_literals;

namespace {

constexpr char kNewChatKey[] = "draft.new";

}  // namespace

DraftKeeper::DraftKeeper(StoreClient& store, Composer& composer, QObject* parent)
    : QObject(parent), store_(store), composer_(composer) {
    saving_.setSingleShot(true);
    saving_.setInterval(400ms);
    connect(&saving_, &QTimer::timeout, this, &DraftKeeper::save);
    connect(&composer_, &Composer::edited, this, &DraftKeeper::onEdited);
}

void DraftKeeper::onEdited() {
    if (isBringing_ || isAside_) return;
    drafts_[current_] = composer_.text();
    // Not restarted by the next key: a fast writer's text must not wait for a pause.
    if (!saving_.isActive()) saving_.start();
}

void DraftKeeper::save() {
    saving_.stop();
    const auto draft = drafts_.find(current_);
    if (draft == drafts_.end()) return;
    store_.write([id = current_, text = toUtf8(draft->second)](Store& store) -> Result<void> {
        if (store.isReadOnly()) return {};
        return id == 0 ? store.setSetting(kNewChatKey, text) : store.setDraft(id, text);
    });
}

void DraftKeeper::show(qint64 conversation) {
    if (isShown_ && conversation == current_) return;
    if (saving_.isActive()) save();
    isShown_ = true;
    current_ = conversation;
    const auto known = drafts_.find(conversation);
    bring(known == drafts_.end() ? QString() : known->second);
    if (known == drafts_.end()) load(conversation);
}

void DraftKeeper::load(qint64 conversation) {
    store_.request(
        this,
        [conversation](Store& store) -> Result<std::string> {
            if (conversation != 0) return store.draft(conversation);
            EPI_TRY_ASSIGN(const auto text, store.setting(kNewChatKey));
            return text.value_or("");
        },
        [this, conversation](const Result<std::string>& text) {
            // What was typed meanwhile is newer. A chat without a draft is no reason to complain.
            if (!text || text->empty() || drafts_.contains(conversation)) return;
            drafts_[conversation] = toQString(*text);
            if (conversation == current_ && !isAside_) bring(drafts_[conversation]);
        });
}

void DraftKeeper::bring(const QString& text) {
    isBringing_ = true;
    composer_.setText(text);
    isBringing_ = false;
}

void DraftKeeper::setAside(bool isAside) {
    if (isAside_ == isAside) return;
    isAside_ = isAside;
    if (isAside) return;
    const auto draft = drafts_.find(current_);
    bring(draft == drafts_.end() ? QString() : draft->second);
}

void DraftKeeper::adopt(qint64 conversation) {
    if (current_ != 0) return;
    if (saving_.isActive()) save();
    current_ = conversation;
    drafts_[conversation] = composer_.text();
    if (!composer_.text().isEmpty()) saving_.start();
}

}  // namespace epi
