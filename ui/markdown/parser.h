#pragma once

#include <vector>

#include <QString>

#include "ui/markdown/blocks.h"

namespace epi::markdown {

/// Bounds against text that is made to be slow. What goes beyond one is shown as plain text instead.
struct Limits {
    int sectionCharacters = 128 * 1024;
    int containers = 24;    // quotes and lists in each other
    int spans = 32;         // emphasis in links in emphasis ...
    int blocks = 2'000;     // of a section
    int tableColumns = 64;  // of a table
    int tableCells = 4'000;
    int pieces = 100'000;  // texts that the parser reports
};

/// The blocks of one section (see splitSections); `offset` is where the section begins in the message. Raw
/// HTML is text, an image its alternative text. A section that cannot be read, or of which markdown hides
/// lines, comes back as plain text. Any thread.
std::vector<Block> parseSection(const QString& section, int offset, const Limits& limits = {});

/// Text as it is, in blocks of a few thousand characters so that each is quick to lay out; a line is cut only
/// if it is longer than that. Any thread.
std::vector<Block> plainBlocks(const QString& text, int offset);

}  // namespace epi::markdown
