#include "ui/highlight/code_rules.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <QFile>

#include "ui/bridge/text.h"

#include <tree_sitter/api.h>

/// A static library's resources must be asked for, from outside of any namespace.
static void initialiseRules() {
    Q_INIT_RESOURCE(epichat_highlight);
}

namespace epi {

using namespace Qt::StringLiterals;

namespace {

/// In the order of CodeKind.
constexpr std::array<QLatin1StringView, kCodeKindCount> kKinds = {"keyword"_L1,
                                                                  "string"_L1,
                                                                  "comment"_L1,
                                                                  "number"_L1,
                                                                  "constant"_L1,
                                                                  "function"_L1,
                                                                  "type"_L1,
                                                                  "property"_L1,
                                                                  "attribute"_L1};

Error unknown(const char* what, QStringView word) {
    return {ErrorCode::kInvalidArgument, std::string("unknown ") + what + ' ' + toUtf8(word.toString())};
}

Result<QString> textOf(const CodeLanguage& language) {
    initialiseRules();
    QString text;
    for (const QString& name : language.rules) {
        QFile file(u":/highlight/"_s + name + u".rules"_s);
        if (!file.open(QIODevice::ReadOnly)) return unknown("rules", name);
        text += QString::fromUtf8(file.readAll()) + u'\n';
    }
    return text;
}

/// The words of a line; what is in quotes is one of them, or belongs to one.
QStringList wordsOf(QStringView line) {
    QStringList words;
    QString word;
    QChar quote;
    for (const QChar c : line) {
        if (quote.isNull() && c.isSpace()) {
            if (!word.isEmpty()) words << std::exchange(word, {});
            continue;
        }
        if (c == quote) {
            quote = {};
        } else if (quote.isNull() && (c == u'\'' || c == u'"')) {
            quote = c;
        }
        word += c;
    }
    if (!word.isEmpty()) words << word;
    return words;
}

/// A path for each token in '...', or the path itself.
QStringList pathsOf(const QString& word) {
    const qsizetype begin = word.indexOf(u'\'');
    if (begin < 0) return {word};
    QStringList paths;
    for (const QString& token : word.mid(begin + 1, word.size() - begin - 2).split(u' ', Qt::SkipEmptyParts))
        paths << word.left(begin) + u'"' + token + u'"';
    return paths;
}

}  // namespace

Result<CodeRules> CodeRules::read(const CodeLanguage& language) {
    EPI_TRY_ASSIGN(const QString text, textOf(language));
    const auto symbolOf = [&](QStringView name) {
        const bool isToken = name.size() > 2 && name.front() == u'"' && name.back() == u'"';
        const QByteArray bytes = (isToken ? name.sliced(1, name.size() - 2) : name).toUtf8();
        return ts_language_symbol_for_name(
            language.grammar, bytes.constData(), static_cast<std::uint32_t>(bytes.size()), !isToken);
    };
    const auto fieldOf = [&](QStringView name) {
        const QByteArray bytes = name.toUtf8();
        return ts_language_field_id_for_name(
            language.grammar, bytes.constData(), static_cast<std::uint32_t>(bytes.size()));
    };
    CodeRules rules;
    rules.rules_.resize(ts_language_symbol_count(language.grammar));
    rules.valueField_ = fieldOf(u"value");
    for (const auto* name : {u"arrow_function", u"function_expression"}) {
        if (const TSSymbol symbol = symbolOf(name); symbol != 0) rules.functions_.push_back(symbol);
    }

    Rule rule;
    for (const QStringView line : QStringView(text).split(u'\n')) {
        if (line.startsWith(u'#')) continue;
        QStringList words = wordsOf(line);
        if (words.isEmpty()) continue;
        if (!line.front().isSpace()) {
            const QString head = words.takeFirst();
            const QString kind = head.section(u'.', 0, 0);
            const auto known = std::ranges::find(kKinds, kind);
            if (known == kKinds.end() && kind != "plain"_L1) return unknown("kind", head);
            rule.kind = kind == "plain"_L1 ? kPlain : static_cast<int>(known - kKinds.begin());
            static constexpr std::array kTests = {
                ""_L1, "upper"_L1, "capital"_L1, "option"_L1, "function"_L1};
            const auto test = std::ranges::find(kTests, head.section(u'.', 1));
            if (test == kTests.end()) return unknown("test", head);
            rule.test = static_cast<Test>(test - kTests.begin());
        }
        for (const QString& word : words) {
            for (const QString& path : pathsOf(word)) {
                rule.steps.clear();
                // A token may hold a slash: a path's last part begins at the last one before its quote.
                const qsizetype quote = path.indexOf(u'"');
                QStringList parts = path.left(quote < 0 ? path.size() : quote).split(u'/');
                if (quote >= 0) parts.back() += path.mid(quote);
                for (qsizetype i = parts.size(); i-- > 0;) {
                    const QStringView part = parts[i];
                    const qsizetype colon = part.front() == u'"' ? -1 : part.indexOf(u':');
                    Step step{.symbol = symbolOf(part.sliced(colon + 1))};
                    if (step.symbol == 0) return unknown("node", path);
                    if (colon >= 0) {
                        step.field = fieldOf(part.first(colon));
                        if (step.field == 0) return unknown("field", path);
                    }
                    rule.steps.push_back(step);
                }
                if (rule.test == Test::kFunction && rule.steps.size() > 1)
                    rules.holders_.push_back(rule.steps[1].symbol);
                rules.rules_[rule.steps.front().symbol].push_back(rule);
            }
        }
    }
    return rules;
}

bool CodeRules::asksForFunction(std::uint16_t symbol) const {
    return std::ranges::find(holders_, symbol) != holders_.end();
}

bool CodeRules::isFunction(std::uint16_t symbol) const {
    return std::ranges::find(functions_, symbol) != functions_.end();
}

bool CodeRules::passes(Test test, const std::vector<CodeNode>& path, QStringView name) {
    switch (test) {
        case Test::kNone:
            return true;
        case Test::kUpper:
            return name.size() > 1 && name.front().isUpper() &&
                   std::ranges::none_of(name, [](QChar c) { return c.isLower(); });
        case Test::kCapital:
            return !name.isEmpty() && name.front().isUpper();
        case Test::kOption:
            return name.startsWith(u'-');
        case Test::kFunction:
            break;
    }
    return path.size() > 1 && path[path.size() - 2].holdsFunction;
}

int CodeRules::kindOf(const std::vector<CodeNode>& path, QStringView name) const {
    const std::uint16_t symbol = path.back().symbol;
    if (symbol >= rules_.size()) return kNothing;  // what is wrong in the code has a number of its own
    const std::vector<Rule>& candidates = rules_[symbol];
    for (auto rule = candidates.rbegin(); rule != candidates.rend(); ++rule) {
        if (rule->steps.size() > path.size()) continue;
        const bool isHere = std::ranges::equal(
            rule->steps,
            std::ranges::subrange(path.rbegin(),
                                  path.rbegin() + static_cast<std::ptrdiff_t>(rule->steps.size())),
            [](const Step& step, const CodeNode& node) {
                return step.symbol == node.symbol && (step.field == 0 || step.field == node.field);
            });
        if (isHere && passes(rule->test, path, name)) return rule->kind;
    }
    return kNothing;
}

}  // namespace epi
