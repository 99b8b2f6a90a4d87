#include "tests/ui/code_samples.h"

#include "ui/highlight/code_span.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kNone = CodeSample::kNone;
constexpr auto kKeyword = static_cast<int>(CodeKind::kKeyword);
constexpr auto kString = static_cast<int>(CodeKind::kString);
constexpr auto kComment = static_cast<int>(CodeKind::kComment);
constexpr auto kNumber = static_cast<int>(CodeKind::kNumber);
constexpr auto kConstant = static_cast<int>(CodeKind::kConstant);
constexpr auto kFunction = static_cast<int>(CodeKind::kFunction);
constexpr auto kType = static_cast<int>(CodeKind::kType);
constexpr auto kProperty = static_cast<int>(CodeKind::kProperty);
constexpr auto kAttribute = static_cast<int>(CodeKind::kAttribute);

}  // namespace

std::vector<CodeSample> codeSamples() {
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

}  // namespace epi
