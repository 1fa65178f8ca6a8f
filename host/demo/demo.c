/* SPDX-License-Identifier: MIT */
/*
 * demo.c: the main job: a program written against the Windows debugger headers reaches the ports of a kernel that UEFI
 * booted in QEMU, over a serial line, and QEMU's own records show that it happened.
 *
 *     demo LAUNCH    LAUNCH is qemu/launch
 *
 * Each step prints what it did and what a witness saw. The exit status is 0 only when every step held.
 */
#define KDEXT_64BIT
#include <windows.h>
#include <initguid.h>
#include <wdm.h>
#include <wdbgexts.h>
#include <dbgeng.h>

#include <kdio/win/kdio_win.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/demo/listener.h"
#include "host/demo/machine.h"
#include "host/demo/statistics.h"

#define PORT_POST 0x80
#define PORT_CMOS_INDEX 0x70
#define PORT_CMOS_DATA 0x71
#define PORT_DEBUG_CONSOLE 0xe9
#define PORT_DEBUG_EXIT 0xf4
#define PORT_COM1 0x3f8
#define PORT_ODD 0x81

/* isa-debug-exit ends QEMU with status 2 v + 1. */
#define EXIT_VALUE 42

#define BOOT_LIMIT_S 60
#define CONSOLE_WAITS 100
#define CONSOLE_WAIT_MS 100
#define EXIT_LIMIT_MS 10000

/* Motorola MC146818, register map; numbers are BCD unless register B says otherwise. */
enum {
    CMOS_SECONDS = 0x00,
    CMOS_MINUTES = 0x02,
    CMOS_HOURS = 0x04,
    CMOS_DAY = 0x07,
    CMOS_MONTH = 0x08,
    CMOS_YEAR = 0x09,
    CMOS_B = 0x0b,
};
#define CMOS_B_DM 0x04
#define CLOCK_TRIES 10
#define CLOCK_TOLERANCE_S 5

#define CALL(object, method, ...) (object)->lpVtbl->method((object), ##__VA_ARGS__)

WINDBG_EXTENSION_APIS ExtensionApis;

static const char sentence_com[] = "Written byte by byte through IDebugDataSpaces4::WriteIo. ";
static const char sentence_ext[] = "And this through WriteIoSpace64. ";
static const char sentence_program[] = "All of this in one request.\n";

static struct {
    IDebugClient *client;
    IDebugControl *control;
    IDebugDataSpaces4 *spaces;
    ULONG operations; /* Accesses that reached the stub in this session. */
} debugger;

/* ---- Telling ---- */

static bool failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool failed(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("   FAILED: ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    return false;
}

static void print_codes(const char *what, const uint8_t *codes, size_t count)
{
    printf("   %-15s", what);
    for (size_t i = 0; i < count; i++)
        printf(" %02x", codes[i]);
    printf("\n");
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- Single accesses ---- */

static HRESULT write_port(ULONG64 port, ULONG value, ULONG size)
{
    ULONG written = 0;
    HRESULT result = CALL(debugger.spaces, WriteIo, Isa, 0, 1, port, &value, size, &written);

    debugger.operations += result == S_OK;
    return result == S_OK && written != size ? E_FAIL : result;
}

static HRESULT read_port8(ULONG64 port, UCHAR *value)
{
    HRESULT result = CALL(debugger.spaces, ReadIo, Isa, 0, 1, port, value, 1, NULL);

    debugger.operations += result == S_OK;
    return result;
}

static bool write_space8(ULONG64 port, UCHAR value)
{
    ULONG size = 1;

    WriteIoSpace64(port, value, &size);
    debugger.operations += size == 1;
    return size == 1;
}

/* ---- Boot and attach ---- */

/* Firmware answers on the line first, with its own text; so "no stub there" only means not yet. */
static bool not_yet(HRESULT result)
{
    return result == HRESULT_FROM_WIN32(ERROR_SEM_TIMEOUT) || result == HRESULT_FROM_WIN32(ERROR_BAD_NET_RESP);
}

static bool attach(void)
{
    char options[160];
    time_t end = time(NULL) + BOOT_LIMIT_S;
    HRESULT result;

    (void)snprintf(options, sizeof options, "com:pipe,port=%s", machine_line());
    do
        result = CALL(debugger.client, AttachKernel, DEBUG_ATTACH_KERNEL_CONNECTION, options);
    while (not_yet(result) && !machine_ended() && time(NULL) < end);
    if (result != S_OK)
        return failed("AttachKernel: %08x%s", (unsigned)result, machine_ended() ? ", QEMU has ended" : "");
    debugger.operations = 0;
    result = CALL(debugger.control, WaitForEvent, DEBUG_WAIT_DEFAULT, INFINITE);
    ExtensionApis.nSize = sizeof(ExtensionApis);
    if (result == S_OK)
        result = CALL(debugger.control, GetWindbgExtensionApis64, &ExtensionApis);
    return result == S_OK || failed("after AttachKernel: %08x", (unsigned)result);
}

static bool create(void)
{
    PVOID client, control, spaces;

    if (DebugCreate(&IID_IDebugClient, &client) != S_OK)
        return failed("DebugCreate");
    debugger.client = client;
    if (CALL(debugger.client, QueryInterface, &IID_IDebugControl, &control) != S_OK ||
        CALL(debugger.client, QueryInterface, &IID_IDebugDataSpaces4, &spaces) != S_OK)
        return failed("QueryInterface");
    debugger.control = control;
    debugger.spaces = spaces;
    (void)CALL(debugger.client, SetOutputCallbacks, listener_callbacks());
    return true;
}

static bool step_boot(void)
{
    double start_ms = now_ms();

    printf("   QEMU runs OVMF, OVMF boots build/kdio.img, the boot target leaves the firmware behind.\n");
    (void)fflush(stdout);
    if (!create() || !attach())
        return false;
    printf("   attached        %.1f s after power-on\n", (now_ms() - start_ms) / 1e3);
    return true;
}

/* ---- A sentence to the debug console ---- */

/* Everything written so far must be in QEMU's file, and nothing else. */
static bool check_console(const char *expected)
{
    char received[512];
    size_t size = machine_debug_console(received, sizeof received - 1);

    received[size] = '\0';
    printf("   QEMU received   \"%.*s\"\n", (int)strcspn(received, "\n"), received);
    if (size != strlen(expected) || memcmp(received, expected, size) != 0)
        return failed("QEMU's file differs: %zu bytes, %zu were written", size, strlen(expected));
    printf("   compared        %zu bytes, all equal\n", size);
    return true;
}

static bool step_sentence(void)
{
    char expected[sizeof sentence_com + sizeof sentence_ext];
    double start_ms = now_ms();

    for (const char *next = sentence_com; *next != '\0'; next++) {
        HRESULT result = write_port(PORT_DEBUG_CONSOLE, (UCHAR)*next, 1);

        if (result != S_OK)
            return failed("WriteIo: %08x", (unsigned)result);
    }
    for (const char *next = sentence_ext; *next != '\0'; next++) {
        if (!write_space8(PORT_DEBUG_CONSOLE, (UCHAR)*next))
            return failed("WriteIoSpace64: %08x", (unsigned)kdio_win_last_hresult());
    }
    (void)snprintf(expected, sizeof expected, "%s%s", sentence_com, sentence_ext);
    printf("   written         %zu bytes to port e9, %.0f us each, there and back\n", strlen(expected),
           (now_ms() - start_ms) * 1e3 / (double)strlen(expected));
    return check_console(expected);
}

/* ---- POST codes ---- */

static bool step_post(void)
{
    static const uint8_t codes[] = { 0x01, 0x10, 0x42, 0x55, 0xaa, 0xc0, 0xde, 0xff };
    uint8_t seen[sizeof codes + 1];
    size_t count;

    machine_post_codes_begin();
    for (size_t i = 0; i < sizeof codes; i++) {
        HRESULT result = write_port(PORT_POST, codes[i], 1);

        if (result != S_OK)
            return failed("WriteIo: %08x", (unsigned)result);
    }
    count = machine_post_codes(seen, sizeof seen);
    print_codes("written", codes, sizeof codes);
    print_codes("QEMU's trace", seen, count);
    return (count == sizeof codes && memcmp(seen, codes, count) == 0) || failed("the trace differs");
}

/* ---- The clock ---- */

static bool cmos_read(UCHAR index, UCHAR *value)
{
    HRESULT result = write_port(PORT_CMOS_INDEX, index, 1);

    if (result == S_OK)
        result = read_port8(PORT_CMOS_DATA, value);
    return result == S_OK || failed("CMOS register %02x: %08x", index, (unsigned)result);
}

static int from_bcd(UCHAR value)
{
    return (value >> 4) * 10 + (value & 0x0f);
}

static bool clock_read(struct tm *tm)
{
    struct {
        UCHAR index;
        int *value;
    } const fields[] = {
        { CMOS_HOURS, &tm->tm_hour }, { CMOS_DAY, &tm->tm_mday }, { CMOS_MONTH, &tm->tm_mon },
        { CMOS_YEAR, &tm->tm_year }, { CMOS_MINUTES, &tm->tm_min }, { CMOS_SECONDS, &tm->tm_sec },
    };
    UCHAR b, value;

    if (!cmos_read(CMOS_B, &b))
        return false;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!cmos_read(fields[i].index, &value))
            return false;
        *fields[i].value = (b & CMOS_B_DM) != 0 ? value : from_bcd(value);
    }
    tm->tm_mon -= 1;
    tm->tm_year += 100;
    return true;
}

/* The clock goes on between the registers: a reading counts when the next one is the same. */
static bool clock_read_steadily(struct tm *tm)
{
    struct tm again = { 0 };

    for (unsigned i = 0; i < CLOCK_TRIES; i++) {
        if (!clock_read(tm) || !clock_read(&again))
            return false;
        if (timegm(tm) == timegm(&again))
            return true;
    }
    return failed("no two readings of the clock are the same");
}

static bool step_clock(void)
{
    struct tm tm = { 0 };
    time_t host, target;
    char text[32];

    if (!clock_read_steadily(&tm))
        return false;
    target = timegm(&tm);
    host = time(NULL);
    (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    printf("   target's clock  %s UTC, %+ld s from this computer's\n", text, (long)(target - host));
    return (target >= host - CLOCK_TOLERANCE_S && target <= host + CLOCK_TOLERANCE_S) || failed("the clocks disagree");
}

/* ---- Refusals ---- */

static bool refused(const char *what, ULONG64 port, ULONG size, HRESULT expected)
{
    HRESULT result = write_port(port, 0, size);

    printf("   port %03x, %u bit%s %08x  %s\n", (unsigned)port, size * 8, size == 1 ? " " : "", (unsigned)result, what);
    return result == expected || failed("%08x was expected", (unsigned)expected);
}

static bool step_refusals(void)
{
    return refused("the link's own UART: access denied", PORT_COM1, 1, HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED)) &&
           refused("no multiple of the width: misaligned", PORT_ODD, 2,
                   HRESULT_FROM_NT(STATUS_DATATYPE_MISALIGNMENT)) &&
           refused("3 bytes is no width: invalid argument", PORT_POST, 3, E_INVALIDARG);
}

/* ---- Console ---- */

/* The kernel prints a numbered line a second, on the line that carries the requests. */
static bool step_console(void)
{
    const char *line = listener_last_line("kernel: line ");

    for (unsigned i = 0; i < CONSOLE_WAITS && *line == '\0'; i++) {
        HRESULT result = CALL(debugger.control, WaitForEvent, DEBUG_WAIT_DEFAULT, CONSOLE_WAIT_MS);

        if (result != S_FALSE)
            return failed("WaitForEvent: %08x", (unsigned)result);
        line = listener_last_line("kernel: line ");
    }
    printf("   console text    %u bytes so far, the last line is \"%s\"\n", (unsigned)listener_bytes(), line);
    return *line != '\0' || failed("the kernel was not heard");
}

/* ---- Statistics ---- */

static bool step_statistics(void)
{
    char expected[sizeof sentence_com + sizeof sentence_ext + sizeof sentence_program];

    if (CALL(debugger.client, EndSession, DEBUG_END_ACTIVE_DETACH) != S_OK)
        return failed("EndSession");
    (void)snprintf(expected, sizeof expected, "%s%s%s", sentence_com, sentence_ext, sentence_program);
    return statistics_show(machine_line(), debugger.operations, sentence_program) && check_console(expected);
}

/* ---- The end ---- */

static bool step_exit(void)
{
    ULONG size = 1;
    HRESULT result;
    int status;

    if (!attach())
        return false;
    WriteIoSpace64(PORT_DEBUG_EXIT, EXIT_VALUE, &size);
    result = kdio_win_last_hresult();
    printf("   WriteIoSpace64  %u to port f4: %u bytes known to be written, %08x: the line is dead, outcome unknown\n",
           EXIT_VALUE, size, (unsigned)result);
    status = machine_wait_status(EXIT_LIMIT_MS);
    printf("   QEMU's status   %d, which is 2 x %d + 1: it happened, once\n", status, EXIT_VALUE);
    if (size != 0 || result != HRESULT_FROM_WIN32(ERROR_TIMEOUT))
        return failed("of a write whose answer cannot come, %08x was expected",
                      (unsigned)HRESULT_FROM_WIN32(ERROR_TIMEOUT));
    return status == 2 * EXIT_VALUE + 1 || failed("status %d was expected", 2 * EXIT_VALUE + 1);
}

static const struct {
    const char *title;
    bool (*run)(void);
} steps[] = {
    { "Boot: DebugCreate, AttachKernel", step_boot },
    { "A sentence to QEMU's debug console: WriteIo, WriteIoSpace64", step_sentence },
    { "POST codes to port 80: WriteIo", step_post },
    { "The clock behind ports 70 and 71: WriteIo, ReadIo", step_clock },
    { "What is refused, before a byte is sent", step_refusals },
    { "The kernel's console, on the same line", step_console },
    { "kdio's own interface: a program, and the link's statistics", step_statistics },
    { "The end of QEMU, through isa-debug-exit: WriteIoSpace64", step_exit },
};

#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

int main(int argc, char **argv)
{
    bool held = true;

    if (argc != 2) {
        fprintf(stderr, "usage: demo LAUNCH\n");
        return 2;
    }
    if (!machine_start(argv[1])) {
        fprintf(stderr, "demo: cannot start QEMU: %s\n", strerror(errno));
        return 1;
    }
    for (size_t i = 0; i < STEP_COUNT && held; i++) {
        printf("%zu. %s\n", i + 1, steps[i].title);
        held = steps[i].run();
        (void)fflush(stdout);
    }
    if (debugger.client != NULL)
        (void)CALL(debugger.client, Release);
    printf(held ? "\nEvery step held.\n" : "\nThe demo failed.\n");
    return held ? 0 : 1;
}
