#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/eval/report.h"
#include "storage/store.h"

namespace epi {

/// A run's answers with their questions.
Result<EvalReport> reportOf(Store& store, const ConversationRecord& conversation, const RunRecord& run);

/// {"overall": {"questions", "f1"}, "categories": [{"category", "questions", "f1"}...]}, with the name of
/// another score where it is one.
nlohmann::json describe(const Means& means, const std::string& score = "f1");
/// The same as lines of text.
std::string textOf(const Means& means);

}  // namespace epi
