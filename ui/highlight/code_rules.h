#pragma once

#include <cstdint>
#include <vector>

#include <QStringView>

#include "core/base/result.h"
#include "ui/highlight/code_language.h"
#include "ui/highlight/code_span.h"

namespace epi {

/// A node of a syntax tree on the way from the root to the one that is looked at.
struct CodeNode {
    std::uint16_t symbol = 0;
    std::uint16_t field = 0;     // of its parent that it stands in; 0: none
    bool holdsFunction = false;  // its own field "value" is one without a name
};

/// Which nodes of a language's syntax tree have which kind: the files resources/highlight/<name>.rules. A
/// line is a kind, or "plain", which takes away the kind of what is around, and the paths of nodes that have
/// it; a line that begins with a space goes on. A path is read from its end: "call/function:identifier" is an
/// identifier that is the function of a call. In '...' stand tokens that are written as they are, several
/// apart by spaces; in "..." is one with spaces in it. For one node, a later rule wins. A kind may have a
/// test: constant.upper (two characters or more, no small letter), type.capital (begins with a capital
/// letter), attribute.option (begins with '-'), function.function (its parent's value is a function).
/// Immutable; any thread.
class CodeRules {
public:
    static constexpr int kPlain = -1;
    static constexpr int kNothing = -2;  // no rule: as what is around

    /// An error names the word that is not understood, or that the grammar does not have.
    static Result<CodeRules> read(const CodeLanguage& language);

    /// A CodeKind, kPlain or kNothing. `path`: from the root to the node; `name`: its text.
    [[nodiscard]] int kindOf(const std::vector<CodeNode>& path, QStringView name) const;
    /// Whether a rule asks what such a node's field "value" is.
    [[nodiscard]] bool asksForFunction(std::uint16_t symbol) const;
    /// Whether such nodes are functions without a name of their own.
    [[nodiscard]] bool isFunction(std::uint16_t symbol) const;
    [[nodiscard]] std::uint16_t valueField() const { return valueField_; }

private:
    enum class Test : unsigned char { kNone, kUpper, kCapital, kOption, kFunction };
    struct Step {
        std::uint16_t symbol = 0;
        std::uint16_t field = 0;
    };
    struct Rule {
        int kind = kPlain;
        Test test = Test::kNone;
        std::vector<Step> steps;  // the node's, its parent's, ...
    };
    static bool passes(Test test, const std::vector<CodeNode>& path, QStringView name);

    std::vector<std::vector<Rule>> rules_;  // by the node's symbol
    std::vector<std::uint16_t> functions_;  // symbols
    std::vector<std::uint16_t> holders_;    // symbols of parents in rules with Test::kFunction
    std::uint16_t valueField_ = 0;
};

}  // namespace epi
