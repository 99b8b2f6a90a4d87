#include "ui/bridge/cache_releaser.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

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
            // The engine may have been asked since the store was read.
            for (const auto& [job, asked] : asked_)
                std::erase_if(*keys,
                              [&](const auto& key) { return std::ranges::find(asked, key) != asked.end(); });
            if (keys->empty() || !engine_.hello()) return;
            const JobId job = engine_.post(Release{.keys = *keys});
            asked_[job] = *std::move(keys);
        });
}

void CacheReleaser::onReleased(JobId job) {
    const auto asked = asked_.find(job);
    if (asked == asked_.end()) return;
    // They count as asked until the store has forgotten them: what reads it meanwhile finds them still.
    store_.request(
        this,
        [keys = asked->second](Store& store) { return store.forgetReleasedCaches(keys); },
        [this, job](const Result<void>& forgotten) {
            asked_.erase(job);
            if (!forgotten) logWarning(forgotten.error().message + "; the engine is told again");
        });
}

}  // namespace epi
