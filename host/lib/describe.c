/* SPDX-License-Identifier: MIT */
/* describe.c: operations and what stopped them, in the words of those who asked for them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "host/lib/target.h"

/* Text that grows until its end; what does not fit is cut. */
struct text {
    char *at;
    size_t left;
};

static void say(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *text, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text->at, text->left, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= text->left)
        size = text->left ? (int)text->left - 1 : 0;
    text->at += size;
    text->left -= (size_t)size;
}

/* ---- Operations ---- */

enum kind { KIND_WORDS, KIND_MEMORY, KIND_PATTERN, KIND_PCI, KIND_BREAKPOINT };

static enum kind kind_of(const struct kdio_op_row *row)
{
    if (row->opcode == KDIO_OP_SET_BREAKPOINT)
        return KIND_BREAKPOINT;
    if (row->operands[0] == 'q' && row->operands[1] == 'n')
        return KIND_MEMORY;
    if (row->operands[0] == 'q' && row->operands[1] == 'l')
        return KIND_PATTERN;
    return row->operands[0] == 'd' && row->operands[1] == 'w' ? KIND_PCI : KIND_WORDS;
}

uint64_t kdio_operation_units(const struct kdio_operation *operation)
{
    unsigned place = kdio_count_place(operation->row);

    if (kind_of(operation->row) == KIND_PATTERN)
        return operation->operand[1];
    return place ? operation->operand[place] : 0;
}

static bool counts_bytes(const struct kdio_op_row *row)
{
    return kind_of(row) == KIND_PATTERN || (kind_of(row) != KIND_WORDS && kdio_op_width(row) == 1);
}

const char *kdio_operation_unit(const struct kdio_operation *operation)
{
    if (counts_bytes(operation->row))
        return "bytes";
    return kind_of(operation->row) == KIND_WORDS ? "accesses" : "units";
}

static bool is_baud(const struct kdio_operation *operation)
{
    return operation->row->family == KDIO_OP_BAUD;
}

static void say_operand(struct text *text, char letter, unsigned width, uint64_t value)
{
    if (letter == 'v')
        say(text, " %0*" PRIx64, (int)width * 2, value);
    else if (letter == 'u')
        say(text, " %" PRIu64 " us", value);
    else if (letter == 'n')
        say(text, " (%" PRIu64 " accesses)", value);
    else if (letter != 'b' && letter != 's' && letter != 't')
        say(text, " %" PRIx64, value);
}

/* "od cf8 80000000" */
static void say_words(struct text *text, const struct kdio_operation *operation)
{
    const struct kdio_op_row *row = operation->row;

    say(text, "%s", kdio_op_word(row->opcode));
    if (is_baud(operation)) {
        say(text, " %" PRIu64, operation->operand[0]); /* Decimal, as everywhere for rates. */
        return;
    }
    for (unsigned i = 0; row->operands[i]; i++)
        say_operand(text, row->operands[i], kdio_op_width(row), operation->operand[i]);
}

static const char *space_of(const struct kdio_op_row *row)
{
    return row->capability == KDIO_CAPABILITY_PHYSICAL ? "physical" : "virtual";
}

static void say_amount(struct text *text, const struct kdio_operation *operation, uint64_t units)
{
    unsigned width = kdio_op_width(operation->row);

    say(text, "%s of %" PRIu64 " bytes", operation->row->changes ? "write" : "read", units * width);
    if (width > 1)
        say(text, " in units of %u", width);
}

static void say_memory(struct text *text, const struct kdio_operation *operation)
{
    say_amount(text, operation, operation->operand[1]);
    say(text, " at %" PRIx64 " (%s)", operation->operand[0], space_of(operation->row));
}

static void say_pattern(struct text *text, const struct kdio_operation *operation)
{
    say(text, "%s of %" PRIu64 " bytes at %" PRIx64 " (%s)", operation->row->changes ? "fill" : "search",
        operation->operand[1], operation->operand[0], space_of(operation->row));
}

static void say_pci(struct text *text, const struct kdio_operation *operation)
{
    unsigned name = (unsigned)operation->operand[0];

    say_amount(text, operation, operation->operand[2]);
    say(text, " of PCI %04x:%02x:%02x.%x at %" PRIx64, name >> 16, name >> 8 & 0xff, name >> 3 & 0x1f, name & 7,
        operation->operand[1]);
}

/* As the command sets it: "bp 1000", "ba w 4 1000". */
static void say_breakpoint(struct text *text, const struct kdio_operation *operation)
{
    static const char letters[] = { [KDIO_BREAK_EXECUTE] = 'e', [KDIO_BREAK_WRITE] = 'w', [KDIO_BREAK_IO] = 'i',
                                    [KDIO_BREAK_ACCESS] = 'r' };
    uint64_t kind = operation->operand[0];

    if (kind == KDIO_BREAK_SOFTWARE)
        say(text, "bp %" PRIx64, operation->operand[2]);
    else
        say(text, "ba %c %" PRIx64 " %" PRIx64, kind < sizeof letters ? letters[kind] : '?', operation->operand[1],
            operation->operand[2]);
}

void kdio_operation_text(const struct kdio_operation *operation, char *text, size_t size)
{
    static void (*const kinds[])(struct text *, const struct kdio_operation *) = {
        [KIND_WORDS] = say_words, [KIND_MEMORY] = say_memory, [KIND_PATTERN] = say_pattern, [KIND_PCI] = say_pci,
        [KIND_BREAKPOINT] = say_breakpoint,
    };

    kinds[kind_of(operation->row)](&(struct text){ text, size }, operation);
}

/* ---- Causes ---- */

/* Intel SDM volume 3, table 6-1. */
static const char *vector_text(uint32_t vector)
{
    switch (vector) {
    case 0:
        return "no memory and no device is there";
    case 6:
        return "invalid opcode";
    case 12:
        return "stack fault";
    case 13:
        return "general protection";
    case 14:
        return "page fault";
    case 17:
        return "alignment check";
    case 18:
        return "machine check";
    default:
        return "exception";
    }
}

static void say_fault(struct text *text, const struct kdio_operation *operation, const struct kdio_failure *failure)
{
    uint64_t address = (uint64_t)failure->detail_high << 32 | failure->detail;

    say(text, "%s: %s", kdio_status_text(KDIO_FAULT), vector_text(failure->vector));
    if (failure->vector)
        say(text, " (vector %u, error %x)", failure->vector, failure->code);
    if (kind_of(operation->row) != KIND_WORDS && address != operation->operand[0])
        say(text, " at %" PRIx64, address);
}

static void say_unsupported(struct text *text, const struct kdio_operation *operation)
{
    const char *what = kdio_capability_text(operation->row->capability);

    if (what)
        say(text, "this stub has no operations on %s", what);
    else
        say(text, "%s", kdio_status_text(KDIO_UNSUPPORTED));
}

/* The statuses' own texts speak of ports. */
static const char *status_text(const struct kdio_operation *operation, enum kdio_status status)
{
    bool port = kdio_op_is_port(operation->row);

    if (status == KDIO_MISALIGNED && !port)
        return kind_of(operation->row) == KIND_PCI ? "the offset is not a multiple of the unit"
                                                   : "the address is not a multiple of the unit";
    if (status == KDIO_BAD_OPERAND && is_baud(operation))
        return "refused by the stub: its UART has no such rate";
    return status == KDIO_LINK_UART && !port ? "the link's own UART is there" : kdio_status_text(status);
}

/* What the stub says beside the status. */
static bool say_detail(struct text *text, const struct kdio_operation *operation, enum kdio_status status,
                       const struct kdio_failure *failure)
{
    uint64_t detail = (uint64_t)failure->detail_high << 32 | failure->detail;

    if (status == KDIO_FAULT)
        say_fault(text, operation, failure);
    else if (status == KDIO_NO_MATCH)
        say(text, "%s: %" PRIx64 " was read last", kdio_status_text(status), detail);
    else if (status == KDIO_STUB_FAULT)
        say(text, "the stub itself faulted at %" PRIx64 ", and executes nothing more", detail);
    else if (status == KDIO_CANCELLED)
        say(text, operation->row->family == KDIO_OP_POLL8 ? "interrupted; it was read, without a match"
                                                         : "interrupted");
    else if (status == KDIO_NOT_FOUND)
        say(text, "%s", kdio_status_text(status));
    else if (status == KDIO_UNSUPPORTED && kind_of(operation->row) == KIND_PCI)
        say(text, "refused by the stub: the target has no ECAM for it");
    else if (status == KDIO_UNSUPPORTED && operation->row->opcode == KDIO_OP_RESUME)
        say(text, "it cannot be stepped: INT n, SYSCALL, SYSRET, SYSENTER or SYSEXIT");
    else
        return false;
    return true;
}

void kdio_failure_text(const struct kdio_operation *operation, enum kdio_status status,
                       const struct kdio_failure *failure, char *text, size_t size)
{
    struct text line = { text, size };

    if (failure && say_detail(&line, operation, status, failure))
        return;
    if (!failure && status == KDIO_UNSUPPORTED)
        say_unsupported(&line, operation);
    else
        say(&line, "%s%s", failure ? "refused by the stub: " : "", status_text(operation, status));
}
