#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <QCryptographicHash>

#include "tests/support/shared_data.h"

namespace epi::test {

/// The facts and arrays of one case of goldens/epicache (its README, section 2).
class GoldenCase {
public:
    GoldenCase(const std::filesystem::path& facts, const std::filesystem::path& arrays)
        : facts_(readJson(facts)) {
        std::ifstream file(arrays, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
    }

    [[nodiscard]] bool isSound() const {
        const QByteArrayView bytes(bytes_.data(), static_cast<qsizetype>(bytes_.size()));
        return facts_.is_object() &&
               QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex().toStdString() ==
                   facts_["bin_sha256"].get<std::string>();
    }
    [[nodiscard]] const nlohmann::json& facts() const { return facts_; }

    template <typename T>
    [[nodiscard]] std::vector<T> array(const std::string& name) const {
        for (const nlohmann::json& entry : facts_["arrays"]) {
            if (entry["name"] != name) continue;
            std::vector<T> values(entry["nbytes"].get<std::size_t>() / sizeof(T));
            std::memcpy(
                values.data(), bytes_.data() + entry["offset"].get<std::size_t>(), values.size() * sizeof(T));
            return values;
        }
        return {};
    }

private:
    nlohmann::json facts_;
    std::string bytes_;
};

}  // namespace epi::test
