#pragma once

#include <string>

#include "core/base/result.h"
#include "storage/store.h"

#include <CLI/CLI.hpp>

namespace epi {

/// Adds --db, the text that `openDatabase` understands.
void addDatabaseOption(CLI::App& command, std::string& database);

/// What to do about a database that is not there.
enum class DatabaseAccess { kExisting, kCreate };

/// The database at this path; empty: paths::database(). kNotFound when there must be one and is none.
Result<Store> openDatabase(const std::string& database, DatabaseAccess access);

/// The same for a command that writes: kUnsupported while another program holds the profile.
Result<Store> openWritableDatabase(const std::string& database,
                                   DatabaseAccess access = DatabaseAccess::kExisting);

/// A conversation in a database, as the user names it.
struct ConversationArguments {
    std::string database;
    std::string conversation;  // row id or source id
};

/// Adds --db and --conversation.
void addConversationOptions(CLI::App& command, ConversationArguments& arguments);

}  // namespace epi
