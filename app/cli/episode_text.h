#pragma once

#include <cstdint>
#include <string>

namespace epi {

/// An episode by the number that --episode takes, and which numbers there are: "episode 2 of 0 to 3".
inline std::string episodeText(std::int64_t episode, std::int64_t episodes) {
    const std::string text = "episode " + std::to_string(episode);
    return episodes < 2 ? text : text + " of 0 to " + std::to_string(episodes - 1);
}

}  // namespace epi
