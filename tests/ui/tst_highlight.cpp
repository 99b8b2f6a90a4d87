#include <chrono>
#include <cmath>
#include <ctime>
#include <random>

#include <QPainter>
#include <QSignalSpy>
#include <QTest>

#include "ui/bridge/text.h"
#include "ui/chat/message_body.h"
#include "ui/highlight/code_rules.h"
#include "ui/highlight/highlighter.h"
#include "ui/theme/theme.h"

using namespace epi;
using namespace Qt::StringLiterals;

namespace {

constexpr int kNone = -1;
constexpr auto kKeyword = static_cast<int>(CodeKind::kKeyword);
constexpr auto kString = static_cast<int>(CodeKind::kString);
constexpr auto kComment = static_cast<int>(CodeKind::kComment);
constexpr auto kNumber = static_cast<int>(CodeKind::kNumber);
constexpr auto kConstant = static_cast<int>(CodeKind::kConstant);
constexpr auto kFunction = static_cast<int>(CodeKind::kFunction);
constexpr auto kType = static_cast<int>(CodeKind::kType);
constexpr auto kProperty = static_cast<int>(CodeKind::kProperty);
constexpr auto kAttribute = static_cast<int>(CodeKind::kAttribute);

/// A word of a snippet and its kind.
struct Expected {
    QString word;
    int kind = kNone;
};

struct Sample {
    QString language;
    QString code;
    std::vector<Expected> words;
};

/// Of each language a few lines. A word is looked for from the place of the word before it on.
std::vector<Sample> samples() {
    return {
        {u"python"_s,
         uR"(# Hourly means
import asyncio
MAX_TRIES = 3

@cached(60)
class Reader(Base):
    async def read(self, path: str = "a\n") -> list[int]:
        for n in range(MAX_TRIES):
            self.count = None
            raise ValueError(f"try {n + 1} of {path!r}")
)"_s,
         {{u"# Hourly"_s, kComment},   {u"import"_s, kKeyword}, {u"asyncio"_s, kNone},
          {u"MAX_TRIES"_s, kConstant}, {u"3"_s, kNumber},       {u"@"_s, kAttribute},
          {u"cached"_s, kAttribute},   {u"class"_s, kKeyword},  {u"Reader"_s, kType},
          {u"Base"_s, kType},          {u"async"_s, kKeyword},  {u"read"_s, kFunction},
          {u"self"_s, kNone},          {u"str"_s, kType},       {u"\"a"_s, kString},
          {u"\\n"_s, kConstant},       {u"int"_s, kType},       {u"for"_s, kKeyword},
          {u"range"_s, kFunction},     {u"count"_s, kProperty}, {u"None"_s, kConstant},
          {u"ValueError"_s, kType},    {u"try"_s, kString},     {u"n +"_s, kNone},
          {u"1"_s, kNumber},           {u"of"_s, kString}}},
        {u"javascript"_s,
         uR"(// A cart
import { sum } from './math.js';
const TAX = 0.19;
class Cart extends Base {
  static total(items) { return sum(items.map(i => i.price)) ?? null; }
}
const show = async (cart) => `Total: ${cart.total} EUR`;
const view = <Box title="x">{new Cart(/a+/g)}</Box>;
)"_s,
         {{u"// A"_s, kComment},   {u"import"_s, kKeyword},  {u"sum"_s, kNone},       {u"from"_s, kKeyword},
          {u"'./math"_s, kString}, {u"const"_s, kKeyword},   {u"TAX"_s, kConstant},   {u"0.19"_s, kNumber},
          {u"Cart"_s, kType},      {u"extends"_s, kKeyword}, {u"Base"_s, kType},      {u"static"_s, kKeyword},
          {u"total"_s, kFunction}, {u"return"_s, kKeyword},  {u"sum"_s, kFunction},   {u"map"_s, kFunction},
          {u"price"_s, kProperty}, {u"null"_s, kConstant},   {u"show"_s, kFunction},  {u"async"_s, kKeyword},
          {u"`Total"_s, kString},  {u"cart"_s, kNone},       {u"total"_s, kProperty}, {u"EUR"_s, kString},
          {u"Box"_s, kType},       {u"title"_s, kAttribute}, {u"new"_s, kKeyword},    {u"Cart"_s, kType},
          {u"/a+/"_s, kString}}},
        {u"typescript"_s,
         uR"(type Handler = ({ id }: { id: number }) => void
interface Store<T> extends Base { readonly items: T[]; find?(key: string): T }
enum Level { Low = 1, High }
export function pick(list: string[]): string
export function pick(list: any): any {
  return list as unknown
}
abstract class Memory implements Store<number> {
  private size: Map<string, number> = new Map()
  abstract clear(): void
}
)"_s,
         {{u"type"_s, kKeyword},       {u"Handler"_s, kType},    {u"id"_s, kNone},
          {u"number"_s, kType},        {u"void"_s, kType},       {u"interface"_s, kKeyword},
          {u"Store"_s, kType},         {u"extends"_s, kKeyword}, {u"readonly"_s, kKeyword},
          {u"items"_s, kProperty},     {u"find"_s, kFunction},   {u"string"_s, kType},
          {u"enum"_s, kKeyword},       {u"Level"_s, kType},      {u"1"_s, kNumber},
          {u"export"_s, kKeyword},     {u"pick"_s, kFunction},   {u"export"_s, kKeyword},
          {u"pick"_s, kFunction},      {u"return"_s, kKeyword},  {u"as"_s, kKeyword},
          {u"abstract"_s, kKeyword},   {u"class"_s, kKeyword},   {u"Memory"_s, kType},
          {u"implements"_s, kKeyword}, {u"private"_s, kKeyword}, {u"size"_s, kProperty},
          {u"Map"_s, kType},           {u"new"_s, kKeyword},     {u"Map"_s, kType},
          {u"abstract"_s, kKeyword},   {u"clear"_s, kFunction}}},
        {u"tsx"_s,
         uR"(const Row = ({ name }: { name: string }): JSX.Element => (
  <li className="row" onClick={() => open(name)}>Name: {name}</li>
)
)"_s,
         {{u"const"_s, kKeyword},
          {u"Row"_s, kFunction},
          {u"string"_s, kType},
          {u"JSX"_s, kType},
          {u"Element"_s, kType},
          {u"li"_s, kType},
          {u"className"_s, kAttribute},
          {u"\"row\""_s, kString},
          {u"open"_s, kFunction},
          {u"Name:"_s, kNone}}},
        {u"json"_s,
         uR"({ // as some write it
  "name": "EpiChat\t", "tags": ["a", 1.5e3, true, null] })"_s,
         {{u"// as"_s, kComment},
          {u"\"name\""_s, kProperty},
          {u"\"EpiChat"_s, kString},
          {u"\\t"_s, kConstant},
          {u"1.5e3"_s, kNumber},
          {u"true"_s, kConstant},
          {u"null"_s, kConstant}}},
        {u"c"_s,
         uR"(#include <stdio.h>
#define LIMIT 10
/* A node */
struct node { int key; struct node *next; };
static unsigned long count(const node_t *list) {
    while (list != NULL) printf("%d\n", list->key + 'a' + 0x1F);
    return sizeof(struct node);
}
)"_s,
         {{u"#include"_s, kAttribute}, {u"<stdio"_s, kString}, {u"#define"_s, kAttribute},
          {u"LIMIT"_s, kConstant},     {u"/* A"_s, kComment},  {u"struct"_s, kKeyword},
          {u"node"_s, kType},          {u"int"_s, kType},      {u"key"_s, kProperty},
          {u"static"_s, kKeyword},     {u"unsigned"_s, kType}, {u"count"_s, kFunction},
          {u"const"_s, kKeyword},      {u"node_t"_s, kType},   {u"while"_s, kKeyword},
          {u"list"_s, kNone},          {u"NULL"_s, kConstant}, {u"printf"_s, kFunction},
          {u"\"%d"_s, kString},        {u"\\n"_s, kConstant},  {u"key"_s, kProperty},
          {u"'a'"_s, kString},         {u"0x1F"_s, kNumber},   {u"sizeof"_s, kKeyword}}},
        {u"cpp"_s,
         uR"(namespace epi {
template <typename T>
class Cache final : public Base {
public:
    explicit Cache(std::size_t limit) : limit_(limit) {}
    [[nodiscard]] auto find(const T& key) const -> std::optional<T> override {
        if (auto it = map_.find(key); it != map_.end()) return std::make_optional<T>(R"x(raw)x");
        throw std::runtime_error{"none"};
    }
};
}  // namespace epi
)"_s,
         {{u"namespace"_s, kKeyword}, {u"template"_s, kKeyword},
          {u"typename"_s, kKeyword},  {u"class"_s, kKeyword},
          {u"Cache"_s, kType},        {u"final"_s, kKeyword},
          {u"public"_s, kKeyword},    {u"Base"_s, kType},
          {u"explicit"_s, kKeyword},  {u"Cache"_s, kFunction},
          {u"size_t"_s, kType},       {u"nodiscard"_s, kAttribute},
          {u"auto"_s, kType},         {u"find"_s, kFunction},
          {u"const"_s, kKeyword},     {u"optional"_s, kType},
          {u"override"_s, kKeyword},  {u"find"_s, kFunction},
          {u"return"_s, kKeyword},    {u"make_optional"_s, kFunction},
          {u"raw"_s, kString},        {u"throw"_s, kKeyword},
          {u"\"none\""_s, kString},   {u"// namespace"_s, kComment}}},
        {u"java"_s,
         uR"(package org.example;
/** A counter. */
@Service(name = "counter")
public final class Counter implements Runnable {
    private static final int MAX = 10;
    private long value;
    @Override
    public void run() {
        if (this.value < MAX && value != 0x1FL) System.out.println("at " + 'c');
        throw new IllegalStateException(null);
    }
}
)"_s,
         {{u"package"_s, kKeyword},    {u"/**"_s, kComment},   {u"@"_s, kAttribute},
          {u"Service"_s, kAttribute},  {u"name"_s, kProperty}, {u"\"counter"_s, kString},
          {u"public"_s, kKeyword},     {u"class"_s, kKeyword}, {u"Counter"_s, kType},
          {u"Runnable"_s, kType},      {u"int"_s, kType},      {u"MAX"_s, kConstant},
          {u"10"_s, kNumber},          {u"long"_s, kType},     {u"value"_s, kProperty},
          {u"Override"_s, kAttribute}, {u"void"_s, kType},     {u"run"_s, kFunction},
          {u"if"_s, kKeyword},         {u"this"_s, kKeyword},  {u"value"_s, kProperty},
          {u"0x1FL"_s, kNumber},       {u"System"_s, kType},   {u"println"_s, kFunction},
          {u"\"at"_s, kString},        {u"'c'"_s, kString},    {u"new"_s, kKeyword},
          {u"IllegalState"_s, kType},  {u"null"_s, kConstant}}},
        {u"rust"_s,
         uR"(//! Words
use std::collections::HashMap;
#[derive(Debug)]
pub struct Counter<'a> { words: HashMap<&'a str, u32> }
impl<'a> Counter<'a> {
    pub fn add(&mut self, text: &'a str) -> Option<usize> {
        for word in text.split(' ') { *self.words.entry(word).or_insert(0) += 1; }
        println!("{}", 1.5_f64);
        Some(self.words.len())
    }
}
)"_s,
         {{u"//!"_s, kComment},      {u"use"_s, kKeyword},        {u"HashMap"_s, kType},
          {u"derive"_s, kAttribute}, {u"pub"_s, kKeyword},        {u"struct"_s, kKeyword},
          {u"Counter"_s, kType},     {u"words"_s, kProperty},     {u"u32"_s, kType},
          {u"impl"_s, kKeyword},     {u"fn"_s, kKeyword},         {u"add"_s, kFunction},
          {u"mut"_s, kKeyword},      {u"self"_s, kKeyword},       {u"Option"_s, kType},
          {u"for"_s, kKeyword},      {u"in"_s, kKeyword},         {u"split"_s, kFunction},
          {u"' '"_s, kString},       {u"words"_s, kProperty},     {u"entry"_s, kFunction},
          {u"0"_s, kNumber},         {u"println!"_s, kAttribute}, {u"\"{}\""_s, kString},
          {u"1.5"_s, kNumber},       {u"Some"_s, kType}}},
        {u"go"_s,
         uR"(package main

import "fmt"

// Point has two parts.
type Point struct{ X, Y float64 }

func (p *Point) Scale(by float64) error {
	defer func() { recover() }()
	p.X *= by
	if p == nil { return fmt.Errorf("none: %v\n", true) }
	return nil
}

const Answer = 42
)"_s,
         {{u"package"_s, kKeyword},  {u"import"_s, kKeyword}, {u"\"fmt\""_s, kString},
          {u"// Point"_s, kComment}, {u"type"_s, kKeyword},   {u"Point"_s, kType},
          {u"struct"_s, kKeyword},   {u"X"_s, kProperty},     {u"float64"_s, kType},
          {u"func"_s, kKeyword},     {u"Point"_s, kType},     {u"Scale"_s, kFunction},
          {u"error"_s, kType},       {u"defer"_s, kKeyword},  {u"recover"_s, kFunction},
          {u"X"_s, kProperty},       {u"nil"_s, kConstant},   {u"Errorf"_s, kFunction},
          {u"\"none"_s, kString},    {u"\\n"_s, kConstant},   {u"true"_s, kConstant},
          {u"Answer"_s, kConstant},  {u"42"_s, kNumber}}},
        {u"bash"_s,
         uR"~(#!/bin/sh
# Backs up
for name in "$HOME"/*.txt; do
    if [ -f "$name" ]; then
        cp --verbose "$name" "${TARGET:-/tmp}" && echo "kept $(date +%s)"
    fi
done
greet() { local who=$1; printf 'hi\n' >&2; }
)~"_s,
         {{u"#!/bin"_s, kComment}, {u"# Backs"_s, kComment},     {u"for"_s, kKeyword},
          {u"in"_s, kKeyword},     {u"HOME"_s, kProperty},       {u"do"_s, kKeyword},
          {u"if"_s, kKeyword},     {u"-f"_s, kKeyword},          {u"then"_s, kKeyword},
          {u"cp"_s, kFunction},    {u"--verbose"_s, kAttribute}, {u"TARGET"_s, kProperty},
          {u"echo"_s, kFunction},  {u"kept"_s, kString},         {u"date"_s, kFunction},
          {u"fi"_s, kKeyword},     {u"done"_s, kKeyword},        {u"greet"_s, kFunction},
          {u"local"_s, kKeyword},  {u"who"_s, kProperty},        {u"printf"_s, kFunction},
          {u"'hi"_s, kString}}},
    };
}

const CodeLanguage* languageNamed(const QString& id) {
    for (const CodeLanguage& language : codeLanguages()) {
        if (language.id == id) return &language;
    }
    return nullptr;
}

/// Where the colours are looked at, and not how soon they come.
constexpr std::chrono::milliseconds kAnyTime{60'000};

std::vector<CodeSpan> spansOf(const CodeLanguage& language, const QString& code) {
    Highlighter highlighter(language, kAnyTime);
    highlighter.update(code);
    return highlighter.spans();
}

/// What this program worked, other programs not counted.
std::chrono::milliseconds timeOf(const auto& work) {
    const std::clock_t start = std::clock();
    work();
    return std::chrono::milliseconds((std::clock() - start) * 1'000 / CLOCKS_PER_SEC);
}

/// Generous: two limits, freeing the tree, and slow instruments.
constexpr auto kMoment = 10 * Highlighter::kLimit;

int kindAt(const std::vector<CodeSpan>& spans, qsizetype position) {
    for (const CodeSpan& span : spans) {
        if (span.begin <= position && position < span.end()) return static_cast<int>(span.kind);
    }
    return kNone;
}

/// In order, not empty, apart from each other, within the code, and no two where one would do.
bool isSound(const std::vector<CodeSpan>& spans, const QString& code) {
    int end = 0;
    const CodeSpan* before = nullptr;
    for (const CodeSpan& span : spans) {
        if (span.begin < end || span.length <= 0) return false;
        if (before != nullptr && before->end() == span.begin && before->kind == span.kind) return false;
        end = span.end();
        before = &span;
    }
    return end <= code.size();
}

double luminance(const QColor& color) {
    const auto linear = [](double c) {
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double first = luminance(a);
    const double second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

QString fenced(const QString& label, const QString& code) {
    return u"```"_s + label + u"\n"_s + code + u"\n```\n"_s;
}

QImage picture(const MessageBody& body) {
    QImage image(body.width(), std::max(body.height(), 1), QImage::Format_RGB32);
    image.fill(Theme::current().colors().background);
    QPainter painter(&image);
    body.paint(painter, {0, 0}, {.clip = image.rect()});
    return image;
}

bool hasPixelOf(const QImage& image, const QColor& color) {
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            if (image.pixelColor(x, y) == color) return true;
        }
    }
    return false;
}

}  // namespace

class TestHighlight : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 200); }

    void everyLanguageColoursItsWords_data() { addSamples(); }
    void everyLanguageColoursItsWords() {
        QFETCH(int, sample);
        const Sample wanted = samples()[static_cast<std::size_t>(sample)];
        const CodeLanguage* language = languageNamed(wanted.language);
        if (language == nullptr) QSKIP(qPrintable(u"no grammar was built for "_s + wanted.language));
        const std::vector<CodeSpan> spans = spansOf(*language, wanted.code);
        QVERIFY(isSound(spans, wanted.code));
        qsizetype from = 0;
        for (const auto& [word, kind] : wanted.words) {
            from = wanted.code.indexOf(word, from);
            QVERIFY2(from >= 0, qPrintable(word));
            QVERIFY2(kindAt(spans, from) == kind,
                     qPrintable(u"%1: kind %2 instead of %3"_s.arg(word).arg(kindAt(spans, from)).arg(kind)));
            QVERIFY2(kindAt(spans, from + word.size() - 1) == kind, qPrintable(word + u" as a whole"_s));
            from += word.size();
        }
    }

    void everyLanguageThatWasBuiltHasASampleAndRules() {
        for (const CodeLanguage& language : codeLanguages()) {
            const std::vector<Sample> all = samples();
            QVERIFY2(std::ranges::count(all, language.id, &Sample::language) == 1, qPrintable(language.id));
            const auto read = CodeRules::read(language);
            QVERIFY2(read, read ? "" : read.error().message.c_str());
        }
    }

    void wrongRulesAreNamed() {
        const CodeLanguage* json = languageNamed(u"json"_s);
        if (json == nullptr) QSKIP("no grammar was built for json");
        CodeLanguage wrong = *json;
        wrong.rules = QStringList{u"nothing"_s};
        QCOMPARE(CodeRules::read(wrong).error().message, std::string("unknown rules nothing"));
        wrong.rules = QStringList{u"go"_s};
        QCOMPARE(CodeRules::read(wrong).error().message, std::string("unknown node field_identifier"));
    }

    void labelsAreFoundInAnyCase() {
        const std::pair<const char*, const char*> expected[] = {
            {"py", "python"},      {"Python", "python"},
            {"python3", "python"}, {"js", "javascript"},
            {"jsx", "javascript"}, {"ts", "typescript"},
            {"tsx", "tsx"},        {"c", "c"},
            {"c++", "cpp"},        {"cc", "cpp"},
            {"h", "cpp"},          {"hpp", "cpp"},
            {"C++", "cpp"},        {"sh", "bash"},
            {"shell", "bash"},     {"zsh", "bash"},
            {"rs", "rust"},        {"golang", "go"},
            {"jsonc", "json"},     {"json", "json"},
            {"java", "java"},      {"JavaScript", "javascript"}};
        for (const auto& [label, id] : expected) {
            const CodeLanguage* language = languageNamed(QString::fromLatin1(id));
            if (language == nullptr)
                QWARN(qPrintable(u"no grammar was built for %1"_s.arg(QLatin1String(id))));
            QVERIFY2(codeLanguageOf(QString::fromLatin1(label)) == language, label);
        }
    }

    void labelsOfNothingKnownArePlain() {
        const QString labels[] = {u""_s,
                                  u" "_s,
                                  u"text"_s,
                                  u"console"_s,
                                  u"brainfuck"_s,
                                  u"../c"_s,
                                  u"c "_s,
                                  u"\0c"_s,
                                  u"[]"_s,
                                  QString(1'000'000, u'c'),
                                  u"ＣＰＰ"_s,
                                  u"c\n"_s,
                                  u"💥"_s};
        for (const QString& label : labels)
            QVERIFY2(codeLanguageOf(label) == nullptr, qPrintable(label.left(20)));
    }

    void noTwoLanguagesShareALabel() {
        QStringList all;
        for (const CodeLanguage& language : codeLanguages())
            all += language.labels;
        QCOMPARE(all.removeDuplicates(), 0);
        for (const QString& label : all)
            QCOMPARE(label, label.toLower());
    }

    /// What arrives token by token ends anywhere.
    void cutsOfCodeHaveSoundColours_data() { addSamples(); }
    void cutsOfCodeHaveSoundColours() {
        QFETCH(int, sample);
        const Sample whole = samples()[static_cast<std::size_t>(sample)];
        const CodeLanguage* language = languageNamed(whole.language);
        if (language == nullptr) QSKIP(qPrintable(u"no grammar was built for "_s + whole.language));
        std::mt19937 random(static_cast<unsigned>(sample) + 7);
        for (int i = 0; i < 60; ++i) {
            const auto size = static_cast<unsigned>(whole.code.size());
            const auto begin = static_cast<qsizetype>(random() % size);
            const auto length = static_cast<qsizetype>(random() % size);
            const QString cut = whole.code.mid(i % 3 == 0 ? 0 : begin, length);
            QVERIFY2(isSound(spansOf(*language, cut), cut), qPrintable(cut));
        }
    }

    /// Long code is read again only where it grew.
    void codeThatGrowsIsColouredAsIfItHadBeenThereAtOnce_data() { addSamples(); }
    void codeThatGrowsIsColouredAsIfItHadBeenThereAtOnce() {
        QFETCH(int, sample);
        const Sample one = samples()[static_cast<std::size_t>(sample)];
        const CodeLanguage* language = languageNamed(one.language);
        if (language == nullptr) QSKIP(qPrintable(u"no grammar was built for "_s + one.language));
        // JSON has one value.
        const bool isList = one.language == u"json"_s;
        QString code = isList ? u"["_s : QString();
        while (code.size() < 12'000)
            code += one.code + (isList ? u",\n"_s : u"\n"_s);
        if (isList) code += u"1]"_s;
        std::mt19937 random(3);
        Highlighter highlighter(*language, kAnyTime);
        for (qsizetype end = 1; end < code.size(); end += 1 + static_cast<qsizetype>(random() % 40)) {
            const QString cut = code.left(end);
            highlighter.update(cut);
            QVERIFY(isSound(highlighter.spans(), cut));
        }
        highlighter.update(code);
        QVERIFY(isSound(highlighter.spans(), code));
        QVERIFY(highlighter.spans() == spansOf(*language, code));
        // Another text is read from its beginning.
        highlighter.update(one.code);
        QVERIFY(highlighter.spans() == spansOf(*language, one.code));
    }

    void theSameCodeIsNotReadAgain() {
        const CodeLanguage* language = languageNamed(u"python"_s);
        if (language == nullptr) QSKIP("no grammar was built for python");
        Highlighter highlighter(*language, kAnyTime);
        highlighter.update(u"x = 1"_s);
        const int revision = highlighter.revision();
        highlighter.update(u"x = 1"_s);
        QCOMPARE(highlighter.revision(), revision);
        highlighter.update(u"x = 1\ny"_s);  // the same colours
        QCOMPARE(highlighter.revision(), revision);
        highlighter.update(u"x = 1\ny = 2"_s);
        QVERIFY(highlighter.revision() != revision);
    }

    void hostileCodeIsReadInAMomentOrNotAtAll_data() {
        QTest::addColumn<QString>("code");
        QTest::newRow("empty") << u""_s;
        QTest::newRow("one NUL") << QString(1, QChar(0));
        QTest::newRow("NULs") << QString(60'000, QChar(0));
        QTest::newRow("high surrogates alone") << QString(60'000, QChar(0xD800));
        QTest::newRow("low surrogates alone") << QString(60'000, QChar(0xDC00));
        QTest::newRow("a pair cut in two") << QString(Highlighter::kLongest - 1, u'a') + u"💥💥"_s;
        QTest::newRow("50 MB") << QString(50'000'000, u'x');
        QTest::newRow("50 MB of code") << u"f(\"a\") + g(1);\n"_s.repeated(3'300'000);
        for (const QString& piece :
             {u"("_s,   u"["_s,    u"{"_s,  u"<"_s,  u"f("_s,   u"`${"_s,  u"$("_s,     u"if "_s,
              u"'"_s,   u"\""_s,   u"/*"_s, u"\\"_s, u"R\"("_s, u"a?b:"_s, u"#if\n"_s,  u"<<E\n"_s,
              u"\n "_s, u"a<b,"_s, u"-"_s,  u"@"_s,  u"r#\""_s, u"x=>"_s,  u"\uFEFF"_s, u"\u202E"_s})
            QTest::newRow(qPrintable(u"only "_s + piece.trimmed())) << piece.repeated(30'000);
        QString noise;
        std::mt19937 random(1);
        for (int i = 0; i < 40'000; ++i)
            noise += QChar(static_cast<char16_t>(random() % 3 == 0 ? random() % 65'536 : 32 + random() % 95));
        QTest::newRow("noise") << noise;
    }
    void hostileCodeIsReadInAMomentOrNotAtAll() {
        QFETCH(QString, code);
        if (codeLanguages().empty()) QSKIP("no grammar was built");
        for (const CodeLanguage& language : codeLanguages()) {
            Highlighter highlighter(language);
            const auto took = timeOf([&] { highlighter.update(code); });
            // Not every time: a machine may stand still for a moment.
            const auto least = [&] {
                Highlighter again(language);
                return timeOf([&] { again.update(code); });
            };
            QVERIFY2(took < kMoment || least() < kMoment || least() < kMoment,
                     qPrintable(u"%1: %2 ms"_s.arg(language.id).arg(took.count())));
            QVERIFY2(isSound(highlighter.spans(), code), qPrintable(language.id));
            if (!highlighter.spans().empty())
                QVERIFY(highlighter.spans().back().end() <= Highlighter::kLongest);
        }
    }

    void codeThatTakesTooLongHasNoColours() {
        const CodeLanguage* language = languageNamed(u"python"_s);
        if (language == nullptr) QSKIP("no grammar was built for python");
        Highlighter highlighter(*language, std::chrono::milliseconds(0));
        highlighter.update(u"x = 1\n"_s.repeated(1'000));
        QVERIFY(highlighter.spans().empty());
    }

    void coloursReadWellOnTheirGround_data() {
        QTest::addColumn<int>("theme");
        QTest::addColumn<double>("least");
        QTest::newRow("light") << static_cast<int>(ThemeChoice::kLight) << 4.5;
        QTest::newRow("dark") << static_cast<int>(ThemeChoice::kDark) << 4.5;
        QTest::newRow("high contrast") << static_cast<int>(ThemeChoice::kHighContrast) << 7.0;
    }
    void coloursReadWellOnTheirGround() {
        QFETCH(int, theme);
        QFETCH(double, least);
        Theme::apply(static_cast<ThemeChoice>(theme), 100);
        const ThemeColors colors = Theme::current().colors();
        Theme::apply(ThemeChoice::kLight, 200);
        for (std::size_t kind = 0; kind < kCodeKindCount; ++kind) {
            const double ratio = contrast(colors.code[kind], colors.surface);
            QVERIFY2(ratio >= least, qPrintable(u"kind %1: %2:1"_s.arg(kind).arg(ratio)));
            QVERIFY2(colors.code[kind] != colors.text, qPrintable(u"kind %1 looks plain"_s.arg(kind)));
        }
    }

    void aBlockShowsColours() {
        if (codeLanguageOf(u"py") == nullptr) QSKIP("no grammar was built for python");
        MessageBody body(markdown::Syntax::kMarkdown, 600);
        body.setText(fenced(u"py"_s, u"def add(a, b):\n    return a  # sum"_s));
        const int height = body.height();
        const auto& colors = Theme::current().colors().code;
        const QImage shown = picture(body);
        QVERIFY(hasPixelOf(shown, colors[static_cast<std::size_t>(CodeKind::kKeyword)]));
        QVERIFY(hasPixelOf(shown, colors[static_cast<std::size_t>(CodeKind::kComment)]));
        QCOMPARE(body.height(), height);
        body.setText(fenced(u"nothing-known"_s, u"def add(a, b):\n    return a  # sum"_s));
        QVERIFY(!hasPixelOf(picture(body), colors[static_cast<std::size_t>(CodeKind::kKeyword)]));
    }

    void codeThatStreamsLooksAsItDoesWhenItIsThere() {
        if (codeLanguageOf(u"python") == nullptr) QSKIP("no grammar was built for python");
        // A string over many groups of lines: what was plain becomes part of it, and is not any more.
        const QString code = u"a = 1\n\"\"\"\n"_s + u"def f(): pass\n"_s.repeated(20) + u"\"\"\"\nb = 2\n"_s;
        const QString text = fenced(u"python"_s, code);
        MessageBody growing(markdown::Syntax::kMarkdown, 600);
        QImage screen(600, 3'000, QImage::Format_RGB32);  // as a view does: only what changes is drawn again
        const auto grow = [&](const QString& shown) {
            const QRect changed(0, growing.setText(shown), screen.width(), screen.height());
            QPainter painter(&screen);
            painter.setClipRect(changed);
            painter.fillRect(changed, Theme::current().colors().background);
            growing.paint(painter, {0, 0}, {.clip = changed & screen.rect()});
        };
        for (qsizetype end = 3; end < text.size(); end += 5)
            grow(text.left(end));
        grow(text);
        MessageBody whole(markdown::Syntax::kMarkdown, 600);
        whole.setText(text);
        QCOMPARE(growing.height(), whole.height());
        QVERIFY(whole.height() < screen.height());
        QCOMPARE(screen.copy(0, 0, 600, whole.height()), picture(whole));
    }

    void whatGrowsIsDrawnFromItsLastLinesOn() {
        const QString code = u"call(1)\n"_s.repeated(40);
        MessageBody body(markdown::Syntax::kMarkdown, 600);
        body.setText(u"```python\n"_s + code);
        (void)picture(body);
        const int before = body.height();
        const int changed = body.setText(u"```python\n"_s + code + u"more"_s);
        QVERIFY2(changed > before * 3 / 4 && changed < before, qPrintable(QString::number(changed)));
    }

private:
    static void addSamples() {
        QTest::addColumn<int>("sample");
        const std::vector<Sample> all = samples();
        for (std::size_t i = 0; i < all.size(); ++i)
            QTest::newRow(qPrintable(all[i].language)) << static_cast<int>(i);
    }
};

QTEST_MAIN(TestHighlight)
#include "tst_highlight.moc"
