#pragma once

#include <map>
#include <string>
#include <vector>

#include <QObject>

#include "ui/bridge/engine_client.h"
#include "ui/bridge/store_client.h"

namespace epi {

/// Has the caches removed of chats that were deleted for ever, and those that may hold erased turns: in this
/// computer's folder, whether an engine runs or not, and by the engine, which may run on another one and must
/// forget them. The store knows which ones until an engine has answered. GUI thread only; nothing waits.
class CacheReleaser final : public QObject {
    Q_OBJECT

public:
    CacheReleaser(EngineClient& engine, StoreClient& store, QObject* parent = nullptr);

    /// After a chat was deleted. Runs by itself at the beginning and for every engine that says Hello.
    void run();

private:
    void onReleased(JobId job);

    EngineClient& engine_;
    StoreClient& store_;
    std::map<JobId, std::vector<std::string>> asked_;  // keys the engine was told, until they are forgotten
};

}  // namespace epi
