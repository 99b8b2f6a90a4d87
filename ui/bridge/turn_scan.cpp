#include "ui/bridge/turn_scan.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/digest.h"
#include "storage/turns.h"

namespace epi {
namespace {

constexpr std::size_t kTurnBytes = 128;  // of a turn on its way, besides its texts
constexpr std::size_t kMoreTurns = 64;   // that are likely to come

std::size_t bytesOf(const Turn& turn) {
    return turn.text.size() + turn.speaker.size() + turn.session.size() + kTurnBytes;
}

}  // namespace

HeldTurn heldTurn(const Turn& turn) {
    // Each text with its length, so that no byte can move from one to the next unseen.
    std::string bytes;
    bytes.reserve(bytesOf(turn));
    const auto addNumber = [&bytes](std::uint64_t number) {
        bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
    };
    addNumber(static_cast<std::uint64_t>(turn.role));
    for (const std::string_view text :
         {std::string_view(turn.speaker), std::string_view(turn.text), std::string_view(turn.session)}) {
        addNumber(text.size());
        bytes += text;
    }
    return {.id = turn.id, .digest = xxh3(std::as_bytes(std::span(bytes)))};
}

std::string engineName(std::int64_t conversationId) {
    return std::to_string(conversationId);
}

TurnScan::TurnScan(const ConversationRecord& conversation,
                   std::shared_ptr<const HeldConversation> held,
                   std::int64_t unchangedTo)
    : name_(engineName(conversation.id)),
      held_(std::move(held)),
      told_(std::make_shared<HeldConversation>(HeldConversation{.layout = conversation.layout,
                                                                .systemPrompt = conversation.systemPrompt,
                                                                .speakers = conversation.speakers,
                                                                .turns = {}})) {
    hasSameFrame_ = held_ && held_->hasFrameOf(conversation);
    if (!hasSameFrame_) held_ = std::make_shared<const HeldConversation>();
    // Ids grow along a branch. The last turn that is there is read again: what follows may depend on it.
    const auto& turns = held_->turns;
    const auto behind = std::ranges::upper_bound(turns, unchangedTo, {}, &HeldTurn::id);
    if (behind == turns.begin()) return;
    firstMessage_ = (behind - 1)->id;
    told_->turns.reserve(turns.size() + kMoreTurns);
    told_->turns.assign(turns.begin(), behind - 1);
    if (!told_->turns.empty()) lastMessage = told_->turns.back().id;
}

void TurnScan::readAll() {
    firstMessage_ = 0;
    lastMessage = 0;
    told_->turns.clear();
}

void TurnScan::add(const MessageRecord& message) {
    std::vector<HeldTurn>& told = told_->turns;
    const TurnStep step =
        turnStep(message, {.id = told.empty() ? 0 : told.back().id, .isQuestion = isLastQuestion_});
    if (step == TurnStep::kTakesQuestionBack) takeBack();
    if (step != TurnStep::kTold) return;
    if (std::exchange(skipsReply_, false) && isReply(message)) return;
    Turn turn = turnOf(message);
    isLastQuestion_ = isQuestion(turn);
    told.push_back(heldTurn(turn));
    const std::size_t index = told.size() - 1;
    isSame_ = isSame_ && index < held_->turns.size() && held_->turns[index] == told.back();
    if (isSame_) return;
    pendingBytes_ += bytesOf(turn);
    pending_.push_back(std::move(turn));
}

void TurnScan::takeBack() {
    told_->turns.pop_back();
    isLastQuestion_ = false;  // two in a row are never taken out
    if (pending_.empty()) return;
    pendingBytes_ -= bytesOf(pending_.back());
    pending_.pop_back();
}

void TurnScan::addDamaged(std::int64_t id) {
    if (id == lastDamaged_) return;  // read again behind a piece
    lastDamaged_ = id;
    ++damaged_;
    // Who said it nobody knows; whose turn it was, the one before tells.
    if (isLastQuestion_ && !told_->turns.empty()) return takeBack();
    skipsReply_ = true;
}

SyncConversation TurnScan::takePiece(bool isLast) {
    pendingBytes_ = 0;
    isSame_ = false;  // the engine holds nothing behind this
    return {.conversation = name_,
            .layout = told_->layout,
            .systemPrompt = told_->systemPrompt,
            .speakers = told_->speakers,
            .firstTurn = std::ssize(told_->turns) - std::ssize(pending_),
            .turns = std::exchange(pending_, {}),
            .isPartial = !isLast};
}

bool TurnScan::isHeld() const {
    return hasSameFrame_ && isSame_ && told_->turns.size() == held_->turns.size();
}

}  // namespace epi
