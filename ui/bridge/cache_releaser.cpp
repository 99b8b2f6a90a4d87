#include "ui/bridge/cache_releaser.h"

#include <utility>

#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/format/cache_folder.h"

namespace epi {

CacheReleaser::CacheReleaser(EngineClient& engine, StoreClient& store, QObject* parent)
    : QObject(parent), engine_(engine), store_(store) {
    connect(&engine_, &EngineClient::greeted, this, &CacheReleaser::run);
    connect(&engine_, &EngineClient::released, this, &CacheReleaser::onReleased);
    connect(&engine_, &EngineClient::failed, this, [this](JobId job) { asked_.erase(job); });
    run();
}

void CacheReleaser::run() {
    store_.request(
        this,
        [](Store& store) -> Result<std::vector<std::string>> {
            EPI_TRY_ASSIGN(std::vector<std::string> keys, store.releasedCaches());
            if (const auto removed = removeCaches(paths::episodeCaches(), keys); !removed)
                logWarning(removed.error().message + "; it is tried again at the next start");
            return keys;
        },
        [this](Result<std::vector<std::string>> keys) {
            if (!keys) return logWarning(keys.error().message + "; caches of deleted chats stay");
            if (keys->empty() || !engine_.hello()) return;
            const JobId job = engine_.post(Release{.keys = *keys});
            asked_[job] = *std::move(keys);
        });
}

void CacheReleaser::onReleased(JobId job) {
    const auto asked = asked_.extract(job);
    if (asked.empty()) return;
    store_.request(
        this,
        [keys = asked.mapped()](Store& store) { return store.forgetReleasedCaches(keys); },
        [](const Result<void>& forgotten) {
            if (!forgotten) logWarning(forgotten.error().message + "; the engine is told again");
        });
}

}  // namespace epi
