#pragma once

#include <filesystem>

namespace epi::paths {

/// $XDG_DATA_HOME/epichat (default ~/.local/share/epichat): database, backups.
std::filesystem::path data();
/// data()/epichat.db: all conversations of the profile.
std::filesystem::path database();
/// data()/models: chat models and the embedder, one folder per model id.
std::filesystem::path models();
/// data()/profiles: how sensitive the layers of a model are, one file per model.
std::filesystem::path layerProfiles();
/// $XDG_CACHE_HOME/epichat/kv (default ~/.cache/epichat/kv): the engine's episode caches.
std::filesystem::path episodeCaches();

}  // namespace epi::paths
