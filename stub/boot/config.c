/* SPDX-License-Identifier: MIT */
/*
 * config.c: parser of the words of config.h. A word either sets its field to a value that is within its limits, or is
 * noted as unknown; there is no third outcome. One row of the table is one key.
 */
#include "stub/boot/config.h"

#define MEMORY_SIZE_MIN 4096u
#define MEMORY_SIZE_MAX (1024u * 1024)
#define BAUD_MAX        4000000u
#define IRQ_MAX         1023u

struct slice {
    const char *bytes;
    size_t size;
};

static bool slice_is(struct slice s, const char *word)
{
    size_t i = 0;

    while (i < s.size && word[i] && s.bytes[i] == word[i])
        i++;
    return i == s.size && !word[i];
}

/* Removes `prefix` from the front of *s; returns false and changes nothing when it is not there. */
static bool slice_skip(struct slice *s, const char *prefix)
{
    size_t length = 0;

    while (prefix[length]) {
        if (length >= s->size || s->bytes[length] != prefix[length])
            return false;
        length++;
    }
    s->bytes += length;
    s->size -= length;
    return true;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

/* Decimal, or hexadecimal with 0x. */
static bool number_parse(struct slice s, uint64_t max, uint64_t *number)
{
    unsigned base = slice_skip(&s, "0x") ? 16 : 10;
    uint64_t value = 0;

    if (!s.size)
        return false;
    for (size_t i = 0; i < s.size; i++) {
        unsigned digit = digit_value(s.bytes[i]);

        if (digit >= base || value > (UINT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    if (value > max)
        return false;
    *number = value;
    return true;
}

static bool number32_parse(struct slice s, uint32_t min, uint32_t max, uint32_t *number)
{
    uint64_t value;

    if (!number_parse(s, max, &value) || value < min)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool flag_parse(struct slice s, bool *flag)
{
    uint32_t value;

    if (!number32_parse(s, 0, 1, &value))
        return false;
    *flag = value;
    return true;
}

static bool uart_set(struct config *config, struct slice value)
{
    enum config_uart kind = slice_skip(&value, "mmio:") ? CONFIG_UART_MMIO : CONFIG_UART_PORT;
    uint64_t base = 0;

    if (slice_is(value, "pci") && kind == CONFIG_UART_PORT)
        kind = CONFIG_UART_PCI;
    else if (!number_parse(value, kind == CONFIG_UART_MMIO ? UINT64_MAX : 0xfff8, &base) || !base)
        return false;
    config->uart = kind;
    config->base = base;
    return true;
}

static bool stride_set(struct config *config, struct slice value)
{
    if (!slice_is(value, "1") && !slice_is(value, "4"))
        return false;
    config->stride = digit_value(value.bytes[0]);
    return true;
}

static bool baud_set(struct config *config, struct slice value)
{
    return number32_parse(value, 0, BAUD_MAX, &config->baud);
}

static bool clock_set(struct config *config, struct slice value)
{
    return number32_parse(value, 16, UINT32_MAX, &config->clock_hz);
}

static bool irq_set(struct config *config, struct slice value)
{
    return number32_parse(value, 0, IRQ_MAX, &config->irq);
}

static bool poll_set(struct config *config, struct slice value)
{
    return flag_parse(value, &config->poll);
}

static bool mode_set(struct config *config, struct slice value)
{
    if (!slice_is(value, "spin") && !slice_is(value, "halt"))
        return false;
    config->spin = slice_is(value, "spin");
    return true;
}

static bool memory_set(struct config *config, struct slice value)
{
    return number32_parse(value, MEMORY_SIZE_MIN, MEMORY_SIZE_MAX, &config->memory_size);
}

static bool deny_set(struct config *config, struct slice value)
{
    if (!slice_is(value, "safe") && !slice_is(value, "none"))
        return false;
    config->deny_safe = slice_is(value, "safe");
    return true;
}

static bool read_only_set(struct config *config, struct slice value)
{
    return flag_parse(value, &config->read_only);
}

struct key {
    char prefix[10];
    bool (*set)(struct config *config, struct slice value);
};

static bool word_apply(struct config *config, struct slice word)
{
    static const struct key keys[] = {
        { "uart=", uart_set },   { "stride=", stride_set }, { "baud=", baud_set }, { "clock=", clock_set },
        { "irq=", irq_set },     { "poll=", poll_set },     { "mode=", mode_set }, { "memory=", memory_set },
        { "deny=", deny_set },   { "readonly=", read_only_set },
    };

    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct slice value = word;

        if (slice_skip(&value, keys[i].prefix))
            return keys[i].set(config, value);
    }
    return false;
}

static void unknown_note(struct config *config, struct slice word)
{
    size_t at = 0;

    while (config->unknown[at])
        at++;
    for (size_t i = 0; i < word.size && at + 2 < sizeof config->unknown; i++) {
        char c = word.bytes[i];

        config->unknown[at++] = c > ' ' && c <= '~' ? c : '?';
    }
    if (at + 1 < sizeof config->unknown)
        config->unknown[at++] = ' ';
    config->unknown[at] = 0;
}

void config_init(struct config *config)
{
    *config = (struct config){
        .stride = CONFIG_UNSET, .baud = CONFIG_UNSET, .irq = CONFIG_UNSET, .memory_size = 8192,
    };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

static size_t comment_skip(const char *words, size_t size, size_t at)
{
    while (at < size && words[at] != '\n')
        at++;
    return at;
}

void config_parse(struct config *config, const char *words, size_t size)
{
    size_t at = 0;

    while (at < size) {
        struct slice word = { words + at, 0 };

        while (at < size && !is_blank(words[at]) && words[at] != '#')
            at++;
        word.size = (size_t)(words + at - word.bytes);
        if (word.size && !word_apply(config, word))
            unknown_note(config, word);
        if (at < size && words[at] == '#')
            at = comment_skip(words, size, at);
        else
            at++;
    }
}
