#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/eval/means.h"

namespace epi {

/// One answered question.
struct EvalRow {
    std::string conversation;  // source id or title
    std::string question;
    std::string gold;
    std::string answer;
    std::int32_t category = 0;
    double f1 = 0.0;
    std::int32_t episode = 0;
    double similarity = 0.0;  // of the question to that episode
    double seconds = 0.0;
    std::optional<double> likelihood{};  // mean ln p per token of the gold answer, where it was measured
};

/// An evaluation run as it is shown and exported.
struct EvalReport {
    std::string settings;  // JSON object: model, memory options, sampling
    std::vector<EvalRow> rows;
};

/// F1 per category and over all rows.
Means summaryOf(const EvalReport& report);
/// The same of the likelihood, over the rows where it was measured.
Means likelihoodOf(const EvalReport& report);

/// The rows as CSV (RFC 4180, UTF-8, a header line). Texts that a spreadsheet would take for a formula get an
/// apostrophe in front.
std::string toCsv(const EvalReport& report);

/// Settings, summary and rows. kInvalidArgument when the settings are no JSON.
Result<std::string> toJson(const EvalReport& report);

/// Writes the report atomically, as CSV or JSON after the file's extension; kUnsupported for another one.
Result<void> writeReport(const std::filesystem::path& file, const EvalReport& report);

}  // namespace epi
