#include "storage/transaction.h"

#include <utility>

namespace epi {

Result<Transaction> Transaction::begin(Database& database) {
    EPI_TRY(database.checkWritable());
    EPI_TRY(database.execute("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    // An error means that SQLite has rolled back by itself.
    if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
    EPI_TRY(database_->execute("COMMIT"));
    database_ = nullptr;
    return {};
}

}  // namespace epi
