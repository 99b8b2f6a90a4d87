#include "core/engine/profile_text.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "core/base/rng.h"

namespace epi {
namespace {

constexpr std::uint64_t kSeed = 20260101;
constexpr std::int64_t kPassPhrases = 10;
constexpr std::int64_t kPhraseWords = 16;
constexpr std::int64_t kTokensPerPhrase = 40;  // about; a short text has fewer of them

constexpr std::array<std::string_view, 12> kPeople{"the miller",
                                                   "old Tobias",
                                                   "her sister Ruth",
                                                   "the ferryman",
                                                   "a travelling tinker",
                                                   "Captain Lund",
                                                   "the schoolteacher",
                                                   "young Anselm",
                                                   "the innkeeper",
                                                   "Mother Halloran",
                                                   "the clockmaker",
                                                   "Brother Cyril"};
constexpr std::array<std::string_view, 12> kDeeds{"carried a sack of barley to",
                                                  "waited until dusk at",
                                                  "mended the broken gate of",
                                                  "told a long story about",
                                                  "had never trusted",
                                                  "lost a silver button near",
                                                  "drew a careful map of",
                                                  "promised to return to",
                                                  "heard the bells from",
                                                  "kept a lantern burning for",
                                                  "wrote three letters about",
                                                  "spent the whole winter in"};
constexpr std::array<std::string_view, 12> kPlaces{"the mill by the river",
                                                   "the harbour",
                                                   "the empty chapel",
                                                   "the orchard on the hill",
                                                   "the northern road",
                                                   "the salt cellar",
                                                   "the widow's house",
                                                   "the bridge of ropes",
                                                   "the market square",
                                                   "the lighthouse",
                                                   "the quarry",
                                                   "the garden behind the wall"};
constexpr std::array<std::string_view, 10> kCircumstances{"while the rain would not stop",
                                                          "though nobody had asked for it",
                                                          "because the year had been poor",
                                                          "and said nothing more about it",
                                                          "as the first snow fell",
                                                          "before the fair was over",
                                                          "which surprised the whole village",
                                                          "with a dog that followed everywhere",
                                                          "in spite of the warning",
                                                          "and slept badly afterwards"};
constexpr std::array<std::string_view, 16> kPhrase{"amber",
                                                   "basil",
                                                   "cedar",
                                                   "dune",
                                                   "ember",
                                                   "fjord",
                                                   "garnet",
                                                   "hazel",
                                                   "indigo",
                                                   "juniper",
                                                   "kelp",
                                                   "linden",
                                                   "maple",
                                                   "nettle",
                                                   "opal",
                                                   "pepper"};
constexpr std::array<std::string_view, kPassPhrases> kChests{
    "iron", "copper", "oaken", "painted", "smallest", "largest", "leather", "marble", "crooked", "sunken"};

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& words, Rng& rng) {
    return words[rng.below(N)];
}

std::string sentence(Rng& rng) {
    std::string text(pick(kPeople, rng));
    text[0] = static_cast<char>(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]);
    for (const std::string_view part : {pick(kDeeds, rng), pick(kPlaces, rng)})
        text.append(" ").append(part);
    if (rng.below(3) != 0) text.append(", ").append(pick(kCircumstances, rng));
    return text + ". ";
}

std::string paragraph(Rng& rng) {
    std::string text;
    for (std::uint64_t left = 4 + rng.below(5); left > 0; --left)
        text += sentence(rng);
    return text + "\n";
}

std::string passPhrase(Rng& rng) {
    std::string phrase;
    for (std::int64_t i = 0; i < kPhraseWords; ++i)
        phrase.append(i == 0 ? "" : " ").append(pick(kPhrase, rng));
    return phrase;
}

void append(std::vector<TokenId>& ids, const Tokenizer& tokenizer, const std::string& text) {
    const std::vector<TokenId> more = tokenizer.encode(text, ControlTokens::kAsText);
    ids.insert(ids.end(), more.begin(), more.end());
}

}  // namespace

std::vector<TokenId> profileTokens(const Tokenizer& tokenizer, std::int64_t tokens) {
    Rng rng(kSeed);
    const std::int64_t phrases = std::min(kPassPhrases, tokens / (4 * kTokensPerPhrase));
    std::vector<std::string> hidden;
    std::vector<TokenId> tail;
    for (std::int64_t i = 0; i < phrases; ++i) {
        const std::string chest(kChests[static_cast<std::size_t>(i)]);
        hidden.push_back("The words that open the " + chest + " chest are: " + passPhrase(rng) + ".");
        append(tail,
               tokenizer,
               "Which words open the " + chest + " chest?\n" +
                   hidden.back().substr(hidden.back().find(':') + 2) + "\n");
    }
    const std::int64_t body = std::max<std::int64_t>(0, tokens - static_cast<std::int64_t>(tail.size()));
    std::vector<TokenId> ids;
    for (std::int64_t next = 0; static_cast<std::int64_t>(ids.size()) < body;) {
        append(ids, tokenizer, paragraph(rng));
        // At even distances from a tenth of the text on.
        const bool isDue =
            next < phrases && static_cast<std::int64_t>(ids.size()) >=
                                  body / 10 + next * (body * 8 / 10) / std::max<std::int64_t>(1, phrases);
        if (isDue) append(ids, tokenizer, hidden[static_cast<std::size_t>(next++)] + "\n");
    }
    ids.resize(static_cast<std::size_t>(body));
    ids.insert(ids.end(), tail.begin(), tail.end());
    ids.resize(static_cast<std::size_t>(tokens));
    return ids;
}

}  // namespace epi
