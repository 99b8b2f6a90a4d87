#include "app/cli/bench_table.h"

#include <cmath>
#include <cstdio>

namespace epi {
namespace {

using nlohmann::json;

template <typename... Values>
std::string formatted(const char* format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::string timeText(double seconds) {
    if (seconds <= 0.0) return "-";
    if (seconds < 1e-3) return formatted("%.1f us", seconds * 1e6);
    if (seconds < 1.0) return formatted("%.2f ms", seconds * 1e3);
    return formatted("%.2f s", seconds);
}

std::string rateText(const BenchRow& row) {
    if (row.unit.empty()) return "-";
    const char* const format = row.rate == std::floor(row.rate) ? "%.0f %s" : "%.1f %s";
    return formatted(
        std::abs(row.rate) < 10.0 && row.rate != 0.0 ? "%.3f %s" : format, row.rate, row.unit.c_str());
}

std::string line(const char* row,
                 const std::string& what,
                 const std::string& time,
                 const std::string& rate,
                 const std::string& floor,
                 const std::string& ratio) {
    return formatted("%-10s  %-46s  %10s  %18s  %22s  %7s",
                     row,
                     what.c_str(),
                     time.c_str(),
                     rate.c_str(),
                     floor.c_str(),
                     ratio.c_str());
}

}  // namespace

std::string benchTableHead() {
    return line("row", "what", "time", "rate", "floor", "of it");
}

std::string benchTableLine(const BenchRow& row) {
    const bool hasFloor = row.floorSeconds > 0.0 && row.seconds.median > 0.0;
    std::string text =
        line(row.row.c_str(),
             row.what,
             timeText(row.seconds.median),
             rateText(row),
             hasFloor ? timeText(row.floorSeconds) + " " + row.limit : "-",
             hasFloor ? formatted("%.1f %%", 100.0 * row.floorSeconds / row.seconds.median) : "-");
    if (!row.note.empty()) text += "  " + row.note;
    return text;
}

json benchRowJson(const BenchRow& row) {
    json value{{"row", row.row},
               {"what", row.what},
               {"seconds", row.seconds.median},
               {"fastest", row.seconds.fastest},
               {"slowest", row.seconds.slowest},
               {"details", row.details}};
    if (!row.unit.empty()) {
        value["rate"] = row.rate;
        value["unit"] = row.unit;
    }
    if (row.floorSeconds > 0.0) {
        value["floor_seconds"] = row.floorSeconds;
        value["limit"] = row.limit;
        if (row.seconds.median > 0.0) value["ratio_to_floor"] = row.floorSeconds / row.seconds.median;
    }
    if (!row.note.empty()) value["note"] = row.note;
    return value;
}

std::string ceilingsText(const BenchCeilings& ceilings) {
    std::string text = formatted("copy %.3f TB/s, read %.3f TB/s, product %.2f TFLOP/s",
                                 ceilings.copyRate / 1e12,
                                 ceilings.readRate / 1e12,
                                 ceilings.matmulRate / 1e12);
    if (ceilings.sustainedMatmulRate > 0.0)
        text += formatted(" (%.2f after a second of it)", ceilings.sustainedMatmulRate / 1e12);
    if (ceilings.uploadRate > 0.0) {
        text += formatted(
            ", upload %.1f GB/s, download %.1f GB/s", ceilings.uploadRate / 1e9, ceilings.downloadRate / 1e9);
    }
    return text;
}

json ceilingsJson(const BenchCeilings& ceilings) {
    return {{"copy_bytes_per_second", ceilings.copyRate},
            {"read_bytes_per_second", ceilings.readRate},
            {"matmul_flop_per_second", ceilings.matmulRate},
            {"sustained_matmul_flop_per_second", ceilings.sustainedMatmulRate},
            {"upload_bytes_per_second", ceilings.uploadRate},
            {"download_bytes_per_second", ceilings.downloadRate}};
}

}  // namespace epi
