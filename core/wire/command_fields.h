#pragma once

#include "core/wire/codec.h"
#include "core/wire/message_tag.h"
#include "core/wire/part_fields.h"

// Internal to core/wire: the one place that says how each message to the engine looks on the wire. A new one
// needs its tag and its fields here and its name in Command. A kind that was used is never used again.

namespace epi {

template <>
inline constexpr MessageTag kTag<LoadModel>{16, "LoadModel"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<LoadModel> auto& command) {
    visit("model", command.model);
    visit("embedder", command.embedder);
    visit("device", command.device);
    visit("compute", command.compute);
    visit("plainTemplate", command.plainTemplate);
    visit("prompts", command.prompts);
}

template <>
inline constexpr MessageTag kTag<SyncConversation>{17, "SyncConversation"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<SyncConversation> auto& command) {
    visit("conversation", command.conversation);
    visit("layout", command.layout);
    visit("systemPrompt", command.systemPrompt);
    visit("speakers", command.speakers);
    visit("firstTurn", command.firstTurn);
    visit("turns", command.turns);
    visit("isPartial", command.isPartial);
    visit("uid", command.uid);
}

template <>
inline constexpr MessageTag kTag<BuildMemory>{18, "BuildMemory"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<BuildMemory> auto& command) {
    visit("conversation", command.conversation);
    visit("memory", command.memory);
    visit("rebuild", command.rebuild);
    visit("pins", command.pins);
}

template <>
inline constexpr MessageTag kTag<Ask>{19, "Ask"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Ask> auto& command) {
    visit("conversation", command.conversation);
    visit("question", command.question);
    visit("memory", command.memory);
    visit("sampling", command.sampling);
    visit("episode", command.episode);
    visit("remember", command.remember);
    visit("replyBegin", command.replyBegin);
    visit("passages", command.passages);
    visit("pins", command.pins);
}

template <>
inline constexpr MessageTag kTag<EvalBatch>{20, "EvalBatch"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<EvalBatch> auto& command) {
    visit("conversation", command.conversation);
    visit("memory", command.memory);
    visit("sampling", command.sampling);
    visit("questions", command.questions);
}

template <>
inline constexpr MessageTag kTag<Inspect>{21, "Inspect"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Inspect> auto& command) {
    visit("conversation", command.conversation);
    visit("memory", command.memory);
    visit("episode", command.episode);
}

template <>
inline constexpr MessageTag kTag<Release>{22, "Release"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Release> auto& command) {
    visit("keys", command.keys);
}

template <>
inline constexpr MessageTag kTag<ProfileLayers>{28, "ProfileLayers"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<ProfileLayers> auto& command) {
    visit("text", command.text);
    visit("tokens", command.tokens);
}

template <>
inline constexpr MessageTag kTag<Ping>{1, "Ping"};
template <typename Visitor>
void visitFields(Visitor&, MaybeConst<Ping> auto&) {}

template <>
inline constexpr MessageTag kTag<CancelJob>{3, "CancelJob"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<CancelJob> auto& cancel) {
    visit("job", cancel.job);
}

}  // namespace epi
