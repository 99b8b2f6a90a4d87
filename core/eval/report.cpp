#include "core/eval/report.h"

#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/base/printable.h"

namespace epi {
namespace {

using nlohmann::ordered_json;

/// The shortest digits that read back as the same number, whatever the locale.
std::string digits(double value) {
    std::array<char, 32> buffer;
    const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), written.ptr};
}

std::string textCell(std::string_view text) {
    std::string cell = "\"";
    if (text.find_first_of("=+-@\t\r") == 0) cell += '\'';
    for (const char character : text) {
        if (character == '"') cell += '"';
        cell += character;
    }
    return cell + '"';
}

ordered_json toJson(const Mean& mean) {
    return {{"questions", mean.questions}, {"f1", mean.score}};
}

ordered_json toJson(const EvalRow& row) {
    ordered_json object{{"conversation", row.conversation},
                        {"question", row.question},
                        {"gold", row.gold},
                        {"answer", row.answer},
                        {"category", row.category},
                        {"f1", row.f1},
                        {"episode", row.episode},
                        {"similarity", row.similarity},
                        {"seconds", row.seconds}};
    if (row.likelihood) object["likelihood"] = *row.likelihood;
    return object;
}

}  // namespace

Means summaryOf(const EvalReport& report) {
    std::vector<CategoryScore> scores;
    scores.reserve(report.rows.size());
    for (const EvalRow& row : report.rows) {
        scores.push_back({row.category, row.f1});
    }
    return meansOf(scores);
}

Means likelihoodOf(const EvalReport& report) {
    std::vector<CategoryScore> scores;
    for (const EvalRow& row : report.rows) {
        if (row.likelihood) scores.push_back({row.category, *row.likelihood});
    }
    return meansOf(scores);
}

std::string toCsv(const EvalReport& report) {
    std::string csv =
        "conversation,question,gold,answer,category,f1,episode,similarity,seconds,likelihood\r\n";
    for (const EvalRow& row : report.rows) {
        for (const std::string* text : {&row.conversation, &row.question, &row.gold, &row.answer}) {
            csv += textCell(*text) + ',';
        }
        csv += std::to_string(row.category) + ',' + digits(row.f1) + ',' + std::to_string(row.episode) + ',' +
               digits(row.similarity) + ',' + digits(row.seconds) + ',' +
               (row.likelihood ? digits(*row.likelihood) : std::string()) + "\r\n";
    }
    return csv;
}

Result<std::string> toJson(const EvalReport& report) {
    ordered_json settings = ordered_json::parse(report.settings, nullptr, false);
    if (settings.is_discarded()) {
        return Error{ErrorCode::kInvalidArgument,
                     "settings of the run are no JSON: " + inQuotes(report.settings)};
    }
    const Means summary = summaryOf(report);
    ordered_json categories = ordered_json::array();
    for (const CategoryMean& category : summary.categories) {
        ordered_json entry = toJson(category.mean);
        entry["category"] = category.category;
        categories.push_back(std::move(entry));
    }
    ordered_json rows = ordered_json::array();
    for (const EvalRow& row : report.rows) {
        rows.push_back(toJson(row));
    }
    const ordered_json document = {
        {"settings", std::move(settings)},
        {"summary", {{"overall", toJson(summary.overall)}, {"categories", categories}}},
        {"rows", std::move(rows)}};
    return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<void> writeReport(const std::filesystem::path& file, const EvalReport& report) {
    if (file.extension() == ".csv") return writeFileAtomically(file, toCsv(report));
    if (file.extension() == ".json") {
        EPI_TRY_ASSIGN(const std::string json, toJson(report));
        return writeFileAtomically(file, json);
    }
    return Error{ErrorCode::kUnsupported,
                 printable(file.string(), kMaxPrintablePath) + ": extension .csv or .json expected, " +
                     inQuotes(file.extension().string()) + " found"};
}

}  // namespace epi
