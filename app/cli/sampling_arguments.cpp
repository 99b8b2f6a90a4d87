#include "app/cli/sampling_arguments.h"

namespace epi {

void addSamplingOptions(CLI::App& command, SamplingOptions& options) {
    command.add_option("--max-tokens", options.maxTokens, "Longest reply")->capture_default_str();
    command.add_option("--temperature", options.temperature, "0: always the best token")
        ->capture_default_str();
    command.add_option("--top-k", options.topK, "Draw from the best K tokens; 0: off")->capture_default_str();
    command.add_option("--top-p", options.topP, "Draw from the best tokens of this probability; 1: off")
        ->capture_default_str();
    command.add_option("--min-p", options.minP, "Least probability, relative to the best token; 0: off")
        ->capture_default_str();
    command.add_option("--repetition-penalty", options.repetitionPenalty, "1: off")->capture_default_str();
    command.add_option("--seed", options.seed, "Seed of the draws")->capture_default_str();
    command.add_option("--stop", options.stop, "Text that ends the reply; may be given several times")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace epi
