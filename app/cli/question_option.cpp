#include "app/cli/question_option.h"

namespace epi {

void addQuestionOption(CLI::App& command, std::string& question) {
    command.add_option("-q,--question", question, "The question")
        ->required()
        ->check([](const std::string& text) -> std::string {
            return text.find_first_not_of(" \t\r\n") == std::string::npos ? "the question is empty" : "";
        });
}

}  // namespace epi
