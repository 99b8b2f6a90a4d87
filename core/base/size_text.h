#pragma once

#include <cstdint>
#include <string>

namespace epi {

/// A number of bytes for a message: "1.5 GB", below one GB "12 MB", below one MB "3 KB". Powers of ten. Any
/// thread.
std::string sizeText(std::int64_t bytes);

}  // namespace epi
