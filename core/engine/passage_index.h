#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/chat/conversation.h"
#include "core/episode/embedding_matrix.h"
#include "core/recall/passage_ranking.h"
#include "core/recall/passage_units.h"

namespace epi {

class TextEmbedder;

/// The passages of a history, ready to be compared with questions. A value; engine thread.
struct PassageIndex {
    std::vector<PassageUnit> units;
    EmbeddingMatrix windows;            // [units, columns], unit rows: the window around each unit
    std::vector<std::uint64_t> hashes;  // [units], of the windows' texts
};

struct PassageIndexing {
    const TextEmbedder& embedder;
    std::string uid;               // of the conversation
    std::filesystem::path folder;  // where embeddings are kept from one run of the program to the next
    std::function<void(std::int64_t done, std::int64_t total)> progress;
    CancelToken cancel;
};

/// Embeds the windows of a history. Rows of `before` (the history when it was shorter) and rows on
/// disk are used again, so that a new turn costs two embeddings. Rows are stored by content, 32 at
/// a time, once no later turn can change them; a file that is damaged or cannot be written costs time,
/// nothing else.
Result<PassageIndex> indexPassages(const PassageIndexing& indexing,
                                   std::span<const Turn> turns,
                                   const PassageIndex* before);

/// The cosine of each window to a question: [units].
Result<std::vector<double>> comparePassages(const TextEmbedder& embedder,
                                            const PassageIndex& index,
                                            const std::string& question,
                                            const CancelToken& cancel);

}  // namespace epi
