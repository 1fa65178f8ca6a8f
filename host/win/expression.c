/* SPDX-License-Identifier: MIT */
/* expression.c: implements expression.h, by precedence: each level is a row of operators, the loosest first. */
#include "host/win/expression.h"

#include <ctype.h>
#include <strings.h>

#include "host/win/access.h"
#include "host/win/registers.h"

#define DEPTH_MAX 64 /* Of parentheses and signs. */
#define NAME_MAX_SIZE 16

struct parser {
    struct kdio_win_client *client;
    const char *at;
    unsigned depth;
    HRESULT result; /* Of the first failure. */
};

/* ---- Operators ---- */

enum operator {
    OR, XOR, AND, EQUAL, NOT_EQUAL, AT_MOST, AT_LEAST, LESS, GREATER, SHIFT_LEFT, SHIFT_RIGHT, ADD, SUBTRACT, MULTIPLY,
    DIVIDE, REMAINDER,
};

static const struct {
    unsigned level;
    const char *text;
    enum operator operator;
} operators[] = {
    /* An operator before those that it begins with. */
    { 0, "or", OR },          { 0, "|", OR },          { 1, "xor", XOR },       { 1, "^", XOR },
    { 2, "and", AND },        { 2, "&", AND },         { 3, "==", EQUAL },      { 3, "!=", NOT_EQUAL },
    { 3, "<=", AT_MOST },     { 3, ">=", AT_LEAST },   { 4, "<<", SHIFT_LEFT }, { 4, ">>", SHIFT_RIGHT },
    { 3, "=", EQUAL },        { 3, "<", LESS },        { 3, ">", GREATER },     { 5, "+", ADD },
    { 5, "-", SUBTRACT },     { 6, "*", MULTIPLY },    { 6, "/", DIVIDE },      { 6, "%", REMAINDER },
    { 6, "mod", REMAINDER },
};
#define OPERATOR_COUNT (sizeof(operators) / sizeof(operators[0]))
#define LEVEL_OPERAND 7

static ULONG64 fail(struct parser *parser, HRESULT result)
{
    if (parser->result == S_OK)
        parser->result = result;
    return 0;
}

static void skip_spaces(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t')
        parser->at++;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The operator at hand, of whatever level; OPERATOR_COUNT when there is none. A word ends where letters end. */
static size_t find_operator(const struct parser *parser)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++) {
        size_t size = strlen(operators[i].text);
        bool word = is_word(operators[i].text[0]);
        if (strncasecmp(parser->at, operators[i].text, size) == 0 && !(word && is_word(parser->at[size])))
            return i;
    }
    return OPERATOR_COUNT;
}

static ULONG64 divide(struct parser *parser, enum operator operator, ULONG64 left, ULONG64 right)
{
    if (right == 0)
        return fail(parser, E_FAIL);
    return operator == DIVIDE ? left / right : left % right;
}

static ULONG64 apply(struct parser *parser, enum operator operator, ULONG64 left, ULONG64 right)
{
    switch (operator) {
    case OR: return left | right;
    case XOR: return left ^ right;
    case AND: return left & right;
    case EQUAL: return left == right;
    case NOT_EQUAL: return left != right;
    case AT_MOST: return left <= right;
    case AT_LEAST: return left >= right;
    case LESS: return left < right;
    case GREATER: return left > right;
    case SHIFT_LEFT: return right < 64 ? left << right : 0;
    case SHIFT_RIGHT: return right < 64 ? left >> right : 0;
    case ADD: return left + right;
    case SUBTRACT: return left - right;
    case MULTIPLY: return left * right;
    default: return divide(parser, operator, left, right);
    }
}

/* ---- Operands ---- */

static ULONG64 parse_level(struct parser *parser, unsigned level);
static ULONG64 parse_operand(struct parser *parser);

static const struct {
    const char *prefix;
    unsigned base;
} prefixes[] = { { "0x", 16 }, { "0n", 10 }, { "0t", 8 }, { "0y", 2 } };

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Reads digits; false when there is none, or the number does not fit. */
static bool read_digits(const char **at, unsigned base, ULONG64 *value)
{
    bool any = false;
    for (*value = 0; digit_of(**at) < base || (any && **at == '`'); (*at)++) {
        if (**at == '`')
            continue;
        if (__builtin_mul_overflow(*value, base, value) || __builtin_add_overflow(*value, digit_of(**at), value))
            return false;
        any = true;
    }
    return any;
}

/* A number is a whole word: its end is no letter or digit. */
static bool parse_number(struct parser *parser, ULONG64 *value)
{
    const char *at = parser->at;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        const char *digits = at + 2;
        if (strncasecmp(at, prefixes[i].prefix, 2) == 0 &&
            (read_digits(&digits, prefixes[i].base, value) || digits == at + 2) && !is_word(*digits)) {
            parser->at = digits;
            return true;
        }
    }
    const char *end = at;
    if (read_digits(&end, 16, value) && (*end == 'h' || *end == 'H') && !is_word(end[1])) {
        parser->at = end + 1;
        return true;
    }
    end = at;
    if (!read_digits(&end, parser->client->radix, value) || is_word(*end))
        return false;
    parser->at = end;
    return true;
}

static ULONG64 read_memory(struct parser *parser, enum kdio_space space, ULONG size, ULONG64 address)
{
    ULONG64 value = 0;
    if (parser->client->target == NULL)
        return fail(parser, E_UNEXPECTED);
    if (parser->result == S_OK)
        parser->result = kdio_win_memory_read_all(parser->client, space, address, &value, size);
    return value;
}

/* by(address) and its kin; false when there is none at hand. */
static bool parse_memory(struct parser *parser, ULONG64 *value)
{
    static const struct {
        const char *name;
        ULONG size;
    } readers[] = { { "by", 1 }, { "wo", 2 }, { "dwo", 4 }, { "qwo", 8 }, { "poi", 8 } };
    bool physical = strncasecmp(parser->at, "$p", 2) == 0;
    const char *name = parser->at + (physical ? 2 : 0);
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        size_t length = strlen(readers[i].name);
        if (strncasecmp(name, readers[i].name, length) != 0 || is_word(name[length]))
            continue;
        parser->at = name + length;
        ULONG64 address = parse_operand(parser);
        *value = read_memory(parser, physical ? KDIO_SPACE_PHYSICAL : KDIO_SPACE_VIRTUAL, readers[i].size, address);
        return true;
    }
    return false;
}

/* Without the @ a register comes after a number: `cs` is one, `ds` none in radix 16, but neither is a whole number. */
static bool parse_register(struct parser *parser, ULONG64 *value)
{
    const char *name = parser->at + (*parser->at == '@');
    size_t size = 0;
    ULONG index = 0;
    while (size < NAME_MAX_SIZE && is_word(name[size]))
        size++;
    if (!kdio_win_register_find(name, size, &index))
        return false;
    parser->at = name + size;
    HRESULT result = parser->client->target == NULL ? E_UNEXPECTED
                                                    : kdio_win_register_read(parser->client, index, value);
    if (result != S_OK)
        (void)fail(parser, result);
    return true;
}

static ULONG64 parse_parentheses(struct parser *parser)
{
    parser->at++;
    ULONG64 value = parse_level(parser, 0);
    skip_spaces(parser);
    if (*parser->at != ')')
        return fail(parser, E_FAIL);
    parser->at++;
    return value;
}

static ULONG64 parse_plain(struct parser *parser)
{
    ULONG64 value = 0;
    bool found = *parser->at != '@' && parse_number(parser, &value);
    if (!found)
        found = parse_memory(parser, &value);
    if (!found)
        found = parse_register(parser, &value);
    return found ? value : fail(parser, E_FAIL);
}

static bool take(struct parser *parser, const char *word)
{
    size_t size = strlen(word);
    if (strncasecmp(parser->at, word, size) != 0 || (is_word(word[0]) && is_word(parser->at[size])))
        return false;
    parser->at += size;
    return true;
}

static ULONG64 parse_operand(struct parser *parser)
{
    ULONG64 value;
    skip_spaces(parser);
    if (parser->result != S_OK || ++parser->depth > DEPTH_MAX)
        return fail(parser, E_FAIL);
    if (take(parser, "-"))
        value = -parse_operand(parser);
    else if (take(parser, "+"))
        value = parse_operand(parser);
    else if (take(parser, "~"))
        value = ~parse_operand(parser);
    else if (take(parser, "not"))
        value = parse_operand(parser) == 0;
    else
        value = *parser->at == '(' ? parse_parentheses(parser) : parse_plain(parser);
    parser->depth--;
    return value;
}

static ULONG64 parse_level(struct parser *parser, unsigned level)
{
    if (level == LEVEL_OPERAND)
        return parse_operand(parser);
    ULONG64 left = parse_level(parser, level + 1);
    for (;;) {
        skip_spaces(parser);
        size_t i = find_operator(parser);
        if (parser->result != S_OK || i == OPERATOR_COUNT || operators[i].level != level)
            return left;
        parser->at += strlen(operators[i].text);
        left = apply(parser, operators[i].operator, left, parse_level(parser, level + 1));
    }
}

HRESULT kdio_win_evaluate(struct kdio_win_client *client, PCSTR text, ULONG64 *value, ULONG *end)
{
    struct parser parser = { .client = client, .at = text };
    ULONG64 result = parse_level(&parser, 0);
    *end = (ULONG)(parser.at - text);
    if (parser.result == S_OK)
        *value = result;
    return parser.result;
}
