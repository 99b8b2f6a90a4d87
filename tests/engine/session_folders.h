#pragma once

#include <filesystem>
#include <memory>

#include <QTemporaryDir>

#include "tests/engine/local_session.h"

namespace epi {

/// A folder with a model and an embedder, and one for caches.
class SessionFolders {
public:
    SessionFolders() {
        test::writeTinyModel(models_.path().toStdString());
        test::writeTinyEmbedder(models_.path().toStdString(), kEmbedder);
        clearCaches();
    }

    /// The folder for caches is a new one from here on.
    void clearCaches() { caches_ = std::make_unique<QTemporaryDir>(); }
    [[nodiscard]] fs::path cacheFolder() const { return fs::path(caches_->path().toStdString()) / "kv"; }
    [[nodiscard]] LocalEngineConfig config() const {
        return {.modelFolder = models_.path().toStdString(), .cacheFolder = cacheFolder()};
    }

private:
    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> caches_;
};

}  // namespace epi
