#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/result.h"

namespace epi {

/// How rows of numbers are made smaller: `bits` (8 or 4) per number, each the nearest of evenly spaced steps
/// between the smallest and the largest number of its group. kPerColumn: the groups are the columns of 128
/// rows, for keys, whose channels differ in size; kPerRow: the groups are the rows, for values. (KIVI,
/// arXiv 2402.02750, found this pair to be the least harmful.)
struct RowCode {
    enum class Groups { kPerColumn, kPerRow };
    std::int32_t bits = 8;
    Groups groups = Groups::kPerRow;
};

/// Size of `rows` encoded rows.
std::size_t encodedBytes(std::size_t rows, std::size_t columns, const RowCode& code);

/// `values` is [rows, columns]. A decoded number differs by at most half a step from the encoded one.
/// kInternal when a number is not finite.
Result<std::vector<std::byte>> encodeRows(std::span<const float> values,
                                          std::size_t columns,
                                          const RowCode& code);

/// Fills `values`, [rows, columns]. kCorruptData when the number of bytes does not fit or a scale is not
/// finite.
Result<void> decodeRows(std::span<const std::byte> bytes,
                        std::size_t columns,
                        const RowCode& code,
                        std::span<float> values);

}  // namespace epi
