#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace epi {

/// Byte-level vocabularies write every byte as a printable character: the printable Latin-1 characters stand
/// for themselves, the others follow from U+0100 on in byte order. The bytes that `token` spells; nothing
/// when it holds another character.
std::optional<std::string> bytesOfSpelling(std::string_view token);

/// The inverse: how a byte-level vocabulary spells `bytes`.
std::string spellingOfBytes(std::string_view bytes);

}  // namespace epi
