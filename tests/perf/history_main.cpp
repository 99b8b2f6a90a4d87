// How long many chats take: makes a profile of the given size and prints what listing, searching and opening
// cost. Figures, no verdicts; PERFORMANCE.md quotes them.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core/transfer/chat_import.h"
#include "storage/store.h"

namespace {

using namespace epi;
using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// Words of a vocabulary in which, as in languages, few are frequent and most are rare.
class Words {
public:
    explicit Words(std::uint64_t seed) : random_(seed) {}

    std::string sentence(int count) {
        std::string text;
        for (int i = 0; i < count; ++i) {
            const double place = std::uniform_real_distribution(0.0, 1.0)(random_);
            const auto rank = static_cast<std::size_t>(std::exp(place * std::log(20'000.0)));
            text += (i > 0 ? " " : "") + word(rank);
        }
        return text;
    }
    /// The word of this rank; 1 is the most frequent.
    static std::string word(std::size_t rank) {
        static constexpr const char* kSyllables[] = {"ba",
                                                     "ri",
                                                     "to",
                                                     "mel",
                                                     "sun",
                                                     "ka",
                                                     "ver",
                                                     "lo",
                                                     "din",
                                                     "pe",
                                                     "gar",
                                                     "ni",
                                                     "shu",
                                                     "ola",
                                                     "tem",
                                                     "ci"};
        std::string text;
        for (std::size_t rest = rank * 7919 + 13; text.size() < 4 || rest > 0; rest /= 16)
            text += kSyllables[rest % 16];
        return text;
    }

private:
    std::mt19937_64 random_;
};

PortableChat chatOf(int number, int messages, Words& words) {
    PortableChat chat;
    chat.uid = "perf:" + std::to_string(number);
    chat.title = words.sentence(5);
    chat.createdAtMs = 1'600'000'000'000 + std::int64_t{number} * 3'600'000;
    for (int i = 0; i < messages; ++i) {
        PortableMessage message;
        message.id = std::to_string(i);
        if (i > 0) message.parent = static_cast<std::size_t>(i - 1);
        message.role = i % 2 == 0 ? Role::kUser : Role::kAssistant;
        message.text = words.sentence(i % 2 == 0 ? 12 : 40);
        message.createdAtMs = chat.createdAtMs + i;
        chat.messages.push_back(std::move(message));
    }
    chat.current = chat.messages.size() - 1;
    return chat;
}

Result<void> fill(Store& store, int chats, int messagesPerChat) {
    Words words(1);
    const auto begin = Clock::now();
    for (int number = 0; number < chats; ++number)
        EPI_TRY(store.importChat(chatOf(number, messagesPerChat, words)));
    const double seconds = millisecondsSince(begin) / 1000.0;
    std::printf("import: %d chats, %d messages in %.1f s (%.0f messages/s)\n",
                chats,
                chats * messagesPerChat,
                seconds,
                chats * messagesPerChat / seconds);
    return {};
}

/// Runs `work` some times and prints the median and the worst.
template <typename Work>
Result<void> measure(const std::string& what, Work work) {
    std::vector<double> times;
    for (int i = 0; i < 9; ++i) {
        const auto begin = Clock::now();
        EPI_TRY(work());
        times.push_back(millisecondsSince(begin));
    }
    std::ranges::sort(times);
    std::printf("%s: median %.2f ms, worst %.2f ms\n", what.c_str(), times[4], times.back());
    return {};
}

Result<void> run(const std::filesystem::path& file, int chats, int messagesPerChat) {
    EPI_TRY_ASSIGN(Store store, Store::open(file));
    EPI_TRY_ASSIGN(const auto present, store.conversations());
    if (present.empty()) EPI_TRY(fill(store, chats, messagesPerChat));
    std::printf("database: %.0f MB\n", static_cast<double>(std::filesystem::file_size(file)) / 1e6);
    EPI_TRY(measure("list of all chats", [&store] { return store.conversations(); }));
    for (const std::size_t rank :
         {std::size_t{1}, std::size_t{50}, std::size_t{2'000}, std::size_t{15'000}}) {
        const std::string word = Words::word(rank);
        for (const std::size_t typed : {std::size_t{1}, std::size_t{3}, word.size()}) {
            const std::string text = word.substr(0, typed);
            EPI_TRY(measure("search \"" + text + "\" (rank " + std::to_string(rank) + ")",
                            [&store, &text] { return store.search({.text = text}); }));
        }
    }
    EPI_TRY(measure("search two words",
                    [&store] { return store.search({.text = Words::word(3) + " " + Words::word(40)}); }));
    EPI_TRY_ASSIGN(const auto conversations, store.conversations());
    EPI_TRY(measure("open a chat of " + std::to_string(messagesPerChat) + " messages",
                    [&store, id = conversations.front().id] { return store.messages(id); }));
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: perf_history DATABASE CHATS MESSAGES_PER_CHAT\n");
        return 2;
    }
    const auto done = run(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
    if (done) return 0;
    std::fprintf(stderr, "perf_history: %s\n", done.error().message.c_str());
    return exitCode(done.error().code);
}
