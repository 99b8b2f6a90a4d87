#pragma once

#include <string>

#include <QString>

#include "storage/store.h"

namespace epi::test {

/// What message `i` of the chat says.
inline std::string textOfMessage(int i) {
    return "Message " + std::to_string(i) +
           (i % 2 == 0 ? " asks something." : " **answers** with `code` and so on.");
}

/// A chat of many messages, questions and replies in turn; its id. 0 after a failure.
inline std::int64_t writeLongChat(const std::string& file, int messages, const std::string& filling = {}) {
    PortableChat chat;
    chat.uid = "long";
    chat.title = "long";
    chat.messages.resize(static_cast<std::size_t>(messages));
    for (int i = 0; i < messages; ++i) {
        PortableMessage& message = chat.messages[static_cast<std::size_t>(i)];
        message.id = "m" + std::to_string(i);
        if (i > 0) message.parent = static_cast<std::size_t>(i - 1);
        message.role = i % 2 == 0 ? Role::kUser : Role::kAssistant;
        message.text = textOfMessage(i) + filling;
        message.createdAtMs = 1'700'000'000'000 + i;
    }
    chat.current = chat.messages.size() - 1;
    auto store = Store::open(file);
    if (!store) return 0;
    const auto imported = store->importChat(chat);
    return imported ? imported->conversationId : 0;
}

}  // namespace epi::test
