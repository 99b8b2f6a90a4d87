#pragma once

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QString>

namespace epi::test {

/// Path of a file of the reference data, which is not part of the repository.
inline QString sharedFile(const char* name) {
    return qEnvironmentVariable("EPICHAT_SHARED", QStringLiteral(EPI_SOURCE_DIR "/../shared")) + "/" + name;
}

inline QJsonObject jsonObjectIn(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
}

}  // namespace epi::test
