/* SPDX-License-Identifier: MIT */
/*
 * command.h: the one table of commands, shared by the command line, -c, the files of `kdio run` and the interpreter.
 *
 * A row is everything there is to know about a command. Its forms say what may follow the name; reading a line, writing
 * it again, its checks, its hints and its help come from them (statement.h). Commands with `append` and `print` are
 * operations of programs, so that several lines travel in one request; those with `execute` run alone. With both, the
 * command runs alone except in an atomic program. Commands with neither belong to the program kdio (main.c).
 */
#ifndef KDIO_CMD_COMMAND_H
#define KDIO_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cmd/failure.h"

#define COMMAND_FORMS_MAX 4

struct output;
struct policy;
struct session;
struct statement;

enum operand_kind {
    OPERAND_NUMBER,
    OPERAND_PORT,
    OPERAND_REPEATS,  /* How often a port is accessed. */
    OPERAND_TIME,     /* 10us, 5ms, 2s, or a number of microseconds. */
    OPERAND_RANGE,    /* An address, then a count or the last address; optional: that may be left out. Two numbers. */
    OPERAND_COUNT,    /* L and a number of units. */
    OPERAND_FUNCTION, /* BUS.DEV.FN, SEGMENT:BUS.DEV.FN or three words. One number, in the layout of the wire. */
    OPERAND_LIST,     /* Numbers to the end of the line, at least one. */
    OPERAND_PATTERN,  /* A list; with the option -a a text. */
    OPERAND_TEXT,     /* One word, in double quotes where it holds blanks. */
    OPERAND_WORDS,    /* Words to the end of the line, at least one, for the command to read. */
};

/* What may stand in one place of a command. */
struct operand_form {
    const char *name;  /* As the help shows it; NULL ends a row's forms. */
    uint8_t kind;      /* enum operand_kind */
    uint8_t bits;      /* Widest number; 0 for 64. */
    bool optional;
};

#define OPERAND_BITS_WIDTH 0xffu /* As wide as the command's access. */

enum command_group {
    GROUP_PORTS,
    GROUP_PROGRAMS,
    GROUP_PROCESSOR,
    GROUP_MEMORY,
    GROUP_PCI,
    GROUP_RUN,
    GROUP_SESSION,
    GROUP_COUNT,
};

/* What an operation of a program gave. */
struct results {
    const struct kdio_program *program;
    size_t index;    /* Of the operation in it. */
    bool failed;     /* It is the one that failed: what it gave is what it had by then. */
    bool timed;      /* With --cycles. */
    uint64_t cycles;
};

struct command {
    const char *name;
    enum command_group group;
    const char *option;    /* Words of which one may stand before the operands: "-b|-w"; NULL for none. */
    struct operand_form forms[COMMAND_FORMS_MAX + 1];
    const char *summary;   /* One clause; rows that follow each other and have the same share a line of the help. */
    const char *details;   /* For `kdio help COMMAND`, filled there; lines that start with two blanks are examples. */
    unsigned width;        /* Of an access or a unit, in bytes; else 0. */
    unsigned count;        /* Units of an optional range or count that is left out. */
    bool physical;         /* Of memory: by physical address. */
    bool changes;          /* --read-only refuses it. */
    bool accesses_ports;   /* --cycles times it. */
    bool uses_last;        /* Looks at the value that was read last. */
    bool connects;         /* Connects by itself: it runs before any target is open. */
    bool in_scripts;       /* May stand in a file of `kdio run`, and be a command of its own. */
    bool shows_failure;    /* What it gave is printed even when it failed. */
    /* Refuses before anything is executed (target is NULL before it is open); NULL when nothing can be refused. */
    enum kdio_status (*check)(const struct statement *statement, const struct policy *policy,
                              struct kdio_target *target);
    /* Looks at what the command needs on this machine, before a target is opened; NULL: nothing. */
    enum exit_status (*prepare)(const struct statement *statement, struct failure *failure);
    enum kdio_status (*append)(const struct statement *statement, struct kdio_program *program);
    void (*print)(const struct statement *statement, const struct results *results, struct output *output);
    enum exit_status (*execute)(const struct statement *statement, struct session *session);
};

/* The command of that name, in any case of letters; NULL if there is none. */
const struct command *command_find(const char *name);

/* Usage error for a word that names no command, with what was probably meant. */
enum exit_status command_unknown(const char *word, struct failure *failure);

/* The table, ended by a row without a name. Rows of a group follow each other. */
const struct command *command_first(void);

/* The name of a group as the help has it. */
const char *command_group_name(enum command_group group);

#define COMMAND_USAGE_SIZE 96

/* What may follow the name, as the help shows it: "PORT VALUE". */
void command_usage(const struct command *command, char text[static COMMAND_USAGE_SIZE]);

/* The number of the option that `word` is for this command, from 1; 0 when it is none. */
unsigned command_option(const struct command *command, const char *word);

#endif
