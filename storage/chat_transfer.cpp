#include "storage/chat_transfer.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/wire/options_json.h"

namespace epi {
namespace {

/// A row's id in files. Messages written here have no id from elsewhere; row and time together are theirs.
std::string fileIdOf(const MessageRecord& message) {
    if (!message.sourceId.empty()) return message.sourceId;
    return "m" + std::to_string(message.id) + "-" + std::to_string(message.createdAtMs);
}

/// Of two with one id the first is meant.
std::unordered_map<std::string, std::size_t> placesById(const std::vector<MessageRecord>& stored) {
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < stored.size(); ++i)
        places.emplace(fileIdOf(stored[i]), i);
    return places;
}

/// A reply that was running when the file was written is not running here.
MessageState stateIn(const PortableMessage& message) {
    const auto state = messageStateFromName(message.state);
    if (!state) return MessageState::kComplete;
    return *state == MessageState::kStreaming ? MessageState::kCutOff : *state;
}

MessageRecord recordOf(const PortableMessage& message, std::int64_t conversationId) {
    MessageRecord record;
    record.conversationId = conversationId;
    record.role = message.role;
    record.speaker = message.speaker;
    record.text = message.text;
    record.caption = message.caption;
    record.session = message.session;
    record.sourceId = message.id;
    record.state = stateIn(message);
    record.details = message.details;
    record.createdAtMs = message.createdAtMs;
    record.leftBranch = message.leftBranch;
    record.removedAtMs = message.removedAtMs;
    return record;
}

/// Options of a memory as they are in every profile: rows have other ids elsewhere.
std::string withoutRowIds(std::string memory) {
    auto options = memoryOptionsFromJsonText(memory);
    if (!options || options->pinnedTurns.empty()) return memory;
    options->pinnedTurns.clear();
    return toJsonText(*options);
}

std::optional<std::size_t> activeEnd(const std::vector<MessageRecord>& stored) {
    const auto last = std::ranges::max_element(stored, {}, &MessageRecord::sequence);
    if (last == stored.end() || last->sequence == 0) return std::nullopt;
    return static_cast<std::size_t>(last - stored.begin());
}

}  // namespace

std::string_view name(ImportChange change) {
    switch (change) {
        case ImportChange::kAdded:
            return "added";
        case ImportChange::kGrown:
            return "grown";
        case ImportChange::kRestored:
            return "restored";
        case ImportChange::kUnchanged:
            return "unchanged";
    }
    return "";
}

Result<ChatTransfer::Plan> ChatTransfer::plan(const PortableChat& chat) {
    Plan plan;
    plan.known.resize(chat.messages.size());
    EPI_TRY_ASSIGN(const auto existing, conversations_.findByUid(chat.uid));
    if (!existing) {
        plan.outcome.newMessages = static_cast<std::int64_t>(chat.messages.size());
        return plan;
    }
    plan.outcome.conversationId = existing->id;
    EPI_TRY_ASSIGN(plan.stored, messages_.all(existing->id));
    const auto places = placesById(plan.stored);
    for (std::size_t i = 0; i < chat.messages.size(); ++i) {
        const auto place = places.find(chat.messages[i].id);
        // Without ids the identity of the chat covers its messages: all of them are there.
        if (place != places.end()) {
            plan.known[i] = place->second;
        } else if (chat.messages[i].id.empty() && i < plan.stored.size()) {
            plan.known[i] = i;
        } else {
            ++plan.outcome.newMessages;
        }
    }
    plan.outcome.change = plan.outcome.newMessages > 0 ? ImportChange::kGrown : ImportChange::kUnchanged;
    if (existing->deletedAtMs) plan.outcome.change = ImportChange::kRestored;
    return plan;
}

Result<ImportOutcome> ChatTransfer::apply(const PortableChat& chat, Plan plan) {
    ImportOutcome& outcome = plan.outcome;
    if (outcome.change == ImportChange::kAdded) {
        EPI_TRY_ASSIGN(outcome.conversationId, insertConversation(chat));
        EPI_TRY(insertAll(outcome.conversationId, chat));
        return outcome;
    }
    if (outcome.change == ImportChange::kRestored) EPI_TRY(history_.setInBin(outcome.conversationId, false));
    if (outcome.newMessages > 0) EPI_TRY(insertNew(chat, plan));
    return outcome;
}

Result<std::int64_t> ChatTransfer::insertConversation(const PortableChat& chat) {
    ConversationRecord record;
    record.uid = chat.uid;
    record.sourceId = chat.sourceId;
    record.title = chat.title;
    record.layout = chat.layout;
    record.speakers = chat.speakers;
    record.systemPrompt = chat.systemPrompt;
    record.memory = chat.memory;
    record.sampling = chat.sampling;
    record.createdAtMs = chat.createdAtMs;
    record.updatedAtMs = chat.updatedAtMs;
    EPI_TRY_ASSIGN(const std::int64_t id, conversations_.insertImported(record));
    EPI_TRY(conversations_.insertQuestions(id, chat.questions));
    if (!chat.folder.empty()) {
        EPI_TRY_ASSIGN(const std::int64_t folder, history_.findOrAddFolder(chat.folder));
        EPI_TRY(history_.setFolder(id, folder));
    }
    EPI_TRY(history_.setTags(id, chat.tags));
    if (chat.isPinned) EPI_TRY(history_.setPinned(id, true));
    if (chat.isArchived) EPI_TRY(history_.setArchived(id, true));
    if (!chat.draft.empty()) EPI_TRY(history_.setDraft(id, chat.draft));
    return id;
}

Result<void> ChatTransfer::insertAll(std::int64_t conversationId, const PortableChat& chat) {
    std::vector<std::int64_t> sequences(chat.messages.size(), 0);
    std::int64_t sequence = 0;
    for (const std::size_t place : activeBranch(chat))
        sequences[place] = ++sequence;
    EPI_TRY_ASSIGN(MessageRepository::Inserter inserter, messages_.inserter());
    std::vector<std::int64_t> ids(chat.messages.size());
    for (std::size_t i = 0; i < chat.messages.size(); ++i) {
        MessageRecord record = recordOf(chat.messages[i], conversationId);
        if (record.createdAtMs == 0) record.createdAtMs = chat.createdAtMs;
        if (chat.messages[i].parent) record.parentId = ids[*chat.messages[i].parent];
        record.sequence = sequences[i];
        EPI_TRY(inserter.insert(record));
        if (chat.messages[i].isPinned) EPI_TRY(pins_.set(record.id, true));
        ids[i] = record.id;
    }
    return {};
}

Result<void> ChatTransfer::insertNew(const PortableChat& chat, Plan& plan) {
    const auto end = activeEnd(plan.stored);
    bool hasGoneOn = end.has_value();  // here, past what the file knows
    std::vector<std::int64_t> ids(chat.messages.size());
    EPI_TRY_ASSIGN(MessageRepository::Inserter inserter, messages_.inserter());
    for (std::size_t i = 0; i < chat.messages.size(); ++i) {
        if (plan.known[i]) {
            ids[i] = plan.stored[*plan.known[i]].id;
            if (plan.known[i] == end) hasGoneOn = false;
            continue;
        }
        MessageRecord record = recordOf(chat.messages[i], plan.outcome.conversationId);
        if (record.createdAtMs == 0) record.createdAtMs = chat.createdAtMs;
        if (chat.messages[i].parent) record.parentId = ids[*chat.messages[i].parent];
        EPI_TRY(inserter.insert(record));
        if (chat.messages[i].isPinned) EPI_TRY(pins_.set(record.id, true));
        ids[i] = record.id;
    }
    if (chat.current && !hasGoneOn)
        EPI_TRY(versions_.activate(plan.outcome.conversationId, ids[*chat.current]));
    return conversations_.touch(plan.outcome.conversationId);
}

Result<PortableChat> ChatTransfer::portable(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(ConversationRecord record, conversations_.find(conversationId));
    PortableChat chat;
    chat.uid = std::move(record.uid);
    chat.sourceId = std::move(record.sourceId);
    chat.title = std::move(record.title);
    chat.layout = record.layout;
    chat.speakers = std::move(record.speakers);
    chat.systemPrompt = std::move(record.systemPrompt);
    chat.memory = withoutRowIds(std::move(record.memory));
    chat.sampling = std::move(record.sampling);
    chat.folder = std::move(record.folder);
    chat.tags = std::move(record.tags);
    chat.isPinned = record.isPinned;
    chat.isArchived = record.isArchived;
    chat.createdAtMs = record.createdAtMs;
    chat.updatedAtMs = record.updatedAtMs;
    EPI_TRY_ASSIGN(chat.draft, history_.draft(conversationId));
    EPI_TRY_ASSIGN(const auto questions, conversations_.questions(conversationId));
    for (const QuestionRecord& question : questions)
        chat.questions.push_back(question.question);
    EPI_TRY_ASSIGN(std::vector<MessageRecord> stored, messages_.all(conversationId));
    chat.current = activeEnd(stored);
    EPI_TRY_ASSIGN(const std::vector<std::int64_t> pinned, pins_.all(conversationId));
    std::unordered_map<std::int64_t, std::size_t> places;
    for (MessageRecord& message : stored) {
        PortableMessage portable;
        portable.id = fileIdOf(message);
        if (message.parentId) {
            if (const auto parent = places.find(*message.parentId); parent != places.end())
                portable.parent = parent->second;
        }
        portable.role = message.role;
        portable.speaker = std::move(message.speaker);
        portable.text = std::move(message.text);
        portable.caption = std::move(message.caption);
        portable.session = std::move(message.session);
        portable.state = name(message.state);
        portable.details = std::move(message.details);
        portable.createdAtMs = message.createdAtMs;
        portable.leftBranch = message.leftBranch;
        portable.removedAtMs = message.removedAtMs;
        portable.isPinned = std::ranges::binary_search(pinned, message.id);
        places.emplace(message.id, chat.messages.size());
        chat.messages.push_back(std::move(portable));
    }
    return chat;
}

}  // namespace epi
