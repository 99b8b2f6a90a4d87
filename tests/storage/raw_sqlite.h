#pragma once

#include <memory>

#include <QString>
#include <QTemporaryDir>

#include <sqlite3.h>

#include "core/chat/conversation.h"
#include "storage/store.h"

namespace epi::test {

/// Looks at, and damages, a database behind the store's back.
class RawSqlite {
public:
    explicit RawSqlite(const std::filesystem::path& file) {
        sqlite3* handle = nullptr;
        sqlite3_open(file.c_str(), &handle);
        handle_.reset(handle);
    }

    bool execute(const char* sql) {
        return sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
    }

    /// First column of the first row as text.
    QString text(const char* sql) {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(handle_.get(), sql, -1, &statement, nullptr);
        QString value;
        if (sqlite3_step(statement) == SQLITE_ROW) {
            value = QString::fromUtf8(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
        }
        sqlite3_finalize(statement);
        return value;
    }

private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

inline std::filesystem::path databaseIn(const QTemporaryDir& folder) {
    return std::filesystem::path(folder.path().toStdString()) / "epichat.db";
}

inline QString messageOf(const Error& error) {
    return QString::fromStdString(error.message);
}

inline MessageRecord userMessage(std::int64_t conversationId, std::string text) {
    MessageRecord message;
    message.conversationId = conversationId;
    message.text = std::move(text);
    return message;
}

/// Two sessions, three turns, two questions.
inline ImportedConversation smallImport() {
    ImportedConversation imported;
    imported.sourceId = "conv-1";
    imported.title = "Ana and Ben";
    imported.speakers = {"Ana", "Ben"};
    imported.sessions = {
        {1, "1:56 pm on 8 May, 2023", {{"D1:1", "Ana", "Hi Ben", ""}, {"D1:2", "Ben", "Look", "a red boat"}}},
        {2, "9:00 am on 9 May, 2023", {{"D2:1", "Ana", "Nice \xE2\x9B\xB5", ""}}}};
    imported.questions = {{"What did Ben share?", "a red boat", 4, {"D1:2"}, ""},
                          {"Who is Ana?", "", 5, {}, "Ben's aunt"}};
    return imported;
}

}  // namespace epi::test
