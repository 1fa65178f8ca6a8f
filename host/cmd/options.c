/* SPDX-License-Identifier: MIT */
/*
 * options.c: implements options.h. Options may stand before, between and after the words of the command. A command may
 * have an option of its own, which is one of its words.
 */
#include "host/cmd/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/command.h"
#include "host/cmd/number.h"

#define MS_PER_SECOND 1000u
#define WAIT_S_MAX    (UINT32_MAX / MS_PER_SECOND)
#define WAIT_DEFAULT  (7u * 24 * 3600 * MS_PER_SECOND) /* --wait alone: a week, for want of a way to say for ever. */
#define DEFAULT_TARGET "qemu"
#define IN_ORDER 1 /* What getopt returns for a word that is no option. */

enum {
    OPTION_BAUD = 0x100,
    OPTION_CAPTURE,
    OPTION_CONSOLE,
    OPTION_CYCLES,
    OPTION_DENY,
    OPTION_EXPECT_RESET,
    OPTION_FROM,
    OPTION_JSON,
    OPTION_READ_ONLY,
    OPTION_VERSION,
    OPTION_WAIT,
};

static const struct option long_options[] = {
    { "baud", required_argument, NULL, OPTION_BAUD },
    { "capture", required_argument, NULL, OPTION_CAPTURE },
    { "console", required_argument, NULL, OPTION_CONSOLE },
    { "cycles", no_argument, NULL, OPTION_CYCLES },
    { "deny", required_argument, NULL, OPTION_DENY },
    { "expect-reset", no_argument, NULL, OPTION_EXPECT_RESET },
    { "from", required_argument, NULL, OPTION_FROM },
    { "help", no_argument, NULL, 'h' },
    { "json", no_argument, NULL, OPTION_JSON },
    { "read-only", no_argument, NULL, OPTION_READ_ONLY },
    { "target", required_argument, NULL, 't' },
    { "verbose", no_argument, NULL, 'v' },
    { "version", no_argument, NULL, OPTION_VERSION },
    { "wait", optional_argument, NULL, OPTION_WAIT },
    { NULL, 0, NULL, 0 },
};

static enum exit_status parse_wait(struct cmd_options *options, const char *text, struct failure *failure)
{
    uint64_t seconds;

    options->wait_ms = WAIT_DEFAULT;
    if (text == NULL)
        return EXIT_STATUS_DONE;
    if (number_parse_decimal(text, &seconds) != NUMBER_OK || seconds > WAIT_S_MAX)
        return failure_usage(failure, "--wait: '%s' is not a number of seconds up to %u", text, WAIT_S_MAX);
    options->wait_ms = (uint32_t)seconds * MS_PER_SECOND;
    return EXIT_STATUS_DONE;
}

static void note_wait_word(struct cmd_options *options, const char *next)
{
    uint64_t seconds;

    if (next != NULL && number_parse_decimal(next, &seconds) == NUMBER_OK)
        options->wait_word = next;
}

static enum exit_status parse_from(struct cmd_options *options, const char *text, struct failure *failure)
{
    uint64_t line;

    if (number_parse_decimal(text, &line) != NUMBER_OK || line == 0 || line > UINT32_MAX)
        return failure_usage(failure, "--from: '%s' is not the number of a line", text);
    options->from = (uint32_t)line;
    return EXIT_STATUS_DONE;
}

static enum exit_status parse_baud(struct cmd_options *options, const char *text, struct failure *failure)
{
    uint64_t rate;

    if (number_parse_decimal(text, &rate) != NUMBER_OK || rate == 0 || rate > UINT32_MAX)
        return failure_usage(failure, "--baud: '%s' is not a rate in decimal, such as 921600", text);
    options->baud = (uint32_t)rate;
    return EXIT_STATUS_DONE;
}

static enum exit_status parse_commands(struct cmd_options *options, const char *text, struct failure *failure)
{
    if (options->commands != NULL)
        return failure_usage(failure, "-c is given twice (put ';' between commands)");
    options->commands = text;
    return EXIT_STATUS_DONE;
}

static const struct {
    int option;
    size_t offset; /* Of the bool in struct cmd_options that the option sets. */
} flags[] = {
    { OPTION_CYCLES, offsetof(struct cmd_options, cycles) },
    { OPTION_EXPECT_RESET, offsetof(struct cmd_options, expect_reset) },
    { OPTION_JSON, offsetof(struct cmd_options, json) },
    { OPTION_READ_ONLY, offsetof(struct cmd_options, policy.read_only) },
    { OPTION_VERSION, offsetof(struct cmd_options, version) },
    { 'h', offsetof(struct cmd_options, help) },
    { 'v', offsetof(struct cmd_options, verbose) },
};

static bool set_flag(struct cmd_options *options, int option)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (flags[i].option == option) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return true;
        }
    }
    return false;
}

/* Some command's option in the wrong place. */
static bool belongs_behind_command(const struct cmd_options *options, const char *word)
{
    const struct command *command = options->word_count > 0 ? command_find(options->words[0]) : NULL;

    return command != NULL && command_option(command, word) != 0;
}

/* getopt leaves the word it could not read just before optind, but for a letter in the middle of a bundle. */
static enum exit_status bad_option(const struct cmd_options *options, int option, char **argv, struct failure *failure)
{
    const char *word = argv[optind - 1];

    if (belongs_behind_command(options, word))
        return failure_usage(failure, "option '%s' stands right behind %s", word, options->words[0]);

    if (option == ':')
        return failure_usage(failure, "option '%s' lacks its argument", word);
    if (strncmp(word, "--", 2) == 0)
        return failure_usage(failure, "unknown option '%s', or one with a surplus or missing argument", word);
    return failure_usage(failure, "unknown option '-%c'%s", optopt,
                         optopt >= '0' && optopt <= '9' ? "; numbers have no sign" : "");
}

/* getopt has looked at argv[optind - 1], so there is room for another word before it. */
static enum exit_status add_word(struct cmd_options *options, char *word)
{
    options->words[options->word_count++] = word;
    return EXIT_STATUS_DONE;
}

/* An option that is unknown here may be the command's: `!db -m 1000`. */
static bool is_commands_option(const struct cmd_options *options, const char *word)
{
    const struct command *command = options->word_count == 1 ? command_find(options->words[0]) : NULL;

    return command != NULL && command_option(command, word) != 0;
}

static enum exit_status apply_option(struct cmd_options *options, int option, char **argv, struct failure *failure)
{
    switch (option) {
    case IN_ORDER:
        return add_word(options, optarg);
    case '?':
        if (is_commands_option(options, argv[optind - 1]))
            return add_word(options, argv[optind - 1]);
        return bad_option(options, option, argv, failure);
    case 'c':
        return parse_commands(options, optarg, failure);
    case 't':
        options->target = optarg;
        return EXIT_STATUS_DONE;
    case OPTION_BAUD:
        return parse_baud(options, optarg, failure);
    case OPTION_CAPTURE:
        options->capture_path = optarg;
        return EXIT_STATUS_DONE;
    case OPTION_CONSOLE:
        options->console_path = optarg;
        return EXIT_STATUS_DONE;
    case OPTION_DENY:
        return policy_deny(&options->policy, optarg, failure);
    case OPTION_FROM:
        return parse_from(options, optarg, failure);
    case OPTION_WAIT:
        if (optarg == NULL)
            note_wait_word(options, argv[optind]);
        return parse_wait(options, optarg, failure);
    default:
        return set_flag(options, option) ? EXIT_STATUS_DONE : bad_option(options, option, argv, failure);
    }
}

/* Errors are printed as the command line asks for, even when the command line is what is wrong. */
static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

static const char *default_target(void)
{
    const char *target = getenv("KDIO_TARGET");

    return target != NULL && *target != '\0' ? target : DEFAULT_TARGET;
}

enum exit_status options_parse(struct cmd_options *options, int argc, char **argv, struct failure *failure)
{
    enum exit_status result = EXIT_STATUS_DONE;
    int option;

    *options = (struct cmd_options){ .target = default_target(), .json = asks_for_json(argc, argv),
                                     .words = argv + 1 };
    opterr = 0;
    while (result == EXIT_STATUS_DONE && (option = getopt_long(argc, argv, "-:c:ht:v", long_options, NULL)) != -1)
        result = apply_option(options, option, argv, failure);
    while (optind < argc)
        (void)add_word(options, argv[optind++]);
    return result;
}
