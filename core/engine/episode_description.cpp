#include "core/engine/episode_description.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/engine/episode_builder.h"
#include "core/episode/episode_names.h"
#include "core/episode/patched_prompt.h"
#include "core/model/language_model.h"

namespace epi {

EpisodeMemory describeEpisode(const BuildContext& context,
                              const Conversation& conversation,
                              const BuiltMemory& memory,
                              Episode episode,
                              std::span<const Segment> segments) {
    EpisodeMemory described;
    for (const std::int64_t index : episode.representatives)
        described.representatives.push_back(segments[static_cast<std::size_t>(index)].text);
    std::set<std::int64_t> seen;
    for (const std::int64_t index : episode.segments) {
        for (const std::int64_t turn : segments[static_cast<std::size_t>(index)].turnIds) {
            if (seen.insert(turn).second) described.turnIds.push_back(turn);
        }
    }
    described.episode = std::move(episode);
    if (memory.sharesCache) return described;
    described.prompt = encodeParts(
        context.model.tokenizer(),
        patchedPrompt(
            conversation.text.layout, *context.chatTemplate, described.representatives, context.wording));
    const auto limit = static_cast<std::size_t>(memory.resolved.options.patchTokens);
    if (described.prompt.size() > limit) described.prompt.resize(limit);
    return described;
}

void nameEpisodes(const Conversation& conversation, BuiltMemory& memory) {
    std::map<std::int64_t, const std::string*> textOf;
    for (const Turn& turn : conversation.text.turns)
        textOf[turn.id] = &turn.text;
    std::vector<std::string> texts;
    for (const EpisodeMemory& episode : memory.episodes) {
        std::string& text = texts.emplace_back();
        for (const std::int64_t id : episode.turnIds)
            text += *textOf.at(id) + "\n";
    }
    const std::vector<std::string> names = distinctiveWords(texts);
    for (std::size_t index = 0; index < names.size(); ++index)
        memory.episodes[index].name = names[index];
}

}  // namespace epi
