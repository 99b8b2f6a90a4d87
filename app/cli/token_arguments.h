#pragma once

#include <span>
#include <string>

#include "core/base/result.h"
#include "core/text/tokenizer.h"

namespace epi {

/// kInvalidArgument names the first id that a vocabulary does not have. `what` names the list.
inline Result<void> checkTokens(std::span<const TokenId> ids,
                                std::int32_t vocabulary,
                                const std::string& what) {
    for (const TokenId id : ids) {
        if (id >= 0 && id < vocabulary) continue;
        return Error{
            ErrorCode::kInvalidArgument,
            what + ": id " + std::to_string(id) + ", the vocabulary has " + std::to_string(vocabulary)};
    }
    return {};
}

}  // namespace epi
