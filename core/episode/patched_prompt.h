#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/chat/chat_template.h"
#include "core/chat/conversation.h"
#include "core/chat/wording.h"

namespace epi {

/// The prompt that is run behind every block of the history to find out which entries an episode needs
/// (EpiCache, stage 1): a request to recall what matters, answered by the episode's representative segments,
/// in time order, each followed by an empty line.
/// A narrated history leaves its user turn open and the request goes on in it; a chat history ends with a
/// closed turn and the request opens the user's. The assistant's turn stays open.
std::vector<PromptPart> patchedPrompt(HistoryLayout layout,
                                      const ChatTemplate& chatTemplate,
                                      std::span<const std::string> representativeTexts,
                                      const Wording& wording = {});

/// What stands before a block that is repeated (KVzip): a request to write it down again, in the same place
/// as the request of a patched prompt. The assistant's turn stays open.
std::vector<PromptPart> repeatPrompt(HistoryLayout layout,
                                     const ChatTemplate& chatTemplate,
                                     const Wording& wording = {});

}  // namespace epi
