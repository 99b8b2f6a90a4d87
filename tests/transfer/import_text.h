#pragma once

#include <QByteArray>
#include <QFile>
#include <QString>
#include <QTemporaryDir>

#include "core/transfer/chat_import.h"

namespace epi::test {

/// What an import of a file handed over, in its order.
struct Imported {
    std::vector<ReadChat> chats;
    Result<ImportSummary> summary = ImportSummary();
};

inline Imported importPath(const std::filesystem::path& path, const ImportOptions& options = {}) {
    Imported imported;
    imported.summary = importChats(
        path,
        [&imported](ReadChat chat) {
            imported.chats.push_back(std::move(chat));
            return Result<void>();
        },
        options);
    return imported;
}

/// The same for a file with these bytes.
inline Imported importBytes(const QByteArray& bytes, const ImportOptions& options = {}) {
    const QTemporaryDir folder;
    QFile file(folder.filePath(QStringLiteral("chats")));
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) return {};
    file.close();
    return importPath(file.fileName().toStdString(), options);
}

}  // namespace epi::test
