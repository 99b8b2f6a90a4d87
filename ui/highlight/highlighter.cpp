#include "ui/highlight/highlighter.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>

#include "ui/highlight/code_rules.h"

#include <tree_sitter/api.h>

namespace epi {

namespace {

using Clock = std::chrono::steady_clock;

/// Code that takes so many limits is not read a second time.
constexpr int kNeverAgain = 4;
constexpr int kMostFailures = 3;
/// Shorter code is read as a whole, which takes a tenth of a millisecond: what mistakes in unfinished code
/// lead to cannot stay.
constexpr qsizetype kReadWhole = 1'024;
/// What nothing stops takes so much longer for twice the code.
constexpr int kGrowthOfTime = 4;
constexpr int kNodesBetweenLooksAtTheClock = 256;

/// Null for rules that are wrong, which the tests find.
const CodeRules* rulesOf(const CodeLanguage& language) {
    static std::map<const CodeLanguage*, std::optional<CodeRules>> known;
    const auto [place, isNew] = known.try_emplace(&language);
    if (isNew) {
        Result<CodeRules> read = CodeRules::read(language);
        if (read) {
            place->second = *std::move(read);
        } else {
            qWarning("%s: %s", qPrintable(language.id), read.error().message.c_str());
        }
    }
    return place->second ? &*place->second : nullptr;
}

/// What this thread has worked so far, waiting for a processor not counted.
std::chrono::nanoseconds threadTime() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::uint32_t bytes(qsizetype units) {
    return static_cast<std::uint32_t>(units) * 2;
}

TSPoint pointAtEndOf(QStringView code) {
    const qsizetype lineBegin = code.lastIndexOf(u'\n') + 1;
    return {static_cast<std::uint32_t>(code.count(u'\n')), bytes(code.size() - lineBegin)};
}

/// Where the first of what differs between two trees begins, at most `end`. In UTF-16 units.
int firstChange(const TSTree* before, const TSTree* now, int end) {
    std::uint32_t count = 0;
    TSRange* ranges = ts_tree_get_changed_ranges(before, now, &count);
    for (std::uint32_t i = 0; i < count; ++i)
        end = std::min(end, static_cast<int>(ranges[i].start_byte / 2));
    std::free(ranges);
    return end;
}

/// Gives the parser code in small pieces, and none any more when time is up: a grammar's own scanner may look
/// far ahead at each character, during which the parser does not look at the clock. Behind a high surrogate
/// it reads one unit more than it was given: the next of the code, or the zero that ends every QString.
struct Source {
    static constexpr qsizetype kPiece = 1'024;
    QStringView code;
    Clock::time_point deadline;
    bool isLate = false;

    static const char* read(void* payload, std::uint32_t byte, TSPoint, std::uint32_t* count) {
        auto& source = *static_cast<Source*>(payload);
        const qsizetype begin = std::min<qsizetype>(byte / 2, source.code.size());
        source.isLate = source.isLate || Clock::now() > source.deadline;
        *count = source.isLate ? 0 : bytes(std::min(kPiece, source.code.size() - begin));
        return reinterpret_cast<const char*>(source.code.utf16() + begin);
    }
};

/// Goes through a tree and writes down the kinds of its parts. Nodes that end at `from` or before are left
/// out.
class Walk {
public:
    Walk(const CodeRules& rules, QStringView code, int from) : rules_(rules), code_(code), position_(from) {}

    /// Nothing when time is up.
    std::optional<std::vector<CodeSpan>> through(const TSTree* tree, Clock::time_point deadline) {
        TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
        const bool isDone = goThrough(cursor, deadline);
        ts_tree_cursor_delete(&cursor);
        if (!isDone) return std::nullopt;
        return std::move(spans_);
    }

private:
    struct Around {
        int end = 0;
        int kind = CodeRules::kPlain;
    };

    bool goThrough(TSTreeCursor& cursor, Clock::time_point deadline) {
        for (int n = 1;; ++n) {
            if (n % kNodesBetweenLooksAtTheClock == 0 && Clock::now() > deadline) return false;
            const bool isOld = !enter(cursor);
            if (!isOld && ts_tree_cursor_goto_first_child(&cursor)) continue;
            if (!isOld) leave();
            while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
                if (!ts_tree_cursor_goto_parent(&cursor)) return true;
                leave();
            }
        }
    }

    bool enter(const TSTreeCursor& cursor) {
        const TSNode node = ts_tree_cursor_current_node(&cursor);
        const auto size = static_cast<int>(code_.size());
        const int begin = std::min(static_cast<int>(ts_node_start_byte(node) / 2), size);
        const int end = std::min(static_cast<int>(ts_node_end_byte(node) / 2), size);
        if (end <= position_ && !path_.empty()) return false;
        fillTo(begin);
        const std::uint16_t symbol = ts_node_symbol(node);
        const std::uint16_t field = ts_tree_cursor_current_field_id(&cursor);
        bool holdsFunction = false;
        if (rules_.asksForFunction(symbol)) {
            const TSNode value = ts_node_child_by_field_id(node, rules_.valueField());
            holdsFunction = !ts_node_is_null(value) && rules_.isFunction(ts_node_symbol(value));
        }
        path_.push_back({.symbol = symbol, .field = field, .holdsFunction = holdsFunction});
        int kind = rules_.kindOf(path_, code_.sliced(begin, std::max(end - begin, 0)));
        if (kind == CodeRules::kNothing) kind = around_.empty() ? CodeRules::kPlain : around_.back().kind;
        around_.push_back({end, kind});
        return true;
    }

    void leave() {
        fillTo(around_.back().end);
        around_.pop_back();
        path_.pop_back();
    }

    /// What has not been written down up to `end` is of the kind of what is around.
    void fillTo(int end) {
        if (end <= position_) return;
        if (!around_.empty() && around_.back().kind >= 0) {
            const auto kind = static_cast<CodeKind>(around_.back().kind);
            if (!spans_.empty() && spans_.back().end() == position_ && spans_.back().kind == kind) {
                spans_.back().length += end - position_;
            } else {
                spans_.push_back({position_, end - position_, kind});
            }
        }
        position_ = end;
    }

    const CodeRules& rules_;
    QStringView code_;
    int position_;
    std::vector<CodeNode> path_;
    std::vector<Around> around_;
    std::vector<CodeSpan> spans_;
};

}  // namespace

void Highlighter::Delete::operator()(TSTree* tree) const {
    ts_tree_delete(tree);
}

Highlighter::Tree Highlighter::parsed(QStringView code,
                                      TSTree* before,
                                      qsizetype known,
                                      Deadline deadline) const {
    if (before != nullptr) {
        const TSPoint oldEnd = pointAtEndOf(code.first(known));
        const TSInputEdit edit{.start_byte = bytes(known),
                               .old_end_byte = bytes(known),
                               .new_end_byte = bytes(code.size()),
                               .start_point = oldEnd,
                               .old_end_point = oldEnd,
                               .new_end_point = pointAtEndOf(code)};
        ts_tree_edit(before, &edit);
    }
    const std::unique_ptr<TSParser, void (*)(TSParser*)> parser(ts_parser_new(), ts_parser_delete);
    if (!ts_parser_set_language(parser.get(), language_->grammar)) return nullptr;
    ts_parser_set_timeout_micros(parser.get(), std::chrono::microseconds(limit_).count());
    Source source{.code = code, .deadline = deadline};
    Tree tree(ts_parser_parse(
        parser.get(), before, {.payload = &source, .read = &Source::read, .encoding = TSInputEncodingUTF16}));
    return source.isLate ? nullptr : std::move(tree);
}

Highlighter::Tree Highlighter::grown(QStringView code, Tree tree, int& from, Deadline deadline) const {
    qsizetype known = tree ? code_.size() : 0;
    do {
        const auto begin = threadTime();
        const QStringView longer = code.first(std::min(code.size(), std::max(kReadWhole, 2 * known)));
        Tree next = parsed(longer, tree.get(), known, deadline);
        if (!next) return nullptr;
        if (tree) from = firstChange(tree.get(), next.get(), from);
        tree = std::move(next);
        known = longer.size();
        const auto expected = kGrowthOfTime * (threadTime() - begin);
        if (known < code.size() && Clock::now() + expected > deadline) return nullptr;
    } while (known < code.size());
    return tree;
}

void Highlighter::update(const QString& code) {
    const QStringView text = QStringView(code).first(std::min<qsizetype>(code.size(), kLongest));
    changedFrom_ = static_cast<int>(code.size());
    if (failures_ >= kMostFailures || (tree_ && text == code_)) return;
    const CodeRules* rules = rulesOf(*language_);
    if (rules == nullptr) return;
    const auto deadline = Clock::now() + limit_;
    const auto begin = threadTime();
    const bool isLonger = tree_ && code_.size() >= kReadWhole && text.startsWith(code_);
    int from = isLonger ? static_cast<int>(code_.size()) : 0;
    Tree tree = grown(text, isLonger ? std::move(tree_) : nullptr, from, deadline);
    std::optional<std::vector<CodeSpan>> spans;
    if (tree) spans = Walk(*rules, text, from).through(tree.get(), deadline);
    const bool isTooMuch = threadTime() - begin > kNeverAgain * limit_;
    if (spans && !isTooMuch) {
        failures_ = 0;
        tree_ = std::move(tree);
        code_ = text.size() == code.size() ? code : text.toString();
        replaceFrom(from, *spans);
    } else {
        failures_ = isTooMuch ? kMostFailures : failures_ + 1;
        tree_.reset();
        replaceFrom(0, {});
    }
}

void Highlighter::replaceFrom(int from, const std::vector<CodeSpan>& spans) {
    std::vector<CodeSpan> all = spans_;
    while (!all.empty() && all.back().begin >= from)
        all.pop_back();
    if (!all.empty() && all.back().end() > from) all.back().length = from - all.back().begin;
    auto next = spans.begin();
    if (next != spans.end() && !all.empty() && all.back().end() == next->begin &&
        all.back().kind == next->kind) {
        all.back().length += next->length;
        ++next;
    }
    all.insert(all.end(), next, spans.end());
    const auto same = std::ranges::mismatch(all, spans_);
    if (same.in1 == all.end() && same.in2 == spans_.end()) return;
    if (same.in1 != all.end()) changedFrom_ = std::min(changedFrom_, same.in1->begin);
    if (same.in2 != spans_.end()) changedFrom_ = std::min(changedFrom_, same.in2->begin);
    spans_ = std::move(all);
    ++revision_;
}

}  // namespace epi
