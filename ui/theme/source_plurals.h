#pragma once

#include <QTranslator>

namespace epi {

/// The plural forms of the source language: "%n message(s)" is "1 message" or "2 messages", "%n entr(y|ies)"
/// "1 entry" or "2 entries". Installed first, so that a translation loaded later wins.
class SourcePlurals final : public QTranslator {
    Q_OBJECT

public:
    using QTranslator::QTranslator;

    [[nodiscard]] bool isEmpty() const override { return false; }
    [[nodiscard]] QString translate(const char* context,
                                    const char* source,
                                    const char* disambiguation,
                                    int n) const override;
};

}  // namespace epi
