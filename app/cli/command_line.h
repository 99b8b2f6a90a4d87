#pragma once

#include <functional>
#include <string>

#include "app/cli/output.h"
#include "core/base/cancel_token.h"
#include "core/base/result.h"

#include <CLI/CLI.hpp>

namespace epi {

/// What a command works with.
struct CommandContext {
    Output output;
    CancelToken cancel;  // set by Ctrl-C; commands that take long look at it and return kCancelled
};

/// What a command does. Its error decides the exit code (epi::exitCode).
using CommandAction = std::function<Result<void>(const CommandContext& context)>;

/// The program's arguments: commands, their options, and the one that was chosen.
///
/// A group of commands is one file in app/cli/commands/, found by the build:
///
///     EPI_COMMANDS(greet) {
///         const auto name = std::make_shared<std::string>();
///         CLI::App& greet = commandLine.add({"greet", "Say hello"}, [name](const CommandContext& context) {
///             context.output.print({{"hello", *name}}, "hello " + *name);
///             return Result<void>();
///         });
///         greet.add_option("NAME", *name, "Whom to greet")->required();
///     }
class CommandLine {
public:
    struct Description {
        std::string name;
        std::string help;  // one line
    };

    CommandLine();

    /// A command that only has commands of its own, like "model". Several files may add commands to one
    /// group; the first to name it describes it.
    CLI::App& addGroup(const Description& description);
    /// A command of the program, or of a group; it understands --json. Options are added to what is returned.
    CLI::App& add(const Description& description, CommandAction action, CLI::App* group = nullptr);

    /// Runs the command that the arguments choose and returns the program's exit code.
    int run(int argc, const char* const* argv);

private:
    [[nodiscard]] Result<void> runChosen(CommandContext& context) const;

    CLI::App root_;
    bool isJson_ = false;
    CommandAction chosen_;
};

}  // namespace epi

/// Begins the function that adds the commands of the file `stem`.cpp.
#define EPI_COMMANDS(stem) void addCommands_##stem(::epi::CommandLine& commandLine)
