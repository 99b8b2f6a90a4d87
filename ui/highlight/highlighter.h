#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include <QString>

#include "ui/highlight/code_language.h"
#include "ui/highlight/code_span.h"

struct TSTree;

namespace epi {

/// The colours of one piece of code that may grow. What was read before is used again where the code is long.
/// Foreign text is only ever read: what is behind the first 16,384 characters has no colours, and neither has
/// code that takes longer than the limit, three times in a row. (There is one part of reading, joining what
/// could be meant by ambiguous code, that nothing stops, and whose time grows with the square of the length.
/// Hence code is read in parts that double, as long as the next is likely to be done in time.) A value that
/// moves. GUI thread only.
class Highlighter {
public:
    static constexpr int kLongest = 16'384;  // UTF-16 units
    static constexpr std::chrono::milliseconds kLimit{40};

    explicit Highlighter(const CodeLanguage& language, std::chrono::milliseconds limit = kLimit)
        : language_(&language), limit_(limit) {}

    [[nodiscard]] const CodeLanguage& language() const { return *language_; }
    /// Reads `code`; nothing is done when it is what it was.
    void update(const QString& code);
    /// In order, apart from each other, within the code.
    [[nodiscard]] const std::vector<CodeSpan>& spans() const { return spans_; }
    /// Another number when the spans are others.
    [[nodiscard]] int revision() const { return revision_; }
    /// Up to where the last update left the spans as they were.
    [[nodiscard]] int changedFrom() const { return changedFrom_; }

private:
    using Deadline = std::chrono::steady_clock::time_point;
    struct Delete {
        void operator()(TSTree* tree) const;
    };
    using Tree = std::unique_ptr<TSTree, Delete>;
    /// Null when it takes too long. `before`: the tree of the first `known` units, or null.
    [[nodiscard]] Tree parsed(QStringView code, TSTree* before, qsizetype known, Deadline deadline) const;
    /// The tree of `code`, read in parts that double; null when it takes too long or is about to. `tree`: of
    /// `code_`, which `code` begins with, or null. `from` becomes where the first change begins, if before.
    [[nodiscard]] Tree grown(QStringView code, Tree tree, int& from, Deadline deadline) const;
    void replaceFrom(int from, const std::vector<CodeSpan>& spans);

    const CodeLanguage* language_;
    std::chrono::milliseconds limit_;
    Tree tree_;
    QString code_;  // of the tree
    std::vector<CodeSpan> spans_;
    int revision_ = 0;
    int changedFrom_ = 0;
    int failures_ = 0;  // in a row
};

}  // namespace epi
