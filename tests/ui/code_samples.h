#pragma once

// A few lines in each language that code is coloured in, and the kinds of their words.

#include <vector>

#include <QString>

namespace epi {

struct CodeSample {
    static constexpr int kNone = -1;
    struct Word {
        QString text;
        int kind = kNone;  // a CodeKind, or kNone
    };

    QString language;
    QString code;
    /// In order: a word is looked for from the place of the word before it on.
    std::vector<Word> words;
};

std::vector<CodeSample> codeSamples();

}  // namespace epi
