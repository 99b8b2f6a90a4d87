#pragma once

#include "core/base/result.h"
#include "storage/database.h"

namespace epi {

/// All or nothing: rolled back on destruction unless committed. The only way to write; holds the write lock
/// from the start.
class Transaction {
public:
    static Result<Transaction> begin(Database& database);
    ~Transaction();
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;

    /// When this returns without error, the changes are on disk.
    Result<void> commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}

    Database* database_;  // null once committed, rolled back or moved from
};

}  // namespace epi
