/* SPDX-License-Identifier: MIT */
/*
 * model.c: what each operation does, from SPEC.md's section 5 and not from the stub: which access comes next, with
 * which value, and what it gives. What the processor and the memory of this world hold are functions of the address
 * alone, so that who judges a reply knows what was there.
 */
#include "tests/fuzz/world.h"

#include "proto/status.h"

#define CMOS_INDEX    0x70u
#define NMI_DISABLE   0x80u
#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA   0xcfcu
#define PAGE          0x1000u

/* ---- Memory, MSRs, processor ---- */

static bool within(uint64_t at, uint64_t width, uint64_t first, uint64_t last)
{
    return at >= first && at <= last && last - at >= width - 1;
}

/* Tables of pages that point at one another, and letters elsewhere. */
static uint64_t word_at(uint64_t at)
{
    uint64_t i = (at - PHYSICAL_AT(WORLD_TABLES)) / 8, word = 0;

    if (i < 2 * PAGE / 8)
        return WORLD_TABLES + (i & 1) * PAGE + (i % 8 != 7) + (i % 16 == 3 ? 0x80 : 0);
    for (unsigned byte = 8; byte-- > 0;)
        word = word << 8 | (uint64_t)('a' + ((at >> 4 ^ (at + byte) >> 1 ^ byte) & 1));
    return word;
}

uint64_t world_load(uint64_t at, unsigned width)
{
    uint64_t word = word_at(at & ~7ull) >> 8 * (at & 7);

    return width == 8 ? word : word & (((uint64_t)1 << 8 * width) - 1);
}

bool world_has_memory(uint64_t at, unsigned width, bool write)
{
    if (within(at, width, WORLD_MEMORY, WORLD_MEMORY_READ_ONLY - 1) || within(at, width, WORLD_MEMORY_TOP, UINT64_MAX))
        return true;
    if (within(at, width, WORLD_MEMORY_READ_ONLY, WORLD_MEMORY_READ_ONLY + PAGE - 1))
        return !write;
    return within(at, width, PHYSICAL_AT(0), PHYSICAL_AT(UINT32_MAX));
}

/* Pages there are; the window of PCI has those of the first functions of a bus. */
uint64_t world_map(uint64_t physical, uint64_t *size)
{
    bool there = within(physical, 1, WORLD_TABLES, WORLD_TABLES + 4 * PAGE - 1) ||
                 within(physical, 1, WORLD_ECAM + ((uint64_t)WORLD_ECAM_BUS << 20),
                        WORLD_ECAM + ((uint64_t)WORLD_ECAM_BUS << 20) + 8 * PAGE - 1);

    *size = PAGE - physical % PAGE;
    return there ? PHYSICAL_AT(physical) : 0;
}

bool world_has_msr(uint64_t msr)
{
    return (msr & 0xf) != 0xd;
}

uint64_t world_msr(uint64_t msr)
{
    return msr * 0x0101010101010101u;
}

/* Leaf 0b tells the APIC's identifier. */
void world_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
    for (unsigned i = 0; i < 4; i++)
        result[i] = leaf ? leaf + subleaf * 16 + i : 0x0b;
    if (leaf == 0x0b)
        result[3] = WORLD_APIC_ID;
}

uint64_t world_register(unsigned index, bool levels_5)
{
    if (index == 2) /* CR3 */
        return WORLD_TABLES;
    if (index == 3) /* CR4, and its LA57. */
        return levels_5 ? 0x1000 : 0;
    return index < KDIO_REGISTERS_64 ? 0x1122334455667700u + index : 0x4400u + index;
}

/* ---- The next access ---- */

static bool port(struct touch *touch, uint64_t at, unsigned width, bool write, uint64_t value)
{
    *touch = (struct touch){ .kind = TOUCH_PORT, .at = at, .width = width, .write = write, .value = value };
    return true;
}

static bool memory(struct touch *touch, uint64_t at, unsigned width, bool write, uint64_t value)
{
    *touch = (struct touch){ .kind = TOUCH_MEMORY, .at = at, .width = width, .write = write, .value = value };
    return true;
}

static uint64_t table_at(const struct kdio_op *op, uint64_t offset, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)op->bytes[offset + i] << 8 * i;
    return value;
}

static bool wants_rmw(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;

    if (model->count > 1)
        return false;
    return port(touch, op->operand[0], op->width, model->count,
                (model->value & op->operand[1]) | op->operand[2]);
}

static bool wants_poll(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;

    if (model->count && (model->value & op->operand[1]) == op->operand[2])
        return false;
    return port(touch, op->operand[0], op->width, false, 0);
}

static bool keeps_nmi(const struct model *model)
{
    return model->cmos_given && model->op.operand[0] == CMOS_INDEX && !(model->op.operand[1] & 3);
}

/* P11: read the index port, write it, access the data port, write it back. */
static bool wants_pair(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;
    bool restore = op->operand[1] & 4, nmi = keeps_nmi(model);
    unsigned stage = model->count + (restore && !nmi ? 0 : 1), width = 1u << (op->operand[1] & 3);
    uint64_t index = op->operand[2];

    if (nmi)
        index = (index & ~(uint64_t)NMI_DISABLE) | (model->cmos & NMI_DISABLE);
    if (stage < 2)
        return port(touch, op->operand[0], width, stage, index);
    if (stage == 2)
        return port(touch, op->operand[3], op->width, op->row->family == KDIO_OP_INDEX_OUT8, op->operand[4]);
    if (stage == 3 && (restore || nmi))
        return port(touch, op->operand[0], width, true, nmi ? model->cmos : model->former);
    return false;
}

static bool wants_string(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;
    uint64_t value = op->row->family == KDIO_OP_REPEAT8 ? op->operand[2] : 0;

    if (model->units == op->count)
        return false;
    if (op->row->family == KDIO_OP_OUTS8)
        value = table_at(op, (uint64_t)model->units * op->width, op->width);
    return port(touch, op->operand[0], op->width, op->row->family != KDIO_OP_INS8, value);
}

static bool wants_once(const struct model *model, struct touch *touch, enum touch_kind kind, uint64_t at)
{
    bool write = model->op.row->changes;

    *touch = (struct touch){ .kind = kind, .at = at, .width = model->op.width, .write = write,
                             .value = model->op.operand[1] };
    return !model->count;
}

bool model_uses_window(const struct model *model)
{
    return model->spaces && model->op.row->capability == KDIO_CAPABILITY_PCI && model->op.operand[0] >> 16 == 0 &&
           (model->op.operand[0] >> 8 & 0xff) == WORLD_ECAM_BUS;
}

static uint64_t pci_offset(const struct model *model)
{
    return model->op.operand[1] + (uint64_t)model->units * model->op.width;
}

static uint32_t pci_address(const struct model *model)
{
    return 0x80000000u | (uint32_t)(model->op.operand[0] & 0xffff) << 8 | (pci_offset(model) & 0xfc);
}

/* P14: a look at cf8, addresses and data in turn, and cf8 as it was; that at the end, or earlier and then all again. */
static bool wants_pci_ports(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;
    uint64_t offset = pci_offset(model);
    bool write = op->row->changes;

    switch (model->stage) {
    case PCI_LOOK:
        return model->units < op->count && port(touch, CONFIG_ADDRESS, 4, false, 0);
    case PCI_ADDRESS:
        return port(touch, CONFIG_ADDRESS, 4, true, pci_address(model));
    case PCI_DATA:
        return port(touch, CONFIG_DATA + (offset & 3), op->width, write,
                    write ? table_at(op, (uint64_t)model->units * op->width, op->width) : 0);
    default:
        return port(touch, CONFIG_ADDRESS, 4, true, model->former);
    }
}

static bool wants_pci(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;
    uint64_t offset = (uint64_t)model->units * op->width;
    bool write = op->row->changes;

    if (!model_uses_window(model))
        return wants_pci_ports(model, touch);
    if (model->units == op->count)
        return false;
    return memory(touch, PHYSICAL_AT(WORLD_ECAM + (op->operand[0] << 12) + op->operand[1] + offset), op->width, write,
                  write ? table_at(op, offset, op->width) : 0);
}

static uint64_t virtual_of(const struct kdio_op *op, uint64_t address)
{
    return op->row->capability == KDIO_CAPABILITY_PHYSICAL ? PHYSICAL_AT(address) : address;
}

/* P12: eight bytes where they lie aligned inside. */
static unsigned widest(uint64_t address, uint64_t left)
{
    return address % 8 || left < 8 ? 1 : 8;
}

static bool wants_block(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;
    uint64_t offset = (uint64_t)model->units * op->width, address = op->operand[0] + offset;
    bool write = op->row->changes;
    unsigned width = op->row->family >= KDIO_OP_VGET ? widest(address, op->count - model->units) : op->width;

    if (model->units == op->count)
        return false;
    return memory(touch, virtual_of(op, address), width, write, write ? table_at(op, offset, width) : 0);
}

static bool wants_fill(const struct model *model, struct touch *touch)
{
    const struct kdio_op *op = &model->op;
    uint64_t address = op->operand[0] + model->place, value = 0;
    unsigned width = widest(address, op->operand[1] - model->place);

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)op->bytes[(model->place + i) % op->operand[2]] << 8 * i;
    return model->place < op->operand[1] && memory(touch, virtual_of(op, address), width, true, value);
}

/* P13 leaves to the stub what it reads, inside and forwards; until when is known from its result. */
static bool wants_search(const struct model *model, struct touch *touch)
{
    return memory(touch, virtual_of(&model->op, model->op.operand[0] + model->place), 0, false, 0);
}

static bool wants_translation(const struct model *model, struct touch *touch)
{
    unsigned shift = 12 + 9 * (model->levels - model->read - 1);

    if (!model->count)
        return wants_once(model, touch, TOUCH_REGISTERS, 0);
    if (model->ended)
        return false;
    return memory(touch, PHYSICAL_AT(model->place + (model->op.operand[0] >> shift & 0x1ff) * 8), 8, false, 0);
}

static bool wants_memory(const struct model *model, struct touch *touch)
{
    switch (model->op.row->family) {
    case KDIO_OP_VSEARCH: case KDIO_OP_PSEARCH: return wants_search(model, touch);
    case KDIO_OP_VFILL: case KDIO_OP_PFILL: return wants_fill(model, touch);
    case KDIO_OP_TRANSLATE: return wants_translation(model, touch);
    default: return wants_block(model, touch);
    }
}

static bool wants_program(const struct model *model, struct touch *touch)
{
    switch (model->op.row->family) {
    case KDIO_OP_RMW8: return wants_rmw(model, touch);
    case KDIO_OP_POLL8: return wants_poll(model, touch);
    case KDIO_OP_CHECK8: case KDIO_OP_DELAY: return false;
    case KDIO_OP_INDEX_IN8: case KDIO_OP_INDEX_OUT8: return wants_pair(model, touch);
    case KDIO_OP_RDTSC: return wants_once(model, touch, TOUCH_STAMP, 0);
    default: return wants_string(model, touch);
    }
}

static bool wants_processor(const struct model *model, struct touch *touch)
{
    const uint64_t *operand = model->op.operand;

    switch (model->op.row->family) {
    case KDIO_OP_CPUID: return wants_once(model, touch, TOUCH_CPUID, operand[0] << 32 | operand[1]);
    case KDIO_OP_REGISTERS: return wants_once(model, touch, TOUCH_REGISTERS, 0);
    default: return wants_once(model, touch, TOUCH_MSR, operand[0]);
    }
}

bool model_wants(const struct model *model, struct touch *touch)
{
    if (!model->begun || model->faulted)
        return false;
    switch (model->op.row->capability) {
    case KDIO_CAPABILITY_PORT: return wants_once(model, touch, TOUCH_PORT, model->op.operand[0]);
    case KDIO_CAPABILITY_PROGRAM: return wants_program(model, touch);
    case KDIO_CAPABILITY_TEXT: return wants_once(model, touch, TOUCH_TEXT, 0);
    case KDIO_CAPABILITY_PROCESSOR: return wants_processor(model, touch);
    case KDIO_CAPABILITY_PCI: return wants_pci(model, touch);
    case KDIO_CAPABILITY_VIRTUAL: case KDIO_CAPABILITY_PHYSICAL: return wants_memory(model, touch);
    default: return false;
    }
}

bool model_op_is_search(const struct kdio_op *op)
{
    return (op->row->family & ~1) == KDIO_OP_VSEARCH;
}

bool model_is_search(const struct model *model)
{
    return model->begun && model_op_is_search(&model->op);
}

/* A load inside what is left, of a byte or of eight that lie aligned. `width` 0: anywhere there. */
static bool search_agrees(const struct model *model, uint64_t at, unsigned width)
{
    uint64_t place = at - virtual_of(&model->op, model->op.operand[0]), length = model->op.operand[1];

    return place >= model->place && place < length && length - place >= width &&
           (width < 2 || (width == 8 && at % 8 == 0));
}

/* Instead of what cf8 held, the address of a unit that is left. */
static bool goes_on(const struct model *model, const struct touch *wanted, const struct touch *made)
{
    return model->op.row->capability == KDIO_CAPABILITY_PCI && model->stage == PCI_RESTORE &&
           model->units < model->op.count && made->at == wanted->at && made->width == wanted->width &&
           made->value == pci_address(model);
}

/* The identifier of the CPU is one of its registers: CPUID is asked for it. */
bool model_asks_identity(const struct model *model)
{
    return model->begun && !model->count && model->op.row->opcode == KDIO_OP_REGISTERS;
}

/* A search of all virtual memory may have ended anywhere there. */
static bool reaches_physical(const struct model *model)
{
    return model->op.row->capability == KDIO_CAPABILITY_PHYSICAL || model_uses_window(model);
}

bool model_agrees(const struct model *model, const struct touch *wanted, const struct touch *made)
{
    if (made->kind == TOUCH_MAP)
        return wanted->kind == TOUCH_MEMORY && reaches_physical(model) &&
               (model_is_search(model) ? search_agrees(model, made->at, 0) : wanted->at == made->at);
    if (made->kind == TOUCH_CPUID && model_asks_identity(model))
        return true;
    if (made->kind != wanted->kind || made->write != wanted->write)
        return false;
    if (model_is_search(model))
        return search_agrees(model, made->at, made->width);
    if (goes_on(model, wanted, made))
        return true;
    return made->at == wanted->at && made->width == wanted->width && (!made->write || made->value == wanted->value);
}

/* ---- What an access gives ---- */

void model_begin(struct model *model)
{
    struct model begun = { .op = model->op, .begun = true, .spaces = model->spaces, .cmos_given = model->cmos_given,
                           .cmos = model->cmos, .levels_5 = model->levels_5 };

    *model = begun;
}

static void give(struct client_request *request, uint64_t value, unsigned size)
{
    for (unsigned i = 0; request && i < size && request->reads_size < CLIENT_READS_MAX; i++)
        request->reads[request->reads_size++] = (uint8_t)(value >> 8 * i);
}

static void took_program(struct model *model, uint64_t value, struct client_request *request)
{
    const struct kdio_op *op = &model->op;
    bool pair = op->row->operands[1] == 'b';

    if (op->row->family == KDIO_OP_POLL8 && model->count && request)
        request->reads_size -= op->width;
    if (op->row->family == KDIO_OP_RMW8 && !model->count) {
        give(request, value, op->width);
        give(request, (value & op->operand[1]) | op->operand[2], op->width);
    } else if (pair && model->count == (op->operand[1] & 4 && !keeps_nmi(model) ? 2 : 1)) {
        give(request, value, op->row->family == KDIO_OP_INDEX_OUT8 ? 0 : op->width);
    } else if (pair && !model->count) {
        model->former = value;
    } else if (!pair && op->row->family != KDIO_OP_RMW8) {
        give(request, value, op->row->changes ? 0 : op->row->family == KDIO_OP_RDTSC ? 8 : op->width);
    }
    model->value = value;
    model->units++;
}

static void took_pci_ports(struct model *model, const struct touch *touch, uint64_t value,
                           struct client_request *request)
{
    const struct kdio_op *op = &model->op;

    switch (model->stage) {
    case PCI_LOOK:
        model->former = value;
        model->stage = PCI_ADDRESS;
        break;
    case PCI_ADDRESS:
        model->stage = PCI_DATA;
        break;
    case PCI_DATA:
        give(request, value, op->row->changes ? 0 : op->width);
        model->units++;
        model->stage = PCI_RESTORE;
        break;
    default:
        model->stage = touch->value == model->former ? PCI_LOOK : PCI_DATA;
    }
}

static void end_translation(struct model *model, struct client_request *request, uint64_t physical)
{
    model->ended = true;
    give(request, model->levels, 1);
    give(request, model->read, 1);
    give(request, physical, 8);
    for (unsigned i = 0; i < WORLD_LEVELS_MAX; i++)
        give(request, model->entries[i], 8);
}

static void begin_translation(struct model *model, struct client_request *request)
{
    uint64_t sign;

    model->levels = model->levels_5 ? 5 : 4;
    model->place = WORLD_TABLES;
    sign = model->op.operand[0] >> (11 + 9 * model->levels);
    if (sign && sign != UINT64_MAX >> (11 + 9 * model->levels))
        end_translation(model, request, UINT64_MAX);
}

/* Present, and the last level or a large page. */
static void took_entry(struct model *model, uint64_t entry, struct client_request *request)
{
    unsigned left = model->levels - model->read - 1;
    uint64_t page = (uint64_t)1 << (12 + 9 * left);

    model->entries[model->read++] = entry;
    model->place = entry & 0x000ffffffffff000u;
    if (!(entry & 1))
        end_translation(model, request, UINT64_MAX);
    else if (!left || (left < 3 && entry & 0x80))
        end_translation(model, request, (model->place & -page) | (model->op.operand[0] & (page - 1)));
}

static void took_memory(struct model *model, const struct touch *touch, uint64_t value, struct client_request *request)
{
    const struct kdio_op *op = &model->op;

    if (op->row->family == KDIO_OP_TRANSLATE && touch->kind == TOUCH_REGISTERS)
        begin_translation(model, request);
    else if (op->row->family == KDIO_OP_TRANSLATE)
        took_entry(model, value, request);
    else if (model_is_search(model))
        model->place = touch->at - virtual_of(op, op->operand[0]) + touch->width;
    else if (!op->row->changes)
        give(request, value, touch->width);
    if (op->row->family == KDIO_OP_VFILL || op->row->family == KDIO_OP_PFILL)
        model->place += touch->width;
    else if (op->width)
        model->units += touch->width / op->width;
}

static void took_processor(const struct model *model, uint64_t value, struct client_request *request)
{
    uint32_t result[4];

    if (model->op.row->family == KDIO_OP_CPUID) {
        world_cpuid((uint32_t)model->op.operand[0], (uint32_t)model->op.operand[1], result);
        for (unsigned i = 0; i < 4; i++)
            give(request, result[i], 4);
    } else if (model->op.row->family == KDIO_OP_REGISTERS) {
        give(request, WORLD_APIC_ID, 4);
        for (unsigned i = 0; i < KDIO_REGISTERS; i++)
            give(request, world_register(i, model->levels_5), i < KDIO_REGISTERS_64 ? 8 : 2);
    } else if (!model->op.row->changes) {
        give(request, value, 8);
    }
}

void model_took(struct model *model, const struct touch *touch, uint64_t value, struct client_request *request)
{
    const struct kdio_op *op = &model->op;

    switch (op->row->capability) {
    case KDIO_CAPABILITY_PORT:
        give(request, value, op->row->changes ? 0 : op->width);
        break;
    case KDIO_CAPABILITY_PROGRAM:
        took_program(model, value, request);
        break;
    case KDIO_CAPABILITY_PROCESSOR:
        took_processor(model, value, request);
        break;
    case KDIO_CAPABILITY_PCI:
        if (!model_uses_window(model)) {
            took_pci_ports(model, touch, value, request);
            break;
        }
        give(request, value, op->row->changes ? 0 : op->width);
        model->units++;
        break;
    case KDIO_CAPABILITY_VIRTUAL: case KDIO_CAPABILITY_PHYSICAL:
        took_memory(model, touch, value, request);
        break;
    default:
        break;
    }
    model->count++;
}

/* Interrupts are off for accesses that belong together (P5). */
bool model_is_quiet(const struct model *model)
{
    uint8_t family = model->op.row->family;

    return family == KDIO_OP_RMW8 || family == KDIO_OP_INDEX_IN8 || family == KDIO_OP_INDEX_OUT8 ||
           (model->op.row->capability == KDIO_CAPABILITY_PCI && !model_uses_window(model));
}
