#pragma once

#include "core/wire/codec.h"
#include "core/wire/message_tag.h"
#include "core/wire/part_fields.h"

// Internal to core/wire: the one place that says how each message from the engine looks on the wire. A new
// one needs its tag and its fields here and its name in Event. A kind that was used is never used again.
// EngineLost has no tag: it says that nothing can be sent any more.

namespace epi {

template <>
inline constexpr MessageTag kTag<Hello>{64, "Hello"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Hello> auto& event) {
    visit("protocol", event.protocol);
    visit("version", event.version);
    visit("hasCuda", event.hasCuda);
    visit("device", event.device);
    visit("notices", event.notices);
    visit("models", event.models);
    visit("threads", event.threads);
}

template <>
inline constexpr MessageTag kTag<ModelLoaded>{65, "ModelLoaded"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<ModelLoaded> auto& event) {
    visit("title", event.title);
    visit("path", event.path);
    visit("architecture", event.architecture);
    visit("device", event.device);
    visit("layers", event.layers);
    visit("kvHeads", event.kvHeads);
    visit("trainedContext", event.trainedContext);
    visit("weightBytes", event.weightBytes);
    visit("notices", event.notices);
    visit("identity", event.identity);
    visit("threads", event.threads);
}

template <>
inline constexpr MessageTag kTag<Synced>{66, "Synced"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Synced> auto& event) {
    visit("turns", event.turns);
    visit("tokens", event.tokens);
}

template <>
inline constexpr MessageTag kTag<Progress>{67, "Progress"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Progress> auto& event) {
    visit("phase", event.phase);
    visit("done", event.done);
    visit("total", event.total);
    visit("unit", event.unit);
    visit("episode", event.episode);
    visit("episodes", event.episodes);
    visit("perSecond", event.perSecond);
}

template <>
inline constexpr MessageTag kTag<MemoryBuilt>{68, "MemoryBuilt"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<MemoryBuilt> auto& event) {
    visit("conversation", event.conversation);
    visit("memory", event.memory);
    visit("historyTokens", event.historyTokens);
    visit("episodes", event.episodes);
    visit("layerBudgets", event.layerBudgets);
    visit("peakEntriesPerHead", event.peakEntriesPerHead);
    visit("peakEntriesBound", event.peakEntriesBound);
    visit("peakBytes", event.peakBytes);
    visit("readTokens", event.readTokens);
    visit("pinnedTokens", event.pinnedTokens);
    visit("pastTrainedContext", event.pastTrainedContext);
    visit("seconds", event.seconds);
    visit("notices", event.notices);
    visit("positions", event.positions);
    visit("lastTurn", event.lastTurn);
}

template <>
inline constexpr MessageTag kTag<Trace>{69, "Trace"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Trace> auto& event) {
    visit("conversation", event.conversation);
    visit("episode", event.episode);
    visit("historyTokens", event.historyTokens);
    visit("layerBudgets", event.layerBudgets);
    visit("keptPerHead", event.keptPerHead);
    visit.binary("retainedShare", event.retainedShare);
    visit("turns", event.turns);
    visit("tiers", event.tiers);
    visit("expected", event.expected);
    visit("residency", event.residency);
}

template <>
inline constexpr MessageTag kTag<TokenDelta>{70, "TokenDelta"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<TokenDelta> auto& event) {
    visit("text", event.text);
}

template <>
inline constexpr MessageTag kTag<TurnDone>{71, "TurnDone"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<TurnDone> auto& event) {
    visit("text", event.text);
    visit("reason", event.reason);
    visit("episode", event.episode);
    visit("similarities", event.similarities);
    visit("keptTokens", event.keptTokens);
    visit("historyTokens", event.historyTokens);
    visit("pastTrainedContext", event.pastTrainedContext);
    visit("statistics", event.statistics);
    visit("usedTokens", event.usedTokens);
    visit("roomTokens", event.roomTokens);
    visit("margin", event.margin);
    visit("tier", event.tier);
    visit("positions", event.positions);
    visit("episodes", event.episodes);
    visit("unionBytes", event.unionBytes);
    visit("residency", event.residency);
    visit("notices", event.notices);
    visit("quoted", event.quoted);
    visit("quotedTokens", event.quotedTokens);
    visit("isRegrouped", event.isRegrouped);
    visit("pinnedTurns", event.pinnedTurns);
}

template <>
inline constexpr MessageTag kTag<EvalAnswer>{72, "EvalAnswer"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<EvalAnswer> auto& event) {
    visit("questionId", event.questionId);
    visit("text", event.text);
    visit("episode", event.episode);
    visit("similarity", event.similarity);
    visit("seconds", event.seconds);
    visit("likelihood", event.likelihood);
}

template <>
inline constexpr MessageTag kTag<EvalDone>{73, "EvalDone"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<EvalDone> auto& event) {
    visit("answered", event.answered);
}

template <>
inline constexpr MessageTag kTag<Released>{74, "Released"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Released> auto& event) {
    visit("files", event.files);
    visit("bytes", event.bytes);
}

template <>
inline constexpr MessageTag kTag<LayersProfiled>{84, "LayersProfiled"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<LayersProfiled> auto& event) {
    visit("tokens", event.tokens);
    visit("tokenSimilarity", event.tokenSimilarity);
    visit("windowSimilarity", event.windowSimilarity);
    visit("seconds", event.seconds);
}

template <>
inline constexpr MessageTag kTag<Failed>{75, "Failed"};
template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Failed> auto& event) {
    visit("error", event.error);
}

template <>
inline constexpr MessageTag kTag<Pong>{2, "Pong"};
template <typename Visitor>
void visitFields(Visitor&, MaybeConst<Pong> auto&) {}

}  // namespace epi
