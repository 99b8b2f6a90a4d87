#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/result.h"

namespace epi {

/// Where a command writes: its result to standard output, as text or (with --json) as lines of JSON; all else
/// to standard error.
class Output {
public:
    void setJson(bool isJson) { isJson_ = isJson; }
    [[nodiscard]] bool isJson() const { return isJson_; }

    /// A result, or one of several as they come: `value` with --json, else `text`; each ends its line; an
    /// empty text prints nothing.
    void print(const nlohmann::json& value, std::string_view text) const;
    /// A piece of a text that is written while it comes; nothing with --json. On a terminal, control
    /// characters other than line ends and tabs are shown, not obeyed.
    void stream(std::string_view piece) const;
    /// Something worth knowing that is no result: one sentence to standard error.
    void notice(std::string_view sentence) const;
    /// Why the command failed: {"error": {"code", "message"}} with --json, else one sentence to standard
    /// error.
    void error(const Error& error) const;
    /// kIo when something printed was lost, because the disk is full for example.
    [[nodiscard]] Result<void> finish() const;

private:
    bool isJson_ = false;
};

}  // namespace epi
