#include "core/format/gguf_tensors.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/printable.h"

namespace epi {
namespace {

constexpr std::uint64_t kMaxTensors = 65'536;
constexpr std::uint64_t kMaxNameBytes = 64;  // from the format's specification
constexpr std::uint32_t kMaxDimensions = 4;
// Length of the name, one byte of it, number of dimensions, one dimension, type, offset.
constexpr std::uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

std::string describeShape(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const std::int64_t dimension : shape) {
        if (text.size() > 1) text += ", ";
        text += std::to_string(dimension);
    }
    return text + "]";
}

class TensorParser {
public:
    TensorParser(HeaderReader& reader, const GgufTensorLayout& layout) : reader_(reader), layout_(layout) {}

    Result<GgufTensorTable> parse() {
        EPI_TRY(reader_.checkCount("the tensor table", layout_.count, {kMinTensorBytes, kMaxTensors}));
        table_.tensors.reserve(static_cast<std::size_t>(layout_.count));
        table_.index.reserve(static_cast<std::size_t>(layout_.count));
        for (std::uint64_t i = 0; i < layout_.count; ++i)
            EPI_TRY(parseTensor());
        EPI_TRY(place());
        EPI_TRY(checkDisjoint());
        return std::move(table_);
    }

private:
    Result<void> parseTensor() {
        const std::uint64_t start = reader_.position();
        GgufTensor tensor;
        field_ = "tensor " + std::to_string(table_.tensors.size());
        EPI_TRY_ASSIGN(const auto name, reader_.text(field_, kMaxNameBytes));
        tensor.name = name;
        if (name.empty()) return reader_.damaged(field_ + " at offset " + grouped(start) + " has no name");
        field_ = "tensor " + inQuotes(tensor.name);
        if (!table_.index.insert(tensor.name, table_.tensors.size())) {
            return reader_.damaged(field_ + " at offset " + grouped(start) + " is there a second time");
        }
        EPI_TRY(parseShape(tensor));
        EPI_TRY(parseType(tensor));
        EPI_TRY(parseOffset(tensor));
        table_.tensors.push_back(std::move(tensor));
        return {};
    }

    Result<void> parseShape(GgufTensor& tensor) {
        const std::uint64_t start = reader_.position();
        EPI_TRY_ASSIGN(const auto dimensions, reader_.scalar<std::uint32_t>(field_));
        if (dimensions < 1 || dimensions > kMaxDimensions) {
            return reader_.damaged(field_ + " has " + grouped(dimensions) + " dimensions at offset " +
                                   grouped(start) + "; 1 to 4 are allowed");
        }
        std::int64_t elements = 1;
        for (std::uint32_t i = 0; i < dimensions; ++i) {
            EPI_TRY_ASSIGN(const auto dimension, reader_.scalar<std::uint64_t>(field_));
            if (dimension < 1 || !std::in_range<std::int64_t>(dimension)) {
                return reader_.damaged(field_ + " has dimension " + grouped(dimension) + " at offset " +
                                       grouped(reader_.position() - 8) + "; 1 to 2^63-1 is allowed");
            }
            tensor.shape.push_back(static_cast<std::int64_t>(dimension));
            if (__builtin_mul_overflow(elements, tensor.shape.back(), &elements)) {
                return reader_.damaged(field_ + " at offset " + grouped(start) + " has the shape " +
                                       describeShape(tensor.shape) + ", more than 2^63-1 values");
            }
        }
        return {};
    }

    Result<void> parseType(GgufTensor& tensor) {
        const std::uint64_t start = reader_.position();
        EPI_TRY_ASSIGN(const auto type, reader_.scalar<std::uint32_t>(field_));
        const auto layout = blockLayout(type);
        if (!layout) {
            return reader_.unsupported(field_ + " at offset " + grouped(start) + ": " +
                                       layout.error().message);
        }
        tensor.type = layout->type;
        if (tensor.shape.front() % layout->valuesPerBlock != 0) {
            return reader_.damaged(field_ + " at offset " + grouped(start) + " has rows of " +
                                   groupedSigned(tensor.shape.front()) + " values; type " +
                                   std::string(layout->name) + " needs a multiple of " +
                                   groupedSigned(layout->valuesPerBlock));
        }
        const std::int64_t blocks = tensor.elementCount() / layout->valuesPerBlock;
        if (__builtin_mul_overflow(blocks, layout->bytesPerBlock, &tensor.sizeBytes)) {
            return reader_.damaged(field_ + " at offset " + grouped(start) + " has the shape " +
                                   describeShape(tensor.shape) + ", more than 2^64-1 bytes");
        }
        return {};
    }

    /// Leaves the offset relative to the data, whose start is known only after the table.
    Result<void> parseOffset(GgufTensor& tensor) {
        const std::uint64_t start = reader_.position();
        EPI_TRY_ASSIGN(tensor.fileOffset, reader_.scalar<std::uint64_t>(field_));
        if (tensor.fileOffset % layout_.alignment != 0) {
            return reader_.damaged(field_ + " has the data offset " + grouped(tensor.fileOffset) +
                                   " at offset " + grouped(start) + "; a multiple of " +
                                   grouped(layout_.alignment) + " is needed");
        }
        return {};
    }

    Result<void> place() {
        // No overflow: a position in a file is below 2^63.
        table_.dataOffset =
            (reader_.position() + layout_.alignment - 1) / layout_.alignment * layout_.alignment;
        std::uint64_t end = 0;
        for (GgufTensor& tensor : table_.tensors) {
            std::uint64_t tensorEnd = 0;
            if (__builtin_add_overflow(tensor.fileOffset, table_.dataOffset, &tensor.fileOffset) ||
                __builtin_add_overflow(tensor.fileOffset, tensor.sizeBytes, &tensorEnd)) {
                return reader_.damaged("tensor " + inQuotes(tensor.name) + " with " +
                                       grouped(tensor.sizeBytes) + " bytes ends beyond 2^64-1");
            }
            end = std::max(end, tensorEnd);
        }
        if (end > layout_.fileSize) {
            return reader_.incomplete("its weights end at " + grouped(end) + " but the file ends at " +
                                      grouped(layout_.fileSize));
        }
        return {};
    }

    Result<void> checkDisjoint() {
        std::vector<const GgufTensor*> order;
        order.reserve(table_.tensors.size());
        for (const GgufTensor& tensor : table_.tensors)
            order.push_back(&tensor);
        std::stable_sort(order.begin(), order.end(), [](const GgufTensor* a, const GgufTensor* b) {
            return a->fileOffset < b->fileOffset;
        });
        for (std::size_t i = 1; i < order.size(); ++i) {
            const std::uint64_t end = order[i - 1]->fileOffset + order[i - 1]->sizeBytes;
            if (order[i]->fileOffset < end) {
                return reader_.damaged("tensor " + inQuotes(order[i]->name) + " begins at " +
                                       grouped(order[i]->fileOffset) + ", inside tensor " +
                                       inQuotes(order[i - 1]->name) + " that ends at " + grouped(end));
            }
        }
        return {};
    }

    HeaderReader& reader_;
    GgufTensorLayout layout_;
    GgufTensorTable table_;
    std::string field_;  // what is being read, for messages
};

}  // namespace

Result<GgufTensorTable> readGgufTensors(HeaderReader& reader, const GgufTensorLayout& layout) {
    return TensorParser(reader, layout).parse();
}

}  // namespace epi
