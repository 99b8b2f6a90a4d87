#include "app/cli/command_line.h"

#include <algorithm>
#include <cctype>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/interrupt.h"

namespace epi {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 internal error, 2 bad arguments or input, 3 not found, 4 input or output failed,\n"
    "5 out of memory, 130 cancelled. An error is one sentence on standard error; with --json it is\n"
    "{\"error\": {\"code\", \"message\"}} on standard output.";

/// The library's sentence in the form of ours.
Error argumentError(std::string message) {
    while (!message.empty() && (message.back() == '.' || message.back() == '\n'))
        message.pop_back();
    std::ranges::replace(message, '\n', ' ');
    const bool isAllCapitals =
        message.size() > 1 && std::isupper(static_cast<unsigned char>(message[1])) != 0;
    if (!message.empty() && !isAllCapitals)
        message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
    return {ErrorCode::kInvalidArgument, std::move(message)};
}

/// What was not understood comes before what is missing: it is often why.
std::string messageOf(const CLI::ParseError& error, const CLI::App& root) {
    if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr) return error.what();
    const std::vector<std::string> rest = root.remaining(true);
    if (!rest.empty()) return CLI::ExtrasError(rest).what();
    // The group or command that was reached: its help names what it lacks.
    std::string words = root.get_name();
    for (std::vector<CLI::App*> given = root.get_subcommands(); !given.empty();
         given = given.front()->get_subcommands())
        words += " " + given.front()->get_name();
    return std::string(error.what()) + ": see '" + words + " --help'";
}

/// Help of all commands: those of a group as well as those of the first level, by the words that call them.
class CommandHelp final : public CLI::Formatter {
public:
    std::string make_expanded(const CLI::App* command) const override {
        const std::vector<const CLI::App*> commands =
            command->get_subcommands([](const CLI::App*) { return true; });
        if (!commands.empty()) {
            std::string text;
            for (const CLI::App* const each : commands)
                text += (text.empty() ? "" : "\n") + make_expanded(each);
            return text;
        }
        const CLI::App* const parent = command->get_parent();
        const bool isInGroup = parent != nullptr && parent->get_parent() != nullptr;
        return (isInGroup ? parent->get_name() + " " : "") + CLI::Formatter::make_expanded(command);
    }
};

}  // namespace

CommandLine::CommandLine() : root_("Local models with a long memory, from the command line", "epichat-cli") {
    root_.footer(kFooter);
    root_.formatter(std::make_shared<CommandHelp>());  // before there are commands, which take it over
    root_.set_version_flag("--version", "epichat-cli " EPI_VERSION, "Print the version and exit");
    root_.set_help_all_flag("--help-all", "Print the help of all commands and exit");
    root_.require_subcommand(1);
}

CLI::App& CommandLine::addGroup(const Description& description) {
    for (CLI::App* const group : root_.get_subcommands([](const CLI::App*) { return true; })) {
        if (group->get_name() == description.name) return *group;
    }
    CLI::App* const group = root_.add_subcommand(description.name, description.help);
    group->require_subcommand(1);
    return *group;
}

CLI::App& CommandLine::add(const Description& description, CommandAction action, CLI::App* group) {
    CLI::App& parent = group != nullptr ? *group : root_;
    CLI::App* const command = parent.add_subcommand(description.name, description.help);
    command->add_flag("--json", isJson_, "Print the result as JSON");
    command->callback([this, action = std::move(action)] { chosen_ = action; });
    return *command;
}

int CommandLine::run(int argc, const char* const* argv) {
    CommandContext context;
    try {
        root_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return root_.exit(error);
        // What follows a wrong argument was not read, so --json is looked for here.
        context.output.setJson(std::find(argv, argv + argc, std::string_view("--json")) != argv + argc);
        context.output.error(argumentError(messageOf(error, root_)));
        return exitCode(ErrorCode::kInvalidArgument);
    }
    context.output.setJson(isJson_);
    context.cancel = cancelOnInterrupt();
    const Result<void> result = runChosen(context);
    if (result) return 0;
    context.output.error(result.error());
    return exitCode(result.error().code);
}

Result<void> CommandLine::runChosen(CommandContext& context) const {
    try {
        EPI_TRY(chosen_(context));
        return context.output.finish();
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::kOutOfMemory, "out of memory"};
    }
}

}  // namespace epi
