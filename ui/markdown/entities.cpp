#include "ui/markdown/entities.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace epi::markdown {

using namespace Qt::StringLiterals;

namespace {

/// Those that people and models write; others are shown as they were written.
constexpr std::pair<QStringView, char32_t> kNamed[] = {
    {u"Delta", 0x394},   {u"Omega", 0x3A9},  {u"Sigma", 0x3A3},  {u"alpha", 0x3B1}, {u"amp", 0x26},
    {u"apos", 0x27},     {u"asymp", 0x2248}, {u"beta", 0x3B2},   {u"bull", 0x2022}, {u"cent", 0xA2},
    {u"copy", 0xA9},     {u"darr", 0x2193},  {u"deg", 0xB0},     {u"delta", 0x3B4}, {u"divide", 0xF7},
    {u"epsilon", 0x3B5}, {u"euro", 0x20AC},  {u"frac12", 0xBD},  {u"frac14", 0xBC}, {u"frac34", 0xBE},
    {u"gamma", 0x3B3},   {u"ge", 0x2265},    {u"gt", 0x3E},      {u"harr", 0x2194}, {u"hellip", 0x2026},
    {u"infin", 0x221E},  {u"int", 0x222B},   {u"lambda", 0x3BB}, {u"laquo", 0xAB},  {u"larr", 0x2190},
    {u"ldquo", 0x201C},  {u"le", 0x2264},    {u"lsquo", 0x2018}, {u"lt", 0x3C},     {u"mdash", 0x2014},
    {u"micro", 0xB5},    {u"middot", 0xB7},  {u"minus", 0x2212}, {u"mu", 0x3BC},    {u"nbsp", 0xA0},
    {u"ndash", 0x2013},  {u"ne", 0x2260},    {u"omega", 0x3C9},  {u"para", 0xB6},   {u"pi", 0x3C0},
    {u"plusmn", 0xB1},   {u"pound", 0xA3},   {u"prod", 0x220F},  {u"quot", 0x22},   {u"radic", 0x221A},
    {u"raquo", 0xBB},    {u"rarr", 0x2192},  {u"rdquo", 0x201D}, {u"reg", 0xAE},    {u"rsquo", 0x2019},
    {u"sect", 0xA7},     {u"sigma", 0x3C3},  {u"sum", 0x2211},   {u"sup2", 0xB2},   {u"sup3", 0xB3},
    {u"theta", 0x3B8},   {u"times", 0xD7},   {u"trade", 0x2122}, {u"uarr", 0x2191}, {u"yen", 0xA5}};

bool isShown(char32_t character) {
    if (character < 0x20 || character == 0x7F || character > QChar::LastValidCodePoint) return false;
    return !QChar::isSurrogate(character) && QChar::category(character) != QChar::Other_Format;
}

}  // namespace

QString characterOf(QStringView entity) {
    if (entity.size() < 3) return entity.toString();
    const QStringView name = entity.sliced(1, entity.size() - 2);
    char32_t character = 0;
    if (name.startsWith(u'#')) {
        const bool isHexadecimal = name.size() > 1 && (name[1] == u'x' || name[1] == u'X');
        bool isNumber = false;
        character = name.sliced(isHexadecimal ? 2 : 1).toUInt(&isNumber, isHexadecimal ? 16 : 10);
        if (!isNumber) return entity.toString();
    } else {
        const auto* found = std::ranges::lower_bound(
            kNamed,
            name,
            [](QStringView a, QStringView b) { return a < b; },
            [](const auto& pair) { return pair.first; });
        if (found == std::end(kNamed) || found->first != name) return entity.toString();
        character = found->second;
    }
    return isShown(character) ? QString::fromUcs4(&character, 1) : entity.toString();
}

}  // namespace epi::markdown
