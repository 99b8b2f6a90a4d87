#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace epi {

/// Position of each unique name of a file. The hash (SipHash) has a random key per index, so that no file
/// can choose names that collide.
class NameIndex {
public:
    NameIndex();

    void reserve(std::size_t count) { positions_.reserve(count); }
    /// False when the name is already there.
    [[nodiscard]] bool insert(std::string_view name, std::size_t position);
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;

private:
    struct Hash {
        using is_transparent = void;
        std::array<unsigned char, 16> key;
        std::size_t operator()(std::string_view name) const;
    };
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> positions_;
};

}  // namespace epi
