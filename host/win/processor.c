/* SPDX-License-Identifier: MIT */
/*
 * processor.c: MSRs, control space, and what a debugger's engine knows of a processor.
 *
 * Control space is Windows' for x86-64: a selector, not an address. Selector 2 is the block of special registers that
 * follows; its layout is that of Windows' kernels, as far as it is publicly known. The other selectors point to data of
 * a Windows kernel, which no target of kdio has.
 */
#include <string.h>

#include "host/win/access.h"

#define PROCESSOR_FIRST 0 /* The one that the stub runs on; no other can be chosen. */

/* ---- MSRs ---- */

HRESULT kdio_win_msr_read(struct kdio_win_client *client, ULONG msr, PULONG64 value)
{
    if (value == NULL)
        return E_INVALIDARG;
    return kdio_win_result(client, kdio_rdmsr(client->target, msr, value), KDIO_WIN_NO_DEVICE);
}

HRESULT kdio_win_msr_write(struct kdio_win_client *client, ULONG msr, ULONG64 value)
{
    if (client->held != S_OK)
        return client->held;
    return kdio_win_result(client, kdio_wrmsr(client->target, msr, value), KDIO_WIN_NO_DEVICE);
}

/* ---- Control space ---- */

enum { CONTROL_KPCR, CONTROL_KPRCB, CONTROL_SPECIAL_REGISTERS, CONTROL_KTHREAD };

struct descriptor {
    USHORT pad[3];
    USHORT limit;
    ULONG64 base;
};

struct special_registers {
    ULONG64 cr0, cr2, cr3, cr4;
    ULONG64 dr0, dr1, dr2, dr3, dr6, dr7;
    struct descriptor gdtr, idtr;
    USHORT tr, ldtr;
    ULONG mxcsr;
    ULONG64 debug_control, branch_to, branch_from, exception_to, exception_from; /* Not read: 0. */
    ULONG64 cr8;
    ULONG64 gs_base, gs_swap, star, lstar, cstar, syscall_mask;
};
_Static_assert(sizeof(struct special_registers) == 0xd8, "the block is as large as Windows'");
_Static_assert(offsetof(struct special_registers, cr8) == 0xa0, "the block is laid out as Windows'");

#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_FMASK 0xc0000084u

static HRESULT read_system_call_msrs(struct kdio_win_client *client, struct special_registers *block)
{
    HRESULT result = kdio_win_msr_read(client, MSR_STAR, &block->star);
    if (result == S_OK)
        result = kdio_win_msr_read(client, MSR_LSTAR, &block->lstar);
    if (result == S_OK)
        result = kdio_win_msr_read(client, MSR_CSTAR, &block->cstar);
    if (result == S_OK)
        result = kdio_win_msr_read(client, MSR_FMASK, &block->syscall_mask);
    return result;
}

static HRESULT read_special_registers(struct kdio_win_client *client, struct special_registers *block)
{
    struct kdio_registers r;
    HRESULT result = kdio_win_result(client, kdio_registers(client->target, &r), E_FAIL);
    if (result != S_OK)
        return result;
    *block = (struct special_registers){
        .cr0 = r.cr0, .cr2 = r.cr2, .cr3 = r.cr3, .cr4 = r.cr4, .cr8 = r.cr8,
        .dr0 = r.dr0, .dr1 = r.dr1, .dr2 = r.dr2, .dr3 = r.dr3, .dr6 = r.dr6, .dr7 = r.dr7,
        .gdtr = { .limit = r.gdtr_limit, .base = r.gdtr_base }, .idtr = { .limit = r.idtr_limit, .base = r.idtr_base },
        .tr = r.tr, .ldtr = r.ldtr, .gs_base = r.gs_base, .gs_swap = r.kernel_gs_base,
    };
    return read_system_call_msrs(client, block);
}

static HRESULT check_control(ULONG processor, ULONG64 offset, LPCVOID buffer, ULONG size)
{
    if (processor != PROCESSOR_FIRST || offset > CONTROL_KTHREAD || (buffer == NULL && size > 0))
        return E_INVALIDARG;
    return offset == CONTROL_SPECIAL_REGISTERS ? S_OK : E_NOTIMPL;
}

HRESULT kdio_win_control_read(struct kdio_win_client *client, ULONG processor, ULONG64 offset, PVOID buffer,
                              ULONG size, PULONG count)
{
    struct special_registers block;
    HRESULT result = check_control(processor, offset, buffer, size);
    if (count != NULL)
        *count = 0;
    if (result == S_OK)
        result = read_special_registers(client, &block);
    if (result != S_OK)
        return result;
    ULONG copied = size < sizeof(block) ? size : (ULONG)sizeof(block);
    if (copied > 0)
        memcpy(buffer, &block, copied);
    if (count != NULL)
        *count = copied;
    return S_OK;
}

/* No operation of the stub writes these registers. */
HRESULT kdio_win_control_write(struct kdio_win_client *client, ULONG processor, ULONG64 offset, LPCVOID buffer,
                               ULONG size, PULONG count)
{
    (void)client;
    HRESULT result = check_control(processor, offset, buffer, size);
    if (count != NULL)
        *count = 0;
    return result == S_OK ? E_NOTIMPL : result;
}

/* ---- What the engine knows ---- */

HRESULT kdio_win_give(LPCVOID data, ULONG data_size, PVOID buffer, ULONG size, PULONG size_out)
{
    ULONG copied = buffer == NULL ? 0 : size < data_size ? size : data_size;
    if (copied > 0)
        memcpy(buffer, data, copied);
    if (size_out != NULL)
        *size_out = data_size;
    return copied < data_size && buffer != NULL ? S_FALSE : S_OK;
}

/* CPUID's signature: Intel SDM volume 2, CPUID leaf 1. */
static void decode_signature(ULONG signature, DEBUG_PROCESSOR_IDENTIFICATION_AMD64 *identification)
{
    ULONG family = signature >> 8 & 0xf, model = signature >> 4 & 0xf;
    if (family == 6 || family == 0xf)
        model |= signature >> 12 & 0xf0;
    if (family == 0xf)
        family += signature >> 20 & 0xff;
    identification->Family = family;
    identification->Model = model;
    identification->Stepping = signature & 0xf;
}

static HRESULT identify(struct kdio_win_client *client, DEBUG_PROCESSOR_IDENTIFICATION_ALL *identification)
{
    struct kdio_cpuid vendor, signature;
    memset(identification, 0, sizeof(*identification));
    HRESULT result = kdio_win_result(client, kdio_cpuid(client->target, 0, 0, &vendor), E_FAIL);
    if (result == S_OK)
        result = kdio_win_result(client, kdio_cpuid(client->target, 1, 0, &signature), E_FAIL);
    if (result != S_OK)
        return result;
    decode_signature(signature.eax, &identification->Amd64);
    memcpy(identification->Amd64.VendorString, &vendor.ebx, 4);
    memcpy(identification->Amd64.VendorString + 4, &vendor.edx, 4);
    memcpy(identification->Amd64.VendorString + 8, &vendor.ecx, 4);
    return S_OK;
}

#define CPUID_FREQUENCIES 0x16u
#define MEASURE_US 10000u

/* Time stamps before and after a delay on the target. */
static enum kdio_status measure(struct kdio_target *target, struct kdio_program *program, ULONG *mhz)
{
    enum kdio_status status = kdio_program_rdtsc(program);
    if (status == KDIO_DONE)
        status = kdio_program_delay(program, MEASURE_US);
    if (status == KDIO_DONE)
        status = kdio_program_rdtsc(program);
    if (status == KDIO_DONE)
        status = kdio_target_run(target, program, false);
    if (status == KDIO_DONE)
        *mhz = (ULONG)((kdio_program_value(program, 2) - kdio_program_value(program, 0)) / MEASURE_US);
    return status;
}

/* The base frequency that the processor tells (Intel SDM volume 2, CPUID leaf 16H), else its time stamps'. */
static HRESULT speed(struct kdio_win_client *client, ULONG *mhz)
{
    struct kdio_cpuid leaf;
    enum kdio_status status = kdio_cpuid(client->target, 0, 0, &leaf);
    if (status == KDIO_DONE && leaf.eax >= CPUID_FREQUENCIES)
        status = kdio_cpuid(client->target, CPUID_FREQUENCIES, 0, &leaf);
    else
        leaf.eax = 0;
    *mhz = leaf.eax & 0xffff;
    if (status != KDIO_DONE || *mhz != 0)
        return kdio_win_result(client, status, E_FAIL);
    struct kdio_program *program = kdio_program_new();
    status = program != NULL ? measure(client->target, program, mhz) : KDIO_NO_MEMORY;
    kdio_program_free(program);
    return kdio_win_result(client, status, E_FAIL);
}

HRESULT kdio_win_system_data(struct kdio_win_client *client, ULONG processor, ULONG index, PVOID buffer, ULONG size,
                             PULONG data_size)
{
    DEBUG_PROCESSOR_IDENTIFICATION_ALL identification;
    ULONG mhz = 0;
    HRESULT result;
    if (data_size != NULL)
        *data_size = 0;
    if (processor != PROCESSOR_FIRST || index > DEBUG_DATA_PROCESSOR_SPEED)
        return E_INVALIDARG;
    if (index < DEBUG_DATA_PROCESSOR_IDENTIFICATION)
        return E_NOTIMPL;
    if (index == DEBUG_DATA_PROCESSOR_SPEED) {
        result = speed(client, &mhz);
        return result == S_OK ? kdio_win_give(&mhz, sizeof(mhz), buffer, size, data_size) : result;
    }
    result = identify(client, &identification);
    return result == S_OK ? kdio_win_give(&identification, sizeof(identification), buffer, size, data_size) : result;
}

#define DEBUGGER_DATA_FIRST DEBUG_DATA_KernBase
#define DEBUGGER_DATA_LAST DEBUG_DATA_DumpMmStorage

/* What does not take a Windows kernel to know. */
HRESULT kdio_win_debugger_data(ULONG index, PVOID buffer, ULONG size, PULONG data_size)
{
    static const ULONG64 page_size = 4096;
    static const BOOLEAN pae = TRUE; /* The processor is in 64-bit mode, which needs it. */
    if (data_size != NULL)
        *data_size = 0;
    if (index == DEBUG_DATA_MmPageSize)
        return kdio_win_give(&page_size, sizeof(page_size), buffer, size, data_size);
    if (index == DEBUG_DATA_PaeEnabled)
        return kdio_win_give(&pae, sizeof(pae), buffer, size, data_size);
    return index < DEBUGGER_DATA_FIRST || index > DEBUGGER_DATA_LAST ? E_INVALIDARG : E_NOTIMPL;
}
