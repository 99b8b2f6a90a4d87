#include "core/policy/score_recipe.h"

#include <charconv>
#include <cmath>

namespace epi {
namespace {

bool isNameCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// Walks over one recipe.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<std::vector<ScoreTerm>> run() {
        std::vector<ScoreTerm> terms;
        do {
            EPI_TRY_ASSIGN(ScoreTerm next, term());
            terms.push_back(std::move(next));
        } while (take('+'));
        skipSpace();
        if (position_ < text_.size()) return expected("'+' or the end");
        return terms;
    }

private:
    Result<ScoreTerm> term() {
        ScoreTerm term;
        EPI_TRY_ASSIGN(term.scorer, word());
        if (take('(')) {
            do {
                EPI_TRY_ASSIGN(const std::string name, word());
                if (!take('=')) return expected("'='");
                EPI_TRY_ASSIGN(term.parameters[name], number());
            } while (take(','));
            if (!take(')')) return expected("')'");
        }
        if (take('*')) {
            EPI_TRY_ASSIGN(term.weight, number());
        }
        if (term.weight <= 0.0) return expected("a weight above 0");
        return term;
    }

    Result<std::string> word() {
        skipSpace();
        const std::size_t first = position_;
        while (position_ < text_.size() && isNameCharacter(text_[position_]))
            ++position_;
        if (position_ == first) return expected("a name");
        return std::string(text_.substr(first, position_ - first));
    }

    Result<double> number() {
        skipSpace();
        double value = 0.0;
        const char* const first = text_.data() + position_;
        const auto [end, failure] = std::from_chars(first, text_.data() + text_.size(), value);
        if (failure != std::errc{} || !std::isfinite(value)) return expected("a number");
        position_ += static_cast<std::size_t>(end - first);
        return value;
    }

    bool take(char c) {
        skipSpace();
        if (position_ >= text_.size() || text_[position_] != c) return false;
        ++position_;
        return true;
    }
    void skipSpace() {
        while (position_ < text_.size() && text_[position_] == ' ')
            ++position_;
    }
    [[nodiscard]] Error expected(const std::string& what) const {
        return {ErrorCode::kInvalidArgument,
                "score '" + std::string(text_) + "': " + what + " expected at character " +
                    std::to_string(position_ + 1)};
    }

    std::string_view text_;
    std::size_t position_ = 0;
};

}  // namespace

Result<std::vector<ScoreTerm>> parseScore(std::string_view text) {
    return Parser(text).run();
}

}  // namespace epi
