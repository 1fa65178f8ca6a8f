/* SPDX-License-Identifier: MIT */
/*
 * registers.c: one table in the order of the target description, from which it is made too. Names and features are
 * those that gdb knows ("GDB manual", appendix G); what it does not know by itself is in a feature of its own.
 */
#include "host/gdb/registers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Places in the FXSAVE area (SDM volume 1, 10.5.1). */
#define FXSAVE_TAGS 4u
#define FXSAVE_ST   32u
#define FXSAVE_XMM  160u

enum place { GENERAL, FPU, TAGS, SYSTEM };

#define G(name, type, size, index) { name, type, size, GENERAL, index, 0 }
#define F(name, type, size, offset, stored) { name, type, size, FPU, offset, stored }
#define S(name, field) { name, "int64", 8, SYSTEM, offsetof(struct kdio_registers, field), 8 }

static const struct row {
    const char *name, *type;
    unsigned size;   /* Bytes as gdb has it. */
    enum place place;
    unsigned at;     /* Index, or offset in its area. */
    unsigned stored; /* Bytes in that area; the rest is zeros. */
} rows[] = {
    G("rax", "int64", 8, KDIO_RAX), G("rbx", "int64", 8, KDIO_RBX), G("rcx", "int64", 8, KDIO_RCX),
    G("rdx", "int64", 8, KDIO_RDX), G("rsi", "int64", 8, KDIO_RSI), G("rdi", "int64", 8, KDIO_RDI),
    G("rbp", "data_ptr", 8, KDIO_RBP), G("rsp", "data_ptr", 8, KDIO_RSP), G("r8", "int64", 8, KDIO_R8),
    G("r9", "int64", 8, KDIO_R9), G("r10", "int64", 8, KDIO_R10), G("r11", "int64", 8, KDIO_R11),
    G("r12", "int64", 8, KDIO_R12), G("r13", "int64", 8, KDIO_R13), G("r14", "int64", 8, KDIO_R14),
    G("r15", "int64", 8, KDIO_R15), G("rip", "code_ptr", 8, KDIO_RIP), G("eflags", "i386_eflags", 4, KDIO_RFLAGS),
    G("cs", "int32", 4, KDIO_CS), G("ss", "int32", 4, KDIO_SS), G("ds", "int32", 4, KDIO_DS),
    G("es", "int32", 4, KDIO_ES), G("fs", "int32", 4, KDIO_FS), G("gs", "int32", 4, KDIO_GS),
#define ST(i) F("st" #i, "i387_ext", 10, FXSAVE_ST + 16 * i, 10)
    ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7),
    F("fctrl", "int", 4, 0, 2), F("fstat", "int", 4, 2, 2), { "ftag", "int", 4, TAGS, FXSAVE_TAGS, 1 },
    F("fiseg", "int", 4, 12, 2), F("fioff", "int", 4, 8, 4), F("foseg", "int", 4, 20, 2), F("fooff", "int", 4, 16, 4),
    F("fop", "int", 4, 6, 2),
#define XMM(i) F("xmm" #i, "vec128", 16, FXSAVE_XMM + 16 * i, 16)
    XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7), XMM(8), XMM(9), XMM(10), XMM(11), XMM(12),
    XMM(13), XMM(14), XMM(15), F("mxcsr", "i386_mxcsr", 4, 24, 4),
    G("fs_base", "int64", 8, KDIO_FS_BASE), G("gs_base", "int64", 8, KDIO_GS_BASE),
    G("k_gs_base", "int64", 8, KDIO_KERNEL_GS_BASE),
    S("cr0", cr0), S("cr2", cr2), S("cr3", cr3), S("cr4", cr4), S("cr8", cr8), S("efer", efer),
};

/* ---- The description ---- */

/* A feature begins with the named register. */
static const struct {
    const char *first, *feature, *types;
} features[] = {
    { "rax", "org.gnu.gdb.i386.core",
      "<flags id=\"i386_eflags\" size=\"4\">"
      "<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
      "<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
      "<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
      "<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
      "<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
      "<field name=\"NT\" start=\"14\" end=\"14\"/><field name=\"RF\" start=\"16\" end=\"16\"/>"
      "<field name=\"VM\" start=\"17\" end=\"17\"/><field name=\"AC\" start=\"18\" end=\"18\"/>"
      "<field name=\"VIF\" start=\"19\" end=\"19\"/><field name=\"VIP\" start=\"20\" end=\"20\"/>"
      "<field name=\"ID\" start=\"21\" end=\"21\"/></flags>" },
    { "xmm0", "org.gnu.gdb.i386.sse",
      "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
      "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
      "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
      "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
      "<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
      "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
      "<field name=\"uint128\" type=\"uint128\"/></union>"
      "<flags id=\"i386_mxcsr\" size=\"4\"><field name=\"IE\" start=\"0\" end=\"0\"/></flags>" },
    { "fs_base", "org.gnu.gdb.i386.segments", "" },
    { "k_gs_base", "org.kdio.system", "" },
};
#define FEATURE_COUNT (sizeof features / sizeof features[0])

struct text {
    char *bytes;
    size_t size, used;
};

static __attribute__((format(printf, 2, 3))) void say(struct text *text, const char *format, ...)
{
    va_list arguments;

    if (text->used >= text->size)
        return;
    va_start(arguments, format);
    text->used += (size_t)vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
}

static void begin_feature(struct text *text, const char *name)
{
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        if (strcmp(features[i].first, name) == 0)
            say(text, "%s<feature name=\"%s\">%s", i ? "</feature>" : "", features[i].feature, features[i].types);
}

size_t gdb_target_xml(char *bytes, size_t size)
{
    struct text text = { .bytes = bytes, .size = size };

    say(&text, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
               "<architecture>i386:x86-64</architecture>");
    for (unsigned i = 0; i < gdb_register_count(); i++) {
        begin_feature(&text, rows[i].name);
        say(&text, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", rows[i].name, rows[i].size * 8, rows[i].type);
    }
    say(&text, "</feature></target>");
    return text.used < size ? text.used : size - 1;
}

/* ---- Values ---- */

unsigned gdb_register_count(void)
{
    return sizeof rows / sizeof rows[0];
}

unsigned gdb_register_size(unsigned number)
{
    return rows[number].size;
}

enum gdb_part gdb_register_part(unsigned number)
{
    static const enum gdb_part parts[] = { [GENERAL] = GDB_GENERAL, [FPU] = GDB_FPU, [TAGS] = GDB_FPU,
                                           [SYSTEM] = GDB_SYSTEM };

    return parts[rows[number].place];
}

/* Two bits a register for the one that FXSAVE keeps: 3 for empty, 0 for what is in use. */
static uint16_t spread_tags(uint8_t in_use)
{
    uint16_t tags = 0;

    for (unsigned i = 0; i < 8; i++)
        tags |= (uint16_t)((in_use >> i & 1 ? 0 : 3) << 2 * i);
    return tags;
}

static uint8_t gather_tags(uint16_t tags)
{
    uint8_t in_use = 0;

    for (unsigned i = 0; i < 8; i++)
        in_use |= (uint8_t)(((tags >> 2 * i & 3) != 3) << i);
    return in_use;
}

void gdb_register_get(const struct gdb_cpu *cpu, unsigned number, uint8_t *bytes)
{
    const struct row *row = &rows[number];
    uint16_t tags;

    memset(bytes, 0, row->size);
    if (row->place == GENERAL) {
        memcpy(bytes, &cpu->general[row->at], row->size);
    } else if (row->place == SYSTEM) {
        memcpy(bytes, (const uint8_t *)&cpu->system + row->at, row->size);
    } else if (row->place == FPU) {
        memcpy(bytes, cpu->fpu + row->at, row->stored);
    } else {
        tags = spread_tags(cpu->fpu[row->at]);
        memcpy(bytes, &tags, sizeof tags);
    }
}

static enum kdio_status set_general(struct kdio_target *target, struct gdb_cpu *cpu, const struct row *row,
                                    const uint8_t *bytes)
{
    uint64_t value = cpu->general[row->at];
    enum kdio_status status;

    memcpy(&value, bytes, row->size);
    if (value == cpu->general[row->at])
        return KDIO_DONE;
    status = kdio_set_register(target, (enum kdio_register)row->at, value);
    if (status == KDIO_DONE)
        cpu->general[row->at] = value;
    return status;
}

static enum kdio_status set_fpu(struct kdio_target *target, struct gdb_cpu *cpu, const struct row *row,
                                const uint8_t *bytes)
{
    uint8_t tags = gather_tags((uint16_t)(bytes[0] | bytes[1] << 8));
    const uint8_t *from = row->place == TAGS ? &tags : bytes;
    enum kdio_status status;

    if (memcmp(cpu->fpu + row->at, from, row->stored) == 0)
        return KDIO_DONE;
    status = kdio_set_fpu(target, row->at, from, row->stored);
    if (status == KDIO_DONE)
        memcpy(cpu->fpu + row->at, from, row->stored);
    return status;
}

enum kdio_status gdb_register_set(struct kdio_target *target, struct gdb_cpu *cpu, unsigned number,
                                  const uint8_t *bytes)
{
    const struct row *row = &rows[number];

    if (row->place == GENERAL)
        return set_general(target, cpu, row, bytes);
    if (row->place == SYSTEM)
        return memcmp((const uint8_t *)&cpu->system + row->at, bytes, row->size) == 0 ? KDIO_DONE : KDIO_UNSUPPORTED;
    return set_fpu(target, cpu, row, bytes);
}
