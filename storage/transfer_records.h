#pragma once

#include <cstdint>
#include <string_view>

namespace epi {

/// What an import does to one chat.
enum class ImportChange {
    kAdded,
    kGrown,      // there already; the file has messages it did not have
    kRestored,   // there already, in the bin; taken out of it, with what is new
    kUnchanged,  // there already with all its messages
};

/// Stable lower-case name, as written to JSON.
std::string_view name(ImportChange change);

struct ImportOutcome {
    ImportChange change = ImportChange::kAdded;
    std::int64_t conversationId = 0;  // 0 in a preview of a chat that is not there
    std::int64_t newMessages = 0;
};

}  // namespace epi
