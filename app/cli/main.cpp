#include "app/cli/command_line.h"
#include "core/base/heap.h"

// The commands: one function per file in commands/.
#define X(stem) EPI_COMMANDS(stem);
#include "commands.inc"
#undef X

int main(int argc, char** argv) {
    epi::keepFreedBlocks();
    epi::CommandLine commandLine;
#define X(stem) addCommands_##stem(commandLine);
#include "commands.inc"
#undef X
    return commandLine.run(argc, argv);
}
