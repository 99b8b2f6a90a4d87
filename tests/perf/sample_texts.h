#pragma once

#include <QString>

namespace epi {

/// What a person writes: a few sentences, always the same for a number.
inline QString prose(int number, int sentences) {
    QString text;
    for (int i = 0; i < sentences; ++i) {
        text += QStringLiteral("Sentence %1 of message %2 says something about **gardens** and `rivers`. ")
                    .arg(i)
                    .arg(number);
    }
    return text;
}

/// What a model writes: headings, lists, code and tables once in a while.
inline QString reply(int number) {
    const QString gap = QStringLiteral("\n\n");
    QString text = QStringLiteral("## Answer %1").arg(number) + gap + prose(number, 2 + number % 5) + gap;
    if (number % 3 == 0) text += QStringLiteral("- first point\n- second point\n  - inner point\n\n");
    if (number % 4 == 0)
        text += QStringLiteral("```python\nfor i in range(%1):\n    print(i)\n```\n\n").arg(number);
    if (number % 7 == 0) text += QStringLiteral("| a | b |\n|---|--:|\n| one | 1 |\n| two | 2 |\n\n");
    return text + prose(number, 1);
}

}  // namespace epi
