/* SPDX-License-Identifier: MIT */
/* words.c: what people read: the names and texts of the tables. Host only: the stub carries none of it. */
#include "proto/program.h"
#include "proto/status.h"

const char *kdio_op_word(uint8_t opcode)
{
    switch (opcode) {
#define X(name, number, word, ...) \
    case number: \
        return word;
        KDIO_OP_TABLE(X)
#undef X
    default:
        return "?";
    }
}

enum kdio_class kdio_status_class(enum kdio_status status)
{
    switch (status) {
#define X(name, number, class, text) \
    case KDIO_##name: \
        return KDIO_CLASS_##class;
        KDIO_STATUS_TABLE(X)
#undef X
    }
    return KDIO_CLASS_PROTOCOL;
}

const char *kdio_status_name(enum kdio_status status)
{
    switch (status) {
#define X(name, number, class, text) \
    case KDIO_##name: \
        return #name;
        KDIO_STATUS_TABLE(X)
#undef X
    }
    return "?";
}

const char *kdio_status_text(enum kdio_status status)
{
    switch (status) {
#define X(name, number, class, text) \
    case KDIO_##name: \
        return text;
        KDIO_STATUS_TABLE(X)
#undef X
    }
    return "unknown status";
}
