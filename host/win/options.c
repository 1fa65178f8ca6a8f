/* SPDX-License-Identifier: MIT */
/*
 * options.c: the translation is strict: a word that is unknown, given twice, or out of place for the transport is an
 * error, because the alternative is to connect to something that was not meant.
 */
#include "host/win/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum word { WORD_PORT, WORD_BAUD, WORD_IPPORT, WORD_RESETS, WORD_PIPE, WORD_RECONNECT, WORD_COUNT };

static const struct {
    const char *name;
    bool has_value;
} words[WORD_COUNT] = {
    [WORD_PORT] = { "port", true },     [WORD_BAUD] = { "baud", true },  [WORD_IPPORT] = { "ipport", true },
    [WORD_RESETS] = { "resets", true }, [WORD_PIPE] = { "pipe", false }, [WORD_RECONNECT] = { "reconnect", false },
};

#define BAUD_DEFAULT "115200"
#define BAUD_MAX 4000000ul
#define IP_PORT_MAX 65535ul

/* What the options said; NULL where a word is absent, "" for a word that stands alone. */
struct options {
    const char *value[WORD_COUNT];
};

static bool is_number(const char *text, unsigned long min, unsigned long max)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != '\0')
        return false;
    unsigned long number = strtoul(text, NULL, 10);
    return number >= min && number <= max;
}

/* `item` is "name" or "name=value", and is cut at the equals sign. */
static bool parse_item(struct options *options, char *item)
{
    char *value = strchr(item, '=');
    if (value != NULL)
        *value++ = '\0';
    for (int i = 0; i < WORD_COUNT; i++) {
        if (strcasecmp(item, words[i].name) != 0)
            continue;
        if (options->value[i] != NULL || words[i].has_value != (value != NULL && *value != '\0'))
            return false;
        options->value[i] = words[i].has_value ? value : "";
        return words[i].has_value || value == NULL;
    }
    return false;
}

static bool parse(struct options *options, char *text)
{
    for (char *next; text != NULL; text = next) {
        next = strchr(text, ',');
        if (next != NULL)
            *next++ = '\0';
        if (!parse_item(options, text))
            return false;
    }
    return options->value[WORD_PORT] != NULL &&
           (options->value[WORD_RESETS] == NULL || is_number(options->value[WORD_RESETS], 0, IP_PORT_MAX));
}

/* format takes up to two strings. */
static HRESULT compose(char **gensio, const char *format, const char *first, const char *second)
{
    size_t size = strlen(format) + strlen(first) + strlen(second) + 1;
    char *text = malloc(size);
    if (text == NULL)
        return E_OUTOFMEMORY;
    (void)snprintf(text, size, format, first, second);
    *gensio = text;
    return S_OK;
}

static HRESULT compose_pipe(const struct options *options, char **gensio)
{
    if (options->value[WORD_BAUD] != NULL || options->value[WORD_IPPORT] != NULL || *options->value[WORD_PORT] != '/')
        return E_INVALIDARG;
    return compose(gensio, "unix,%s", options->value[WORD_PORT], "");
}

static HRESULT compose_tcp(const struct options *options, char **gensio)
{
    if (options->value[WORD_BAUD] != NULL || !is_number(options->value[WORD_IPPORT], 1, IP_PORT_MAX))
        return E_INVALIDARG;
    return compose(gensio, "tcp,%s,%s", options->value[WORD_PORT], options->value[WORD_IPPORT]);
}

/* The device of a serial port: a path stands for itself, com1 to com256 for /dev/ttyS0 to /dev/ttyS255. */
static bool serial_device(const char *port, char *device, size_t size)
{
    if (*port == '/')
        return snprintf(device, size, "%s", port) < (int)size;
    if (strncasecmp(port, "com", 3) != 0 || !is_number(port + 3, 1, 256))
        return false;
    return snprintf(device, size, "/dev/ttyS%lu", strtoul(port + 3, NULL, 10) - 1) < (int)size;
}

static HRESULT compose_serial(const struct options *options, char **gensio)
{
    const char *baud = options->value[WORD_BAUD] != NULL ? options->value[WORD_BAUD] : BAUD_DEFAULT;
    char device[4096];
    if (!serial_device(options->value[WORD_PORT], device, sizeof(device)) || !is_number(baud, 1, BAUD_MAX))
        return E_INVALIDARG;
    return compose(gensio, "serialdev,%s,%sn81", device, baud);
}

static HRESULT translate_com(char *text, char **gensio)
{
    struct options options = { { NULL } };
    if (!parse(&options, text))
        return E_INVALIDARG;
    if (options.value[WORD_PIPE] != NULL)
        return compose_pipe(&options, gensio);
    if (options.value[WORD_IPPORT] != NULL)
        return compose_tcp(&options, gensio);
    return compose_serial(&options, gensio);
}

HRESULT kdio_win_options_translate(PCSTR options, char **gensio)
{
    static const char com[] = "com:";
    static const char own[] = "gensio:";
    if (options == NULL)
        return E_INVALIDARG;
    if (strncasecmp(options, own, strlen(own)) == 0)
        return options[strlen(own)] == '\0' ? E_INVALIDARG : compose(gensio, "%s", options + strlen(own), "");
    if (strncasecmp(options, com, strlen(com)) != 0)
        return E_INVALIDARG;
    char *text = strdup(options + strlen(com));
    if (text == NULL)
        return E_OUTOFMEMORY;
    HRESULT result = translate_com(text, gensio);
    free(text);
    return result;
}
