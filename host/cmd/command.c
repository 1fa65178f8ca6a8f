/* SPDX-License-Identifier: MIT */
/* command.c: the table of command.h. A new command is a new row. */
#include "host/cmd/command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/cmd/dump.h"
#include "host/cmd/info.h"
#include "host/cmd/memory.h"
#include "host/cmd/operation.h"
#include "host/cmd/pci.h"
#include "host/cmd/port.h"
#include "host/cmd/processor.h"
#include "host/cmd/run_control.h"
#include "host/cmd/translate.h"

#define WIDTH_BITS   OPERAND_BITS_WIDTH
#define DWORD_BITS   32
#define OFFSET_BITS  12
#define COUNT_BITS   24 /* Of string input and output: what is read is kept in memory. */
#define LINES_BYTES  128 /* What WinDbg shows when no count is given. */

/* ---- Rows that come in widths ---- */

/* ROW(letter, bits as text, bytes) for each width. */
#define ROWS_3(ROW) ROW("b", "8", 1), ROW("w", "16", 2), ROW("d", "32", 4)
#define ROWS_4(ROW) ROWS_3(ROW), ROW("q", "64", 8)

#define PORT_FORM { "PORT", OPERAND_PORT, 0, false }
#define VALUE_FORM { "VALUE", OPERAND_NUMBER, WIDTH_BITS, false }
#define MASK_FORM { "MASK", OPERAND_NUMBER, WIDTH_BITS, false }
#define TIME_FORM { "TIME", OPERAND_TIME, DWORD_BITS, false }
#define COUNT_FORM { "COUNT", OPERAND_REPEATS, COUNT_BITS, false }
#define VALUES_FORM { "VALUE", OPERAND_LIST, WIDTH_BITS, false }
#define INDEX_FORMS \
    { "INDEXPORT", OPERAND_PORT, 0, false }, { "INDEX", OPERAND_NUMBER, DWORD_BITS, false }, \
    { "DATAPORT", OPERAND_PORT, 0, false }
#define ADDRESS_FORM { "ADDRESS", OPERAND_NUMBER, 0, false }
#define DISPLAY_FORM { "ADDRESS [L COUNT]", OPERAND_RANGE, 0, true }
#define RANGE_FORM { "RANGE", OPERAND_RANGE, 0, false }
#define FUNCTION_FORM { "BUS.DEV.FN", OPERAND_FUNCTION, 0, false }
#define OFFSET_FORM { "OFFSET", OPERAND_NUMBER, OFFSET_BITS, false }
#define FILE_FORM { "FILE", OPERAND_TEXT, 0, false }

#define TIME_DETAILS \
    "TIME is decimal with its unit: 10us, 5ms, 2s; a number without one is, as all\n" \
    "numbers are, hexadecimal, and counts microseconds.\n"

#define OUT_ROW(letter, bits, bytes) \
    { .name = "o" letter, .group = GROUP_PORTS, .forms = { PORT_FORM, VALUE_FORM }, .width = bytes, \
      .summary = "write 8, 16 or 32 bits to a port", \
      .details = "Executes exactly one " bits "-bit `out` instruction on the target. Prints nothing.\n" \
                 "PORT is a multiple of the width, and port + width is at most 10000. A VALUE\n" \
                 "wider than the access is refused, and nothing is sent.\n", \
      .accesses_ports = true, .changes = true, .in_scripts = true, \
      .check = port_check_out, .append = port_append_out, .print = port_print_out }

#define IN_ROW(letter, bits, bytes) \
    { .name = "i" letter, .group = GROUP_PORTS, .forms = { PORT_FORM }, .width = bytes, \
      .summary = "read 8, 16 or 32 bits from a port", \
      .details = "Executes exactly one " bits "-bit `in` instruction on the target, and prints the port\n" \
                 "in 8 digits and the value in 2, 4 or 8:\n" \
                 "    00000080: 55\n" \
                 "PORT is a multiple of the width, and port + width is at most 10000.\n", \
      .accesses_ports = true, .in_scripts = true, \
      .check = port_check_in, .append = port_append_in, .print = port_print_in }

#define INDEX_DETAILS \
    "The index port is written in one 8-bit access, cf8 in one of 32 bits; between it\n" \
    "and the data port nothing else happens in the stub. Where the index port can be read\n" \
    "back (cf8, 3c4, 3ce, 3d4, 3b4) it gets back what it held.\n"

#define INDEX_IN_ROW(letter, bits, bytes) \
    { .name = "xi" letter, .group = GROUP_PORTS, .forms = { INDEX_FORMS }, .width = bytes, \
      .summary = "read through an index and a data port", \
      .details = "Writes INDEX to INDEXPORT, reads " bits " bits from DATAPORT and prints:\n" \
                 "    00000071[0a]: 26\n" INDEX_DETAILS, \
      .accesses_ports = true, .changes = true, .in_scripts = true, \
      .check = index_check_in, .append = index_append_in, .print = index_print }

#define INDEX_OUT_ROW(letter, bits, bytes) \
    { .name = "xo" letter, .group = GROUP_PORTS, .forms = { INDEX_FORMS, VALUE_FORM }, .width = bytes, \
      .summary = "write through an index and a data port", \
      .details = "Writes INDEX to INDEXPORT, then " bits " bits to DATAPORT.\n" INDEX_DETAILS, \
      .accesses_ports = true, .changes = true, .in_scripts = true, \
      .check = index_check_out, .append = index_append_out, .print = index_print }

#define INS_ROW(letter, bits, bytes) \
    { .name = "ins" letter, .group = GROUP_PORTS, .forms = { PORT_FORM, COUNT_FORM }, .width = bytes, \
      .summary = "read a port COUNT times", \
      .details = "Executes COUNT " bits "-bit `in` instructions on the target and prints what they gave, 16\n" \
                 "bytes a line.\n", \
      .accesses_ports = true, .in_scripts = true, .shows_failure = true, \
      .check = port_check_in, .prepare = string_prepare, .append = ins_append, .print = ins_print }

#define OUTS_ROW(letter, bits, bytes) \
    { .name = "outs" letter, .group = GROUP_PORTS, .forms = { PORT_FORM, VALUES_FORM }, .width = bytes, \
      .summary = "write several values to a port", \
      .details = "Executes one " bits "-bit `out` instruction for each VALUE, in order.\n", \
      .accesses_ports = true, .changes = true, .in_scripts = true, \
      .check = outs_check, .append = outs_append, .print = quiet_print }

#define REPEAT_ROW(letter, bits, bytes) \
    { .name = "rep" letter, .group = GROUP_PORTS, .forms = { PORT_FORM, COUNT_FORM, VALUE_FORM }, .width = bytes, \
      .summary = "write the same value COUNT times", \
      .details = "Executes COUNT " bits "-bit `out` instructions, all with VALUE.\n", \
      .accesses_ports = true, .changes = true, .in_scripts = true, \
      .check = repeat_check, .prepare = string_prepare, .append = repeat_append, .print = quiet_print }

#define RMW_ROW(letter, bits, bytes) \
    { .name = "rmw" letter, .group = GROUP_PROGRAMS, .width = bytes, \
      .forms = { PORT_FORM, { "AND", OPERAND_NUMBER, WIDTH_BITS, false }, \
                 { "OR", OPERAND_NUMBER, WIDTH_BITS, false } }, \
      .summary = "read a port, change bits, write it", \
      .details = "One " bits "-bit `in`, then one `out` of (what was read) & AND | OR, on the target.\n" \
                 "Prints both values:\n" \
                 "    00000061: 30 -> 33\n", \
      .accesses_ports = true, .changes = true, .in_scripts = true, \
      .check = rmw_check, .append = rmw_append, .print = rmw_print }

#define POLL_ROW(letter, bits, bytes) \
    { .name = "poll" letter, .group = GROUP_PROGRAMS, .forms = { PORT_FORM, MASK_FORM, VALUE_FORM, TIME_FORM }, \
      .width = bytes, .summary = "read a port until (value & MASK) == VALUE", \
      .details = "Reads " bits " bits again and again, on the target, at least once and for at most TIME.\n" \
                 "Prints the last value and the time taken; fails when it never matched:\n" \
                 "    00000071: 26  18 us\n" TIME_DETAILS, \
      .accesses_ports = true, .in_scripts = true, .shows_failure = true, \
      .check = port_check_in, .prepare = poll_prepare, .append = poll_append, .print = poll_print }

#define CHECK_ROW(letter, bits, bytes) \
    { .name = "check" letter, .group = GROUP_PROGRAMS, .forms = { MASK_FORM, VALUE_FORM }, .width = bytes, \
      .summary = "stop unless (last value & MASK) == VALUE", \
      .details = "Looks at " bits " bits of the value that was read last in this session. What does not\n" \
                 "match is a failure, and nothing after it is executed.\n", \
      .uses_last = true, .in_scripts = true, \
      .prepare = check_prepare, .append = check_append, .print = quiet_print }

#define DISPLAY_DETAILS(bits, address) \
    "Shows memory by " address " address in units of " bits " bits, 128 bytes unless L COUNT (units)\n" \
    "or a last address follows; more than 256 MiB with L? instead of L. What cannot be\n" \
    "read is shown as question marks, and it goes on at the next page; no location is\n" \
    "read twice. Fails when nothing can be read. -m: each unit is one access of its\n" \
    "width, for devices; else memory is moved as it moves best.\n"

#define DISPLAY_ROW_OF(prefix, letter, bits, bytes, is_physical, address) \
    { .name = prefix "d" letter, .group = GROUP_MEMORY, .option = "-m", .forms = { DISPLAY_FORM }, .width = bytes, \
      .count = LINES_BYTES / bytes, .physical = is_physical, \
      .summary = "show memory by " address " address", .details = DISPLAY_DETAILS(bits, address), \
      .in_scripts = true, .shows_failure = true, \
      .check = display_check, .append = display_append, .print = display_print, .execute = display_execute }
#define DISPLAY_ROW(letter, bits, bytes) DISPLAY_ROW_OF("", letter, bits, bytes, false, "virtual")
#define PHYSICAL_DISPLAY_ROW(letter, bits, bytes) DISPLAY_ROW_OF("!", letter, bits, bytes, true, "physical")

#define EDIT_ROW_OF(prefix, letter, bits, bytes, is_physical, address) \
    { .name = prefix "e" letter, .group = GROUP_MEMORY, .forms = { ADDRESS_FORM, VALUES_FORM }, .width = bytes, \
      .physical = is_physical, .summary = "change memory by " address " address", \
      .details = "Writes the values one after the other by " address " address. Each is one access of\n" \
                 bits " bits where ADDRESS is a multiple of that; else they are moved as memory.\n", \
      .changes = true, .in_scripts = true, \
      .prepare = edit_prepare, .append = edit_append, .print = edit_print }
#define EDIT_ROW(letter, bits, bytes) EDIT_ROW_OF("", letter, bits, bytes, false, "virtual")
#define PHYSICAL_EDIT_ROW(letter, bits, bytes) EDIT_ROW_OF("!", letter, bits, bytes, true, "physical")

#define RANGE_DETAILS "RANGE is ADDRESS L COUNT, in bytes, or the first and the last address.\n"

#define SEARCH_ROW(word, is_physical, address) \
    { .name = word, .group = GROUP_MEMORY, .option = "-b|-w|-d|-q|-a", .physical = is_physical, \
      .forms = { RANGE_FORM, { "PATTERN", OPERAND_PATTERN, WIDTH_BITS, false } }, \
      .summary = "search memory by " address " address", \
      .details = "Searches, on the target, for numbers of 8 (-b, the default), 16, 32 or 64 bits at\n" \
                 "multiples of their width from the start, or for the text behind -a (in double\n" \
                 "quotes where it holds blanks). Prints each place with what lies there.\n" RANGE_DETAILS, \
      .in_scripts = true, .prepare = pattern_prepare, .execute = search_execute }

#define FILL_ROW(word, is_physical, address) \
    { .name = word, .group = GROUP_MEMORY, .physical = is_physical, \
      .forms = { RANGE_FORM, { "BYTE", OPERAND_LIST, WIDTH_BITS, false } }, \
      .summary = "fill memory by " address " address", \
      .details = "Writes the bytes again and again, on the target, until RANGE is full.\n" RANGE_DETAILS, \
      .changes = true, .in_scripts = true, .prepare = pattern_prepare, .execute = fill_execute }

#define FUNCTION_DETAILS \
    "BUS.DEV.FN is hexadecimal, with SEGMENT: before it where that is not 0. OFFSET is a\n" \
    "multiple of the width. Offsets from 100 on need a target with ECAM.\n"

#define PCI_READ_ROW(letter, bits, bytes) \
    { .name = "!dc" letter, .group = GROUP_PCI, .width = bytes, .count = 1, \
      .forms = { FUNCTION_FORM, OFFSET_FORM, { "L COUNT", OPERAND_COUNT, COUNT_BITS, true } }, \
      .summary = "read PCI configuration", \
      .details = "Reads COUNT (1) registers of " bits " bits of a function's configuration, and prints:\n" \
                 "    00:1f.0 004: 0007\n" FUNCTION_DETAILS, \
      .in_scripts = true, .shows_failure = true, \
      .check = pci_check, .append = pci_append_read, .print = pci_print_read }

#define PCI_WRITE_ROW(letter, bits, bytes) \
    { .name = "!ec" letter, .group = GROUP_PCI, .forms = { FUNCTION_FORM, OFFSET_FORM, VALUE_FORM }, .width = bytes, \
      .summary = "write PCI configuration", \
      .details = "Writes " bits " bits of a function's configuration.\n" FUNCTION_DETAILS, \
      .changes = true, .in_scripts = true, \
      .check = pci_check, .append = pci_append_write, .print = pci_print_write }

static const struct command commands[] = {
    ROWS_3(OUT_ROW),
    ROWS_3(IN_ROW),
    ROWS_3(INDEX_IN_ROW),
    ROWS_3(INDEX_OUT_ROW),
    ROWS_3(INS_ROW),
    ROWS_3(OUTS_ROW),
    ROWS_3(REPEAT_ROW),
    ROWS_3(RMW_ROW),
    ROWS_3(POLL_ROW),
    ROWS_4(CHECK_ROW),
    { .name = "delay", .group = GROUP_PROGRAMS, .forms = { TIME_FORM }, .summary = "wait on the target",
      .details = "Waits on the target before the next operation.\n" TIME_DETAILS,
      .in_scripts = true, .append = delay_append, .print = quiet_print },
    { .name = "rdtsc", .group = GROUP_PROGRAMS, .summary = "read the time-stamp counter",
      .details = "Prints the time-stamp counter of the processor that executes it:\n"
                 "    tsc = 00000012`3456789a\n"
                 "The option --cycles puts one before and one after each port access.\n",
      .in_scripts = true, .append = rdtsc_append, .print = rdtsc_print },
    { .name = "rdmsr", .group = GROUP_PROCESSOR, .forms = { { "MSR", OPERAND_NUMBER, DWORD_BITS, false } },
      .summary = "read a model-specific register",
      .details = "Prints an MSR of the processor that executes it:\n"
                 "    msr[c0000080] = 00000000`00000d01\n"
                 "One that the processor does not have is a general protection fault (vector 13),\n"
                 "and the kernel goes on.\n",
      .in_scripts = true, .append = rdmsr_append, .print = rdmsr_print },
    { .name = "wrmsr", .group = GROUP_PROCESSOR,
      .forms = { { "MSR", OPERAND_NUMBER, DWORD_BITS, false }, { "VALUE", OPERAND_NUMBER, 0, false } },
      .summary = "write a model-specific register",
      .details = "Writes 64 bits to an MSR of the processor that executes it. A value that the\n"
                 "processor does not take is a general protection fault, and nothing is changed.\n",
      .changes = true, .in_scripts = true, .append = wrmsr_append, .print = wrmsr_print },
    { .name = "cpuid", .group = GROUP_PROCESSOR,
      .forms = { { "LEAF", OPERAND_NUMBER, DWORD_BITS, true }, { "SUBLEAF", OPERAND_NUMBER, DWORD_BITS, true } },
      .summary = "execute CPUID",
      .details = "Prints what CPUID gives for LEAF and SUBLEAF (each 0 when left out):\n"
                 "    cpuid[0.0] eax=0000000d ebx=756e6547 ecx=6c65746e edx=49656e69\n",
      .in_scripts = true, .append = cpuid_append, .print = cpuid_print },
    { .name = "registers", .group = GROUP_PROCESSOR, .summary = "show control, debug and descriptor registers",
      .details = "Shows, of the processor that executes it: its APIC identifier, control and debug\n"
                 "registers, EFER, segment bases, RFLAGS, descriptor tables and selectors, as they\n"
                 "are while the stub runs.\n",
      .in_scripts = true, .execute = registers_execute },
    ROWS_4(DISPLAY_ROW),
    ROWS_4(PHYSICAL_DISPLAY_ROW),
    ROWS_4(EDIT_ROW),
    ROWS_4(PHYSICAL_EDIT_ROW),
    SEARCH_ROW("s", false, "virtual"),
    SEARCH_ROW("!s", true, "physical"),
    FILL_ROW("f", false, "virtual"),
    FILL_ROW("fp", true, "physical"),
    { .name = ".dump", .group = GROUP_MEMORY, .option = "/p",
      .forms = { ADDRESS_FORM, { "LENGTH", OPERAND_NUMBER, 0, false }, FILE_FORM },
      .summary = "write memory to a file",
      .details = "Reads LENGTH bytes from ADDRESS on, virtual or (/p) physical, into FILE. The file is\n"
                 "there whole or not at all: when something cannot be read or written, what was\n"
                 "there before stays. On a terminal a bar shows how far it is.\n",
      .in_scripts = true, .prepare = dump_prepare, .execute = dump_execute },
    { .name = ".restore", .group = GROUP_MEMORY, .option = "/p", .forms = { ADDRESS_FORM, FILE_FORM },
      .summary = "write a file to memory",
      .details = "Writes the bytes of FILE from ADDRESS on, virtual or (/p) physical. When a byte\n"
                 "cannot be written it stops, and says how many were.\n",
      .changes = true, .in_scripts = true, .prepare = restore_prepare, .execute = restore_execute },
    { .name = "!vtop", .group = GROUP_MEMORY, .forms = { ADDRESS_FORM },
      .summary = "translate a virtual address to a physical one",
      .details = "Walks the page tables that CR3 names; prints each entry with its attributes, and\n"
                 "the physical address. Fails when there is no page.\n",
      .in_scripts = true, .execute = translate_execute },
    { .name = "!pci", .group = GROUP_PCI, .option = "-a",
      .forms = { { "BUS DEV FN", OPERAND_FUNCTION, 0, true } },
      .summary = "list the PCI functions, or show one in detail",
      .details = "Lists the functions of bus 0 and of the buses that bridges lead to; -a: of all\n"
                 "buses. Or shows one function (BUS DEV FN, or BUS.DEV.FN), with its base\n"
                 "addresses, capabilities and configuration. Names are those of the system's pci.ids, where\n"
                 "libpci is installed. Writes nothing.\n",
      .in_scripts = true, .execute = pci_execute },
    ROWS_3(PCI_READ_ROW),
    ROWS_3(PCI_WRITE_ROW),
    { .name = ".break", .group = GROUP_RUN, .summary = "stop the kernel",
      .details = "Stops the kernel when it next enters the stub, and prints where. A kernel that\n"
                 "keeps interrupts off for good cannot be stopped over a UART: after 2 s it says so.\n",
      .changes = true, .in_scripts = true, .execute = break_execute },
    { .name = "g", .group = GROUP_RUN, .forms = { { "TIME", OPERAND_TIME, DWORD_BITS, true } },
      .summary = "let a stopped kernel run",
      .details = "With TIME it waits so long for the next stop, and prints it.\n",
      .changes = true, .in_scripts = true, .execute = go_execute },
    { .name = "t", .group = GROUP_RUN, .forms = { { "COUNT", OPERAND_NUMBER, DWORD_BITS, true } },
      .summary = "step, or step over calls",
      .details = "Executes one instruction of a stopped kernel, or COUNT, and prints each place.\n"
                 "Interrupts that are pending stay pending.\n",
      .changes = true, .in_scripts = true, .execute = trace_execute },
    { .name = "p", .group = GROUP_RUN, .forms = { { "COUNT", OPERAND_NUMBER, DWORD_BITS, true } },
      .summary = "step, or step over calls",
      .details = "As t, but a call, or a repeated string instruction, is one step.\n",
      .changes = true, .in_scripts = true, .execute = step_over_execute },
    { .name = "r", .group = GROUP_RUN, .forms = { { "REGISTER[=VALUE]", OPERAND_TEXT, 0, true } },
      .summary = "show the stopped kernel's registers, or set one",
      .details = "Shows all, or the one that is named, or sets that:\n"
                 "  r\n"
                 "  r rip\n"
                 "  r rip=101234\n"
                 "Sets rax to r15, rip, rsp, efl, cs, ss and the bases; the other segments are only\n"
                 "shown. For control and debug registers see `registers`.\n",
      .in_scripts = true, .execute = r_execute },
    { .name = "bp", .group = GROUP_RUN, .forms = { { "ADDRESS", OPERAND_NUMBER, 0, false } },
      .summary = "set, list and clear breakpoints",
      .details = "Sets a software breakpoint, and prints its number. It stays when kdio ends.\n",
      .changes = true, .in_scripts = true, .execute = bp_execute },
    { .name = "ba", .group = GROUP_RUN, .option = "e|w|i|r",
      .forms = { { "SIZE", OPERAND_NUMBER, 0, false }, { "ADDRESS", OPERAND_NUMBER, 0, false } },
      .summary = "set, list and clear breakpoints",
      .details = "Sets one of the four breakpoints of the processor: e execution, w writes, r reads and\n"
                 "writes, i an I/O port:\n"
                 "  ba i 1 80\n"
                 "SIZE is 1, 2, 4 or 8 bytes, of which ADDRESS is a multiple.\n",
      .changes = true, .in_scripts = true, .execute = ba_execute },
    { .name = "bl", .group = GROUP_RUN, .summary = "set, list and clear breakpoints",
      .details = "Lists the breakpoints in the target, whoever has set them.\n",
      .in_scripts = true, .execute = bl_execute },
    { .name = "bc", .group = GROUP_RUN, .forms = { { "ID|*", OPERAND_TEXT, 0, false } },
      .summary = "set, list and clear breakpoints",
      .details = "Clears the breakpoint of that number (decimal), or all.\n",
      .changes = true, .in_scripts = true, .execute = bc_execute },
    { .name = ".reboot", .group = GROUP_RUN, .summary = "reset the machine",
      .details = "Through the reset control register at port cf9, and waits for the loss.\n",
      .changes = true, .in_scripts = true, .execute = reboot_execute },
    { .name = "info", .group = GROUP_SESSION, .summary = "show the stub's version, limits and statistics",
      .details = "Versions, identifiers, limits and capabilities as the stub told them; the\n"
                 "stub's own counters; and what this session saw of the line.\n",
      .in_scripts = true, .execute = info_execute },
    { .name = "console", .group = GROUP_SESSION, .summary = "show the kernel's text, and type to the kernel",
      .details = "Shows the text of the target's kernel as it arrives, and types the lines of\n"
                 "standard input to the kernel. Ends when standard input has ended and the kernel\n"
                 "has been quiet for half a second; else with ^C. A kernel that is stopped says\n"
                 "nothing: that is told (`kdio g` lets it run).\n" },
    { .name = "doctor", .group = GROUP_SESSION, .summary = "say what is wrong with the line, and what to try",
      .details = "Connects, and tells what the line looks like: no such device, held by another\n"
                 "process, silence, a wrong baud rate, an echo, a login prompt, another debugger's\n"
                 "protocol ... with the next things to try. Where a stub answers it tries all 256\n"
                 "byte values both ways, measures round trip, loss and throughput, and looks\n"
                 "whether the kernel is stopped. Touches nothing on the target. Exit status: 0 all\n"
                 "well, 1 the target's end is something else, or stopped, 3 the line is in trouble.\n",
      .connects = true },
    { .name = "gdbserver", .group = GROUP_SESSION, .option = "--stdio|--port",
      .forms = { { "PORT", OPERAND_TEXT, 0, true } }, .summary = "serve gdb: its `target remote`",
      .details = "Stops the kernel when gdb connects, and lets it run again when gdb leaves.\n"
                 "    gdb build/kdio-kernel.debug -ex 'target remote | kdio gdbserver --stdio'\n"
                 "With --port (decimal; 0 or none: any that is free) it listens on this machine's\n"
                 "own address, prints what to type in gdb, and serves one gdb after the other\n"
                 "until ^C. gdb's `monitor` executes kdio's commands; gdb's `source kdio.py` has\n"
                 "them at its prompt, and port functions for its expressions. gdb shows the\n"
                 "kernel's text while the kernel runs; what comes while gdb is at its prompt is\n"
                 "shown when it lets the kernel go on.\n" },
    { .name = "ext", .group = GROUP_SESSION,
      .forms = { { "FILE", OPERAND_TEXT, 0, false }, { "[!]COMMAND [ARGS]", OPERAND_WORDS, 0, false } },
      .summary = "run a command of a WinDbg extension",
      .details = "FILE is a shared object, compiled on Linux from the source of a WinDbg extension\n"
                 "of either kind: WdbgExts or DbgEng (kdio-win(7)). COMMAND is the name of a\n"
                 "function in it, ARGS what it is given; options of the extension stand behind\n"
                 "`--`. ^C reaches its CheckControlC. An extension that crashes is told, with exit\n"
                 "status 1; it takes neither kdio nor the target down.\n",
      .connects = true },
    { .name = "run", .group = GROUP_SESSION, .forms = { { "FILE|-", OPERAND_TEXT, 0, false } },
      .summary = "execute one command a line, over one connection",
      .details = "Reads commands from FILE, or from standard input for -: one a line; # starts a\n"
                 "comment. The whole file is checked before the first byte is sent. The lines\n"
                 "between { and } are one atomic program: one request, interrupts off on the\n"
                 "processor that executes it. Stops at the first failure and names the first line\n"
                 "not known to be done; --from N (decimal) leaves out the lines before line N.\n" },
    { .name = "help", .group = GROUP_SESSION, .forms = { { "COMMAND", OPERAND_TEXT, 0, true } },
      .summary = "show help",
      .details = "Without COMMAND: the options and the list of commands.\n" },
    { .name = NULL },
};

const struct command *command_first(void)
{
    return commands;
}

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcasecmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

const char *command_group_name(enum command_group group)
{
    static const char *const names[] = {
        [GROUP_PORTS] = "ports",   [GROUP_PROGRAMS] = "programs", [GROUP_PROCESSOR] = "processor",
        [GROUP_MEMORY] = "memory", [GROUP_PCI] = "pci",           [GROUP_RUN] = "control",
        [GROUP_SESSION] = "session",
    };

    return names[group];
}

/* ---- Words that are none ---- */

/* What other systems call the commands, and what people try. */
static const struct {
    const char *word, *meant;
} slips[] = {
    { "in", "ib, iw or id" },   { "inb", "ib" },  { "inw", "iw" },  { "inl", "id" },  { "ind", "id" },
    { "out", "ob, ow or od" },  { "outb", "ob" }, { "outw", "ow" }, { "outl", "od" }, { "outd", "od" },
    { "version", "--version" },  { "lspci", "!pci" }, { "pci", "!pci" }, { "vtop", "!vtop" },
    { "dump", ".dump" },        { "restore", ".restore" }, { "r", "registers" }, { "e", "eb, ew, ed or eq" },
    { "d", "db, dw, dd or dq" }, { "fill", "f" }, { "search", "s" }, { "poll", "pollb, pollw or polld" },
};

/* A whole command in one word. */
static bool holds_command(const char *word)
{
    char first[sizeof(".restore")];
    size_t length = strcspn(word, " \t;");

    if (word[length] == '\0' || length >= sizeof(first))
        return false;
    memcpy(first, word, length);
    first[length] = '\0';
    return strcmp(first, "{") == 0 || command_find(first) != NULL;
}

enum exit_status command_unknown(const char *word, struct failure *failure)
{
    if (holds_command(word))
        return failure_usage(failure, "unknown command '%s' (for commands in one argument, use -c)", word);
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        if (strcasecmp(slips[i].word, word) == 0)
            return failure_usage(failure, "unknown command '%s' (did you mean %s?)", word, slips[i].meant);
    }
    return failure_usage(failure, "unknown command '%s' (`kdio help` lists them)", word);
}

/* ---- What may follow a name ---- */

static void append_form(const struct operand_form *form, char *text, size_t size)
{
    bool repeats = form->kind == OPERAND_LIST;
    bool brackets = form->optional && form->kind != OPERAND_RANGE;
    size_t used = strlen(text);

    (void)snprintf(text + used, size - used, "%s%s%s%s%s", used > 0 ? " " : "", brackets ? "[" : "", form->name,
                   repeats ? "..." : "", brackets ? "]" : "");
}

void command_usage(const struct command *command, char text[static COMMAND_USAGE_SIZE])
{
    text[0] = '\0';
    if (command->option != NULL)
        (void)snprintf(text, COMMAND_USAGE_SIZE, "[%s]", command->option);
    for (const struct operand_form *form = command->forms; form->name != NULL; form++)
        append_form(form, text, COMMAND_USAGE_SIZE);
}

unsigned command_option(const struct command *command, const char *word)
{
    const char *option = command->option;
    size_t length = strlen(word);

    for (unsigned number = 1; option != NULL && length > 0; number++) {
        size_t option_length = strcspn(option, "|");
        if (option_length == length && memcmp(option, word, length) == 0)
            return number;
        option = option[option_length] == '|' ? option + option_length + 1 : NULL;
    }
    return 0;
}
