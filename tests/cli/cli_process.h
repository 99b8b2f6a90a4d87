#pragma once

#include <filesystem>
#include <memory>

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTemporaryDir>

/// The built program EPI_CLI with a data folder of its own.
namespace epi::test {

struct Finished {
    int exitCode = -1;
    QByteArray out;
    QByteArray err;

    [[nodiscard]] QJsonObject json() const { return QJsonDocument::fromJson(out).object(); }
    [[nodiscard]] QString errorCode() const { return json()["error"].toObject()["code"].toString(); }
    [[nodiscard]] QString errorMessage() const { return json()["error"].toObject()["message"].toString(); }
};

class CliProcess {
public:
    [[nodiscard]] bool isValid() const { return folder_.isValid(); }
    [[nodiscard]] QString filePath(const char* name) const {
        return folder_.filePath(QString::fromLatin1(name));
    }
    [[nodiscard]] QString folder() const { return folder_.path(); }

    void prepare(QProcess& process, const QStringList& arguments) const {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("XDG_DATA_HOME"), folder_.path());
        environment.insert(QStringLiteral("XDG_CACHE_HOME"), folder_.filePath(QStringLiteral("cache")));
        process.setProcessEnvironment(environment);
        process.setProgram(QStringLiteral(EPI_CLI));
        process.setArguments(arguments);
    }

    static Finished finish(QProcess& process) {
        if (process.state() == QProcess::NotRunning) process.start();
        if (!process.waitForFinished(600000) || process.exitStatus() != QProcess::NormalExit) return {};
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }

    [[nodiscard]] Finished run(const QStringList& arguments) const {
        QProcess process;
        prepare(process, arguments);
        return finish(process);
    }

    /// The path of a new file in the folder.
    [[nodiscard]] QString write(const char* name, const QByteArray& content) const {
        QFile file(filePath(name));
        return file.open(QIODevice::WriteOnly) && file.write(content) == content.size() ? file.fileName()
                                                                                        : QString();
    }

    static QString path(const std::filesystem::path& file) { return QString::fromStdString(file.string()); }

private:
    QTemporaryDir folder_;
};

}  // namespace epi::test
