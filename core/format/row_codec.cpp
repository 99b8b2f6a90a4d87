#include "core/format/row_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace epi {
namespace {

// Rows that share the scales of their columns: the scales then cost half a bit per number.
constexpr std::size_t kRowsPerGroup = 128;

/// The smallest number of a group and the distance of two neighbouring steps.
struct Scale {
    float smallest = 0.0F;
    float step = 0.0F;
};

std::size_t rowBytes(std::size_t columns, const RowCode& code) {
    return code.bits == 8 ? columns : (columns + 1) / 2;
}

/// Rows that lie together with their scales in front.
struct Group {
    std::size_t firstRow = 0;
    std::size_t rows = 0;
    std::size_t scales = 0;
    std::size_t offset = 0;  // in bytes
};

std::vector<Group> groupsOf(std::size_t rows, std::size_t columns, const RowCode& code) {
    const bool isPerRow = code.groups == RowCode::Groups::kPerRow;
    const std::size_t size = isPerRow ? 1 : kRowsPerGroup;
    std::vector<Group> groups;
    std::size_t offset = 0;
    for (std::size_t row = 0; row < rows; row += size) {
        const Group group{.firstRow = row,
                          .rows = std::min(size, rows - row),
                          .scales = isPerRow ? 1 : columns,
                          .offset = offset};
        offset += group.scales * sizeof(Scale) + group.rows * rowBytes(columns, code);
        groups.push_back(group);
    }
    return groups;
}

std::vector<Scale> scalesOf(std::span<const float> values,
                            const Group& group,
                            std::size_t columns,
                            float steps) {
    std::vector<Scale> smallest(group.scales);
    std::vector<float> largest(group.scales);
    const float* row = values.data() + group.firstRow * columns;
    for (std::size_t scale = 0; scale < group.scales; ++scale)
        smallest[scale].smallest = largest[scale] = row[scale];
    for (std::size_t r = 0; r < group.rows; ++r, row += columns) {
        for (std::size_t column = 0; column < columns; ++column) {
            const std::size_t scale = group.scales == 1 ? 0 : column;
            smallest[scale].smallest = std::min(smallest[scale].smallest, row[column]);
            largest[scale] = std::max(largest[scale], row[column]);
        }
    }
    for (std::size_t scale = 0; scale < group.scales; ++scale)
        smallest[scale].step = (largest[scale] - smallest[scale].smallest) / steps;
    return smallest;
}

std::uint8_t nearestStep(float value, const Scale& scale, float steps) {
    if (scale.step <= 0.0F) return 0;
    return static_cast<std::uint8_t>(
        std::clamp(std::nearbyint((value - scale.smallest) / scale.step), 0.0F, steps));
}

}  // namespace

std::size_t encodedBytes(std::size_t rows, std::size_t columns, const RowCode& code) {
    const std::vector<Group> groups = groupsOf(rows, columns, code);
    if (groups.empty()) return 0;
    const Group& last = groups.back();
    return last.offset + last.scales * sizeof(Scale) + last.rows * rowBytes(columns, code);
}

Result<std::vector<std::byte>> encodeRows(std::span<const float> values,
                                          std::size_t columns,
                                          const RowCode& code) {
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
        return Error{ErrorCode::kInternal, "a key or value is not finite"};
    const std::size_t rows = values.size() / columns;
    const auto steps = static_cast<float>((1 << code.bits) - 1);
    std::vector<std::byte> bytes(encodedBytes(rows, columns, code));
    for (const Group& group : groupsOf(rows, columns, code)) {
        const std::vector<Scale> scales = scalesOf(values, group, columns, steps);
        std::memcpy(bytes.data() + group.offset, scales.data(), scales.size() * sizeof(Scale));
        std::byte* out = bytes.data() + group.offset + scales.size() * sizeof(Scale);
        const float* row = values.data() + group.firstRow * columns;
        for (std::size_t r = 0; r < group.rows; ++r, row += columns, out += rowBytes(columns, code)) {
            for (std::size_t column = 0; column < columns; ++column) {
                const auto step = static_cast<std::byte>(
                    nearestStep(row[column], scales[scales.size() == 1 ? 0 : column], steps));
                if (code.bits == 8) {
                    out[column] = step;
                } else {
                    out[column / 2] |= column % 2 == 0 ? step : step << 4;
                }
            }
        }
    }
    return bytes;
}

Result<void> decodeRows(std::span<const std::byte> bytes,
                        std::size_t columns,
                        const RowCode& code,
                        std::span<float> values) {
    const std::size_t rows = values.size() / columns;
    if (bytes.size() != encodedBytes(rows, columns, code)) {
        return Error{ErrorCode::kCorruptData,
                     std::to_string(rows) + " encoded rows have " + std::to_string(bytes.size()) +
                         " bytes, " + std::to_string(encodedBytes(rows, columns, code)) + " expected"};
    }
    for (const Group& group : groupsOf(rows, columns, code)) {
        std::vector<Scale> scales(group.scales);
        std::memcpy(scales.data(), bytes.data() + group.offset, scales.size() * sizeof(Scale));
        const bool isFinite = std::ranges::all_of(scales, [](const Scale& scale) {
            return std::isfinite(scale.smallest) && std::isfinite(scale.step);
        });
        if (!isFinite) return Error{ErrorCode::kCorruptData, "the scale of encoded rows is not finite"};
        const std::byte* in = bytes.data() + group.offset + scales.size() * sizeof(Scale);
        float* row = values.data() + group.firstRow * columns;
        for (std::size_t r = 0; r < group.rows; ++r, row += columns, in += rowBytes(columns, code)) {
            for (std::size_t column = 0; column < columns; ++column) {
                const Scale& scale = scales[scales.size() == 1 ? 0 : column];
                const auto packed = std::to_integer<std::uint8_t>(in[code.bits == 8 ? column : column / 2]);
                const int step = code.bits == 8 ? packed : column % 2 == 0 ? packed & 15 : packed >> 4;
                row[column] = scale.smallest + scale.step * static_cast<float>(step);
            }
        }
    }
    return {};
}

}  // namespace epi
