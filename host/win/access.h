/* SPDX-License-Identifier: MIT */
/* access.h: round every access of a target on behalf of a client, and the accesses that methods and Ioctl share. */
#ifndef KDIO_HOST_WIN_ACCESS_H
#define KDIO_HOST_WIN_ACCESS_H

#include "host/win/client.h"

#define KDIO_WIN_READ_FAULT HRESULT_FROM_WIN32(ERROR_READ_FAULT)
#define KDIO_WIN_WRITE_FAULT HRESULT_FROM_WIN32(ERROR_WRITE_FAULT)
#define KDIO_WIN_NO_DEVICE HRESULT_FROM_NT(STATUS_NO_SUCH_DEVICE)
#define KDIO_WIN_NO_PAGE HRESULT_FROM_NT(STATUS_NO_PAGEFILE)
#define KDIO_WIN_NOT_FOUND HRESULT_FROM_NT(STATUS_NO_MORE_ENTRIES)
#define KDIO_WIN_STOPPED HRESULT_FROM_NT(STATUS_CONTROL_C_EXIT)

/* ---- Round an access (access.c) ---- */

/* False, and the access fails with E_UNEXPECTED, without a client or a target, or while another call is under way. */
bool kdio_win_begin(struct kdio_win_client *client);

/* Notes the result of the access that was begun, and returns it. */
HRESULT kdio_win_end(struct kdio_win_client *client, HRESULT result);

/* `action`, an expression that gives an HRESULT, with the client's target behind it. */
#define KDIO_WIN_ACCESS(client, action) (kdio_win_begin(client) ? kdio_win_end((client), (action)) : E_UNEXPECTED)

/* The HRESULT for what the library returned; `fault` stands for a fault. An unknown outcome holds further writes. */
HRESULT kdio_win_result(struct kdio_win_client *client, enum kdio_status status, HRESULT fault);

/* Between the two, SetInterrupt ends what the library is at: for long reads, which leave nothing behind. */
void kdio_win_stoppable(struct kdio_win_client *client);
void kdio_win_unstoppable(struct kdio_win_client *client);
bool kdio_win_stopped(const struct kdio_win_client *client);

/*
 * ---- The accesses ----
 *
 * All are for the time between kdio_win_begin and kdio_win_end. A count, where one is given, is always stored, and is 0
 * on failure; other outputs are unchanged on failure.
 */

/* Ports (port.c): one access of `size` bytes. */
struct kdio_win_port {
    ULONG interface_type;
    ULONG bus_number;
    ULONG address_space;
    ULONG64 offset;
};
HRESULT kdio_win_port_read(struct kdio_win_client *client, const struct kdio_win_port *port, PVOID buffer, ULONG size,
                           PULONG count);
HRESULT kdio_win_port_write(struct kdio_win_client *client, const struct kdio_win_port *port, LPCVOID buffer,
                            ULONG size, PULONG count);

/*
 * Memory (memory.c). 1, 2, 4 or 8 bytes at a multiple of their number are one access of that width. What ends at memory
 * that is absent is a success with a smaller count, unless it is empty.
 */
HRESULT kdio_win_memory_read(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, PVOID buffer,
                             ULONG size, PULONG count);
HRESULT kdio_win_memory_write(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, LPCVOID buffer,
                              ULONG size, PULONG count);
HRESULT kdio_win_memory_fill(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, ULONG size,
                             LPCVOID pattern, ULONG pattern_size, PULONG filled);

/* All of it, or a failure. */
HRESULT kdio_win_memory_read_all(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, PVOID buffer,
                                 ULONG size);

/* Searching (search.c): the first match in memory that is there, DEBUG_VSEARCH_WRITABLE_ONLY: and writable. */
struct kdio_win_search {
    ULONG64 address, length;
    const UCHAR *pattern;
    ULONG pattern_size, granularity;
};
HRESULT kdio_win_search(struct kdio_win_client *client, const struct kdio_win_search *search, ULONG flags,
                        PULONG64 found);

/* Translation (region.c). */
HRESULT kdio_win_translate(struct kdio_win_client *client, ULONG64 address, PULONG64 physical);
HRESULT kdio_win_translate_levels(struct kdio_win_client *client, ULONG64 address, PULONG64 offsets, ULONG size,
                                  PULONG levels);
HRESULT kdio_win_next_change(struct kdio_win_client *client, ULONG64 address, PULONG64 next);
HRESULT kdio_win_valid_region(struct kdio_win_client *client, ULONG64 base, ULONG size, PULONG64 valid,
                              PULONG valid_size);
HRESULT kdio_win_query(struct kdio_win_client *client, ULONG64 address, PMEMORY_BASIC_INFORMATION64 info);

/* A page, or a hole as large as the tables tell. */
struct kdio_win_page {
    ULONG64 first, last;
    bool present, writable, executable;
};
HRESULT kdio_win_page_at(struct kdio_win_client *client, ULONG64 address, struct kdio_win_page *page);

/* The processor (processor.c). */
HRESULT kdio_win_msr_read(struct kdio_win_client *client, ULONG msr, PULONG64 value);
HRESULT kdio_win_msr_write(struct kdio_win_client *client, ULONG msr, ULONG64 value);
HRESULT kdio_win_control_read(struct kdio_win_client *client, ULONG processor, ULONG64 offset, PVOID buffer,
                              ULONG size, PULONG count);
HRESULT kdio_win_control_write(struct kdio_win_client *client, ULONG processor, ULONG64 offset, LPCVOID buffer,
                               ULONG size, PULONG count);
HRESULT kdio_win_system_data(struct kdio_win_client *client, ULONG processor, ULONG index, PVOID buffer, ULONG size,
                             PULONG data_size);
HRESULT kdio_win_debugger_data(ULONG index, PVOID buffer, ULONG size, PULONG data_size);

/* Gives the whole of `data`, or as much as fits with S_FALSE. */
HRESULT kdio_win_give(LPCVOID data, ULONG data_size, PVOID buffer, ULONG size, PULONG size_out);

/* Bus data (bus.c). */
struct kdio_win_bus {
    ULONG type, bus, slot, offset;
};
HRESULT kdio_win_bus_read(struct kdio_win_client *client, const struct kdio_win_bus *bus, PVOID buffer, ULONG size,
                          PULONG count);
HRESULT kdio_win_bus_write(struct kdio_win_client *client, const struct kdio_win_bus *bus, LPCVOID buffer, ULONG size,
                           PULONG count);

/* Strings of the target (string.c), converted to UTF-16 or to a code page. Sizes of buffers are in characters. */
struct kdio_win_text {
    bool wide;      /* UTF-16, else the code page's bytes. */
    ULONG codepage;
};
HRESULT kdio_win_string(struct kdio_win_client *client, ULONG64 address, ULONG max, const struct kdio_win_text *from,
                        const struct kdio_win_text *to, PVOID buffer, ULONG size, PULONG bytes);

/* The headers of an image (image.c). */
HRESULT kdio_win_image_headers(struct kdio_win_client *client, ULONG64 base, PIMAGE_NT_HEADERS64 headers);

#endif
