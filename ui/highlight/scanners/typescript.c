/* The tokens of TypeScript and TSX that depend on line ends. Their packages lack this part: it is JavaScript's scanner
   with another rule for where a semicolon may be left out. Compiled once per grammar, EPI_GRAMMAR being its name. */
#include <string.h>
#include <wctype.h>

#include "tree_sitter/parser.h"

/* The order of the grammar's external tokens; the first eight are JavaScript's. */
enum { kSemicolon, kTemplate, kTernary, kHtmlComment, kLogicalOr, kEscape, kRegex, kJsxText, kSignatureEnd };

bool tree_sitter_javascript_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid);

static bool isLineEnd(int32_t character) {
    return character == '\n' || character == 0x2028 || character == 0x2029;
}

/* Goes over a comment, or over the slash of something else, which is false. */
static bool skipComment(TSLexer *lexer, bool *sawLineEnd) {
    lexer->advance(lexer, true);
    if (lexer->lookahead == '/') {
        while (lexer->lookahead != 0 && !isLineEnd(lexer->lookahead))
            lexer->advance(lexer, true);
        return true;
    }
    if (lexer->lookahead != '*') return false;
    lexer->advance(lexer, true);
    for (int32_t before = 0; lexer->lookahead != 0; lexer->advance(lexer, true)) {
        if (before == '*' && lexer->lookahead == '/') {
            lexer->advance(lexer, true);
            return true;
        }
        before = lexer->lookahead;
        *sawLineEnd |= isLineEnd(before);
    }
    return true;
}

/* Whether a statement that ended before a line end cannot go on with what the next line begins with. */
static bool beginsStatement(TSLexer *lexer, bool afterSignature) {
    const int32_t first = lexer->lookahead;
    if (first == '{') return !afterSignature; /* the body of the function whose head this was */
    if (first != 0 && first < 128 && strchr("`,:;*%><=[(?^|&/", (char)first) != NULL) return false;
    if (first == 0 || strchr(".+-!i", first < 128 ? (char)first : 'a') == NULL) return true;
    lexer->advance(lexer, true);
    if (first == '.') return iswdigit((wint_t)lexer->lookahead) != 0;
    if (first == '+' || first == '-') return lexer->lookahead == first;
    if (first == '!') return lexer->lookahead != '=';
    const char *operatorRest = "nstanceof"; /* "in" and "instanceof" go on, other words do not */
    int length = 0;
    while (length < 9 && lexer->lookahead == operatorRest[length]) {
        lexer->advance(lexer, true);
        ++length;
    }
    const bool isWordEnd = lexer->lookahead != '_' && lexer->lookahead != '$' && !iswalnum((wint_t)lexer->lookahead);
    return !(isWordEnd && (length == 1 || length == 9));
}

static bool scanSemicolon(TSLexer *lexer, const bool *valid, bool *sawComment) {
    bool sawLineEnd = false;
    lexer->result_symbol = kSemicolon;
    lexer->mark_end(lexer);
    for (;;) {
        if (lexer->lookahead == 0) return true;
        if (lexer->lookahead == '/') {
            *sawComment = true;
            if (!skipComment(lexer, &sawLineEnd)) return false;
        } else if (iswspace((wint_t)lexer->lookahead) || isLineEnd(lexer->lookahead)) {
            sawLineEnd |= isLineEnd(lexer->lookahead);
            lexer->advance(lexer, true);
        } else {
            break;
        }
    }
    if (lexer->lookahead == '}' && !sawLineEnd) {
        /* "({a}: {a: number}) => number": what looks like a block is a pattern with a type. */
        do
            lexer->advance(lexer, true);
        while (iswspace((wint_t)lexer->lookahead));
        return lexer->lookahead != ':' || valid[kLogicalOr];
    }
    return lexer->lookahead == '}' || (sawLineEnd && beginsStatement(lexer, valid[kSignatureEnd]));
}

static bool scan(void *payload, TSLexer *lexer, const bool *valid) {
    if (valid[kTemplate] || (!valid[kSemicolon] && !valid[kSignatureEnd]))
        return tree_sitter_javascript_external_scanner_scan(payload, lexer, valid);
    bool sawComment = false;
    if (scanSemicolon(lexer, valid, &sawComment)) return true;
    if (sawComment || !valid[kTernary] || lexer->lookahead != '?') return false;
    const bool onlyTernary[kSignatureEnd] = {[kTernary] = true};
    return tree_sitter_javascript_external_scanner_scan(payload, lexer, onlyTernary);
}

#define EPI_JOIN(grammar, name) tree_sitter_##grammar##_external_scanner_##name
#define EPI_NAME(grammar, name) EPI_JOIN(grammar, name)

void *EPI_NAME(EPI_GRAMMAR, create)(void) {
    return NULL;
}

void EPI_NAME(EPI_GRAMMAR, destroy)(void *payload) {
    (void)payload;
}

unsigned EPI_NAME(EPI_GRAMMAR, serialize)(void *payload, char *buffer) {
    (void)payload;
    (void)buffer;
    return 0;
}

void EPI_NAME(EPI_GRAMMAR, deserialize)(void *payload, const char *buffer, unsigned length) {
    (void)payload;
    (void)buffer;
    (void)length;
}

bool EPI_NAME(EPI_GRAMMAR, scan)(void *payload, TSLexer *lexer, const bool *valid) {
    return scan(payload, lexer, valid);
}
