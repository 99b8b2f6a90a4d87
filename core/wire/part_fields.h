#pragma once

#include <concepts>
#include <type_traits>

#include "core/wire/messages.h"

// Internal to core/wire: how the structures inside messages look in JSON. `visitFields` is called with a
// FieldWriter or a FieldReader, so that one list of names serves both ways.

namespace epi {

template <typename T, typename Structure>
concept MaybeConst = std::same_as<std::remove_const_t<T>, Structure>;

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Error> auto& error) {
    visit("code", error.code);
    visit("message", error.message);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Notice> auto& notice) {
    visit("code", notice.code);
    visit("arguments", notice.arguments);
    visit("text", notice.text);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Turn> auto& turn) {
    visit("id", turn.id);
    visit("role", turn.role);
    visit("speaker", turn.speaker);
    visit("text", turn.text);
    visit("session", turn.session);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<OnlineOptions> auto& options) {
    visit("unionMargin", options.unionMargin);
    visit("newEpisodeBelow", options.newEpisodeBelow);
    visit("recallTokens", options.recallTokens);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<MemoryOptions> auto& options) {
    visit("preset", options.preset);
    visit("budget", options.budget);
    visit("block", options.block);
    visit("episodes", options.episodes);
    visit("level", options.level);
    visit("segmentUtterances", options.segmentUtterances);
    visit("representatives", options.representatives);
    visit("patchTokens", options.patchTokens);
    visit("seed", options.seed);
    visit("score", options.score);
    visit("headFloor", options.headFloor);
    visit("codec", options.codec);
    visit("positions", options.positions);
    visit("pinnedTurns", options.pinnedTurns);
    visit("online", options.online);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<SamplingOptions> auto& options) {
    visit("temperature", options.temperature);
    visit("topK", options.topK);
    visit("topP", options.topP);
    visit("minP", options.minP);
    visit("repetitionPenalty", options.repetitionPenalty);
    visit("seed", options.seed);
    visit("maxTokens", options.maxTokens);
    visit("stop", options.stop);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<PassageCandidate> auto& candidate) {
    visit("turnId", candidate.turnId);
    visit("windowScore", candidate.windowScore);
    visit("turnScore", candidate.turnScore);
    visit("isPinned", candidate.isPinned);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<QuotedPassage> auto& passage) {
    visit("turnId", passage.turnId);
    visit("firstByte", passage.firstByte);
    visit("endByte", passage.endByte);
    visit("score", passage.score);
    visit("tokens", passage.tokens);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<EvalQuestion> auto& question) {
    visit("id", question.id);
    visit("question", question.question);
    visit("category", question.category);
    visit("passages", question.passages);
    visit("expected", question.expected);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<ModelSummary> auto& model) {
    visit("id", model.id);
    visit("title", model.title);
    visit("path", model.path);
    visit("sizeBytes", model.sizeBytes);
    visit("isPresent", model.isPresent);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<EpisodeSummary> auto& episode) {
    visit("index", episode.index);
    visit("segments", episode.segments);
    visit("turnIds", episode.turnIds);
    visit("representatives", episode.representatives);
    visit("keptEntries", episode.keptEntries);
    visit("cacheKey", episode.cacheKey);
    visit("name", episode.name);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Trace::TurnTokens> auto& turn) {
    visit("turnId", turn.turnId);
    visit("firstToken", turn.firstToken);
    visit("byteEnds", turn.byteEnds);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<Residency> auto& residency) {
    visit("deviceBytes", residency.deviceBytes);
    visit("deviceLimit", residency.deviceLimit);
    visit("memoryBytes", residency.memoryBytes);
    visit("hits", residency.hits);
    visit("faults", residency.faults);
    visit("evictions", residency.evictions);
    visit("lruFaults", residency.lruFaults);
    visit("followsLru", residency.followsLru);
    visit("diskFaults", residency.diskFaults);
    visit("rebuilds", residency.rebuilds);
}

template <typename Visitor>
void visitFields(Visitor& visit, MaybeConst<TurnStatistics> auto& statistics) {
    visit("promptTokens", statistics.promptTokens);
    visit("readTokens", statistics.readTokens);
    visit("generatedTokens", statistics.generatedTokens);
    visit("firstTokenSeconds", statistics.firstTokenSeconds);
    visit("promptSeconds", statistics.promptSeconds);
    visit("decodeSeconds", statistics.decodeSeconds);
    visit("switchSeconds", statistics.switchSeconds);
}

}  // namespace epi
