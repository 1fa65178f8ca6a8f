# SPDX-License-Identifier: MIT
"""The commands of memory, processor, PCI and programs: their layouts, literally, what reaches the target, and refusals.

With fake_target.c, whose first comment says what its memory, MSRs and PCI functions are; at the end once with the boot
target in QEMU, where the commands are judged by one another.
"""

import json
import os
import re
import resource
import signal
import unittest

import test_cmd
from test_cmd import DONE, LINK, LIMIT_S, REFUSED, SYSTEM, USAGE


class Spaces(test_cmd.FakeTest):
    def assert_prints(self, words, out, *sent):
        with self.subTest(words=words):
            self.assert_done(self.fake(*words), out)
            self.assertEqual(self.sent(), list(sent))


class Programs(Spaces):
    def test_operations_print_and_send(self):
        for words, out, sent in (
                ("rmwb 80 fe 1", "00000080: 80 -> 81\n", "rmw8 80 fe 1"),
                ("rmwd 80 0 80000000", "00000080: 80808080 -> 80000000\n", "rmw32 80 0 80000000"),
                ("pollb 80 80 80 10us", "00000080: 80  3 us\n", "poll8 80 80 80 10"),
                ("pollw 80 ffff 8080 10", "00000080: 8080  3 us\n", "poll16 80 ffff 8080 16"),
                ("delay 5ms", "", "delay 5000"), ("delay 2S", "", "delay 2000000"), ("delay 0n20", "", "delay 20"),
                ("xib 70 a 71", "00000071[0a]: 0a\n", "xi8 70/8 a 71"),
                ("xib 3d4 a 3d5", "000003d5[0a]: 0a\n", "xi8 3d4/8r a 3d5"),
                ("xid cf8 80000000 cfc", "00000cfc[80000000]: 80000000\n", "xi32 cf8/32r 80000000 cfc"),
                ("xob 70 a 71 26", "", "xo8 70/8 a 71 26"),
                ("insb 80 12", "00000080: 00 01 02 03 04 05 06 07-08 09 0a 0b 0c 0d 0e 0f  ................\n"
                               "00000080: 10 11                                            ..\n", "ins8 80 18"),
                ("insw 1f0 9", "000001f0: 0100 0302 0504 0706 0908 0b0a 0d0c 0f0e\n000001f0: 1110\n", "ins16 1f0 9"),
                ("outsb 80 1 ff 0n3", "", "outs8 80 3 01ff03"), ("outsd 80 1 2", "", "outs32 80 2 0100000002000000"),
                ("repw 80 100 55", "", "rep16 80 256 55"),
                ("rdtsc", "tsc = 00000000`00000064\n", "rdtsc")):
            self.assert_prints(words.split(), out, sent)

    def test_a_check_looks_at_the_last_value(self):
        self.assert_done(self.fake("-c", "ib 80; checkb 80 80; ow 80 1"), "00000080: 80\n")
        result = self.fake("-c", "ib 80; checkb 80 0; ob 80 1")
        self.assert_failed(result, REFUSED, "-c:2: ", "did not match", "not known to be done: 2\n")
        self.assertEqual((result.out, self.sent()), ("00000080: 80\n", ["in8 80 80", "check8 80 0"]))

    def test_a_poll_that_never_matches_shows_what_it_saw(self):
        result = self.fake("-c", "ib 80; pollb 81 80 80 10ms; pollb 80 1 1 10ms; ib 82")
        self.assert_failed(result, REFUSED, "-c:3: ", "did not match", "not known to be done: 3\n")
        self.assertEqual(result.out, "00000080: 80\n00000081: 81  3 us\n00000080: 80  10000 us, no match\n")
        out = self.fake("--json", "pollb", "80", "1", "1", "20us").out
        poll, error = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(poll, {"command": "pollb", "port": 0x80, "width": 1, "value": 0x80, "us": 20,
                                "matched": False})
        self.assertEqual(error["error"]["status"], "NO_MATCH")

    def test_lines_are_packed_up_to_what_takes_long(self):
        def runs(text):
            self.assertEqual(self.fake("-c", text).status, DONE)
            return [int(line.split()[2]) for line in self.log.read_text().splitlines() if line.startswith("run ")]
        self.assertEqual(runs("ib 80; rmwb 80 1 1; rdmsr 10; ed 1000 5; !dcb 0.0.0 0; rdtsc; delay 1ms; insb 80 4"),
                         [8])
        self.assertEqual(runs("ib 80; delay 5s; ib 81; ib 82"), [1, 1, 2])
        self.assertEqual(runs("delay 100ms; delay 100ms; delay 100ms; delay 100ms"), [3, 1])
        self.assertEqual(runs("insb 80 10; insb 80 8000; ib 80"), [1, 1, 1])
        self.assertEqual(runs("{ ib 80; delay 5s; dd 1000 L1; ib 81 }"), [4])

    def test_braces_take_all_that_are_operations(self):
        self.assert_done(self.fake("-c", "{ ed 1000 1; dd 1000 L1; rdmsr 10; !ecb 0.1.0 4 7; !dcb 0.1.0 4 L2 }"),
                         "00000000`00001000  03020100\nmsr[10] = 00000010`00000010\n00:01.0 004: 07 00\n")
        self.assertIn("run atomic 5\n", self.log.read_text())
        for name in ("registers", "!vtop 1", "s 0 L1 1", "f 0 L1 1", "!pci", "info", ".dump 0 1 x"):
            self.assert_refused_unsent(["-c", f"{{ {name} }}"], USAGE,
                                       f"'{name.split()[0]}' cannot be part of an atomic")

    def test_memory_that_faults_in_a_program_is_a_failure(self):
        result = self.fake("-c", "{ ib 80; dd fff8 L4; ib 81 }")
        self.assert_failed(result, REFUSED, "-c:2: ", "faulted")
        self.assertEqual(result.out, "00000080: 80\n00000000`0000fff8  fbfaf9f8 fffefdfc\n")

    def test_what_was_not_executed_is_not_shown(self):
        for status in ("UNSUPPORTED", "DENIED", "TIMEOUT"):
            result = self.fake("-c", "ib 80; pollb 81 80 80 1ms", KDIO_FAKE_FAIL=f"1:{status}:not")
            self.assertEqual(result.out, "00000080: 80\n")

    def test_json_of_operations_that_give_nothing(self):
        for words, expected in (("delay 5ms", {"us": 5000}), ("checkw ff 0", {"mask": 0xff, "value": 0}),
                                ("outsw 80 1 2", {"port": 0x80, "width": 2, "values": [1, 2]}),
                                ("repb 80 2 3", {"port": 0x80, "width": 1, "count": 2, "value": 3})):
            self.assertEqual(json.loads(self.fake("--json", *words.split()).out),
                             {"command": words.split()[0], **expected})

    def test_a_terminal_shows_what_takes_long(self):
        terminal, slave = os.openpty()
        self.addCleanup(os.close, terminal)
        process = test_cmd.subprocess.Popen([test_cmd.FAKE, "ib", "80"], stderr=slave,
                                            env=test_cmd.clean_environment(KDIO_TARGET="fake,line", KDIO_FAKE_BLOCK=0))
        self.addCleanup(process.kill)
        os.close(slave)
        shown = test_cmd.read_until(terminal, b"s")
        self.assertEqual(shown, b"\r\x1b[Kexecuting... 1 s")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT_S), -signal.SIGINT)

    def test_cycles(self):
        self.assert_done(self.fake("--cycles", "-c", "ib 80; ob 80 1; xib 70 1 71; rdmsr 1; repb 80 2 3"),
                         "00000080: 80  200 cycles\n00000080: 01  200 cycles\n00000071[01]: 01  200 cycles\n"
                         "msr[1] = 00000001`00000001\n00000080:  200 cycles\n")
        self.assertEqual(self.sent().count("rdtsc"), 8)
        self.assertEqual(json.loads(self.fake("--cycles", "--json", "ob", "80", "1").out)["cycles"], 200)
        self.assert_refused_unsent(["--cycles", "-c", "ib 80; checkb 1 0"], USAGE, "--cycles and checkb exclude each")
        result = self.fake("--cycles", "-c", "ib 80; ib 81", KDIO_FAKE_FAIL="4:FAULT:not")
        self.assert_failed(result, REFUSED, "-c:2: ")
        self.assertEqual(result.out, "00000080: 80  200 cycles\n")

    def test_interruption_tells_how_many_are_done(self):
        process = self.start("-c", "ib 80; ib 81; ib 82", KDIO_FAKE_BLOCK=1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_S)
        self.assertEqual(out, "00000080: 80\n")
        self.assertRegex(err, r"^kdio: -c:2: .*interrupted.*; 1 of 3 commands done; "
                              r"first line not known to be done: 2\n$")

    def test_bad_operands_are_refused_unsent(self):
        for words, part in (("rmwb 80 100 0", "wider"), ("rmwb 80 0n256 0", "rmwb 80 0n256 0: "),
                            ("rmww 81 0 0", "multiple"), ("pollb 10000 1 1 1us", "0xffff"),
                            ("pollb 80 1 2 1us", "VALUE 2 has bits that MASK 1 leaves out: it can never match"),
                            ("checkw ff 100", "it can never match"), ("checkb 100 0", "wider"),
                            ("pollb 80 1 1 5000s", "TIME is at most 4294 s"), ("delay 100000000", "TIME is at most"),
                            ("delay 99999999999999999999s", "TIME is at most"), ("insb 80 0", "COUNT is 0"),
                            ("insb 80 1000000", "COUNT is at most ffffff"), ("repd 80 0 1", "COUNT is 0"),
                            ("outsb 80 1 100", "wider"), ("repb 80 1 100", "wider"), ("xib 70 100 71", "wider"),
                            ("xib 70 a 10000", "0xffff"), ("xiw 70 a 71", "multiple"), ("xob 70 a 71 100", "wider"),
                            ("xid cf8 100000000 cfc", "wider"), ("--deny 71 xib 70 a 71", "deny"),
                            ("--deny 70 xib 70 a 71", "deny"), ("--deny 80 pollb 80 1 1 1us", "deny"),
                            ("--deny safe rmwb cf9 0 6", "deny"), ("--deny safe outsb 64 1 fe", "deny"),
                            ("--deny safe repb 92 2 1", "deny"), ("--read-only repb 80 1 1", "read-only"),
                            ("--read-only xib 70 a 71", "read-only"), ("--read-only rmwb 80 1 1", "read-only")):
            self.assert_refused_unsent(words.split(), REFUSED, part)
        for words, part in (("delay 5m", "'5m' is not a time such as 10us, 5ms or 2s"), ("delay us", "not a time"),
                            ("delay", "missing argument (usage: kdio delay TIME)"), ("rdtsc 1", "surplus argument '1'"),
                            ("outsb 80", "missing argument (usage: kdio outsb PORT VALUE...)"),
                            ("pollb 80 1 1", "usage: kdio pollb PORT MASK VALUE TIME"),
                            ("xib 70 a", "usage: kdio xib INDEXPORT INDEX DATAPORT"), ("outsb 80 1 x", "not a number")):
            self.assert_refused_unsent(words.split(), USAGE, part)


class Processor(Spaces):
    def test_processor_commands_print_and_send(self):
        for words, out, sent in (
                ("rdmsr c0000080", "msr[c0000080] = c0000080`c0000080\n", "rdmsr c0000080"),
                ("RDMSR 0n16", "msr[10] = 00000010`00000010\n", "rdmsr 10"),
                ("wrmsr 277 ffffffff`00070406", "", "wrmsr 277 ffffffff00070406"),
                ("cpuid", "cpuid[0.0] eax=03020100 ebx=07060504 ecx=0b0a0908 edx=0f0e0d0c\n", "cpuid 0 0"),
                ("cpuid 80000001", "cpuid[80000001.0] eax=03020100 ebx=07060504 ecx=0b0a0908 edx=0f0e0d0c\n",
                 "cpuid 80000001 0"),
                ("cpuid 7 1", "cpuid[7.1] eax=03020100 ebx=07060504 ecx=0b0a0908 edx=0f0e0d0c\n", "cpuid 7 1")):
            self.assert_prints(words.split(), out, sent)

    def test_registers(self):
        self.assert_prints(["registers"],
                           "cpu=2\n"
                           "cr0=0000000080010033 cr2=0000000000000000 cr3=0000000000001000\n"
                           "cr4=0000000000000020 cr8=0000000000000000 efer=0000000000000d01\n"
                           "dr0=0000000000000000 dr1=0000000000000000 dr2=0000000000000000\n"
                           "dr3=0000000000000000 dr6=0000000000000000 dr7=0000000000000000\n"
                           "fs_base=0000000000000000 gs_base=ffffffff80123456\n"
                           "kernel_gs_base=0000000000000000 rflags=0000000000000202\n"
                           "gdtr_base=ffff800000001000 gdtr_limit=0037\n"
                           "idtr_base=0000000000000000 idtr_limit=0000\n"
                           "cs=0008 ss=0010 ds=0000 es=0000 fs=0000 gs=0000 tr=0000 ldtr=0000\n", "registers")
        registers = json.loads(self.fake("--json", "registers").out)
        self.assertEqual((registers["cpu"], registers["gs_base"], registers["ss"]), (2, 0xffffffff80123456, 0x10))

    def test_an_msr_that_faults(self):
        result = self.fake("-c", "rdmsr 10; rdmsr dead; rdmsr 11")
        self.assert_failed(result, REFUSED, "-c:2: ", "faulted", "not known to be done: 2\n")
        self.assertEqual(result.out, "msr[10] = 00000010`00000010\n")

    def test_numbers_of_64_bits_are_exact_in_json(self):
        result = self.fake("--json", "-c", "rdmsr ffffffff; wrmsr 1 ffffffffffffffff; cpuid 1 2")
        self.assertEqual([json.loads(line) for line in result.out.splitlines()],
                         [{"line": 1, "command": "rdmsr", "msr": 0xffffffff, "value": 0xffffffffffffffff},
                          {"line": 2, "command": "wrmsr", "msr": 1, "value": 0xffffffffffffffff},
                          {"line": 3, "command": "cpuid", "leaf": 1, "subleaf": 2, "eax": 0x03020100,
                           "ebx": 0x07060504, "ecx": 0x0b0a0908, "edx": 0x0f0e0d0c}])

    def test_bad_operands(self):
        for words, part in (("rdmsr 100000000", "MSR is at most ffffffff"), ("wrmsr 1 10000000000000000", "64 bits"),
                            ("cpuid 100000000", "LEAF is at most"), ("--read-only wrmsr 1 1", "read-only")):
            self.assert_refused_unsent(words.split(), USAGE if "64 bits" in part else REFUSED, part)
        for words in ("rdmsr", "wrmsr 1", "cpuid 1 2 3", "registers 1"):
            self.assert_refused_unsent(words.split(), USAGE, "argument")


class Memory(Spaces):
    def test_virtual_memory_has_windbgs_layout(self):
        for words, out, sent in (
                ("db 1008 L13",
                 "00000000`00001008  08 09 0a 0b 0c 0d 0e 0f-10 11 12 13 14 15 16 17  ................\n"
                 "00000000`00001018  18 19 1a                                         ...\n", "readv 1008 0 19"),
                ("db fffff800`00001041 L 8",
                 "fffff800`00001041  41 42 43 44 45 46 47 48                          ABCDEFGH\n",
                 "readv fffff80000001041 0 8"),
                ("db 1078 L9", "00000000`00001078  78 79 7a 7b 7c 7d 7e 7f-80                       xyz{|}~..\n",
                 "readv 1078 0 9"),
                ("dw 1000 L9", "00000000`00001000  0100 0302 0504 0706 0908 0b0a 0d0c 0f0e\n"
                               "00000000`00001010  1110\n", "readv 1000 0 18"),
                ("DD 1000 l5", "00000000`00001000  03020100 07060504 0b0a0908 0f0e0d0c\n"
                               "00000000`00001010  13121110\n", "readv 1000 0 20"),
                ("dq 1001 L3", "00000000`00001001  08070605`04030201 100f0e0d`0c0b0a09\n"
                               "00000000`00001011  18171615`14131211\n", "readv 1001 0 24"),
                ("dd 1000 1004", "00000000`00001000  03020100 07060504\n", "readv 1000 0 8"),
                ("dd -m 1000 L2", "00000000`00001000  03020100 07060504\n", "readv 1000 4 8"),
                ("db ffffffff`ffffffff L1",
                 "ffffffff`ffffffff  ff                                               .\n",
                 "readv ffffffffffffffff 0 1")):
            self.assert_prints(words.split(), out, sent)

    def test_physical_memory_has_windbgs_layout(self):
        for words, out, sent in (
                ("!db 1041 L11",
                 "#    1041 41 42 43 44 45 46 47 48-49 4a 4b 4c 4d 4e 4f 50 ABCDEFGHIJKLMNOP\n"
                 "#    1051 51                                              Q\n", "readp 1041 0 17"),
                ("!dd 1`fee00000 L2", "#1fee00000 03020100 07060504\n", "readp 1fee00000 0 8"),
                ("!dq -m 1000 L2", "#    1000 07060504`03020100 0f0e0d0c`0b0a0908\n", "readp 1000 8 16"),
                ("!dw 0 L1", "#       0 0100\n", "readp 0 0 2")):
            self.assert_prints(words.split(), out, sent)

    def test_without_a_count_it_is_128_bytes(self):
        for name, lines in (("db", 8), ("dw", 8), ("dd", 8), ("!dq", 8)):
            self.assertEqual(self.fake(name, "1000").out.count("\n"), lines)
            self.assertIn(" 1000 0 128", self.sent()[0])

    def test_what_cannot_be_read_is_question_marks_and_read_once(self):
        self.assert_prints(["db", "fff8", "L10"],
                           "00000000`0000fff8  f8 f9 fa fb fc fd fe ff-?? ?? ?? ?? ?? ?? ?? ??  ........????????\n",
                           "readv fff8 0 16", "translate 10000")
        self.assert_prints(["dd", "fffe", "L2"], "00000000`0000fffe  ???????? ????????\n", "readv fffe 0 8",
                           "translate 10000")
        self.assert_prints(["dq", "11ff8", "L2"], "00000000`00011ff8  ????????`???????? 07060504`03020100\n",
                           "readv 11ff8 0 16", "translate 11ff8", "readv 12000 0 8")
        self.assert_prints(["!dw", "fffe", "L2"], "#    fffe fffe ????\n", "readp fffe 0 4")
        self.fake("db", "f000", "L4000")
        self.assertEqual(self.sent(), ["readv f000 0 16384", "translate 10000", "readv 11000 0 8192",
                                       "translate 11000", "readv 12000 0 4096"])
        self.assertEqual(self.fake("!db", "f000", "L4000").status, DONE)
        self.assertEqual(self.sent(), ["readp f000 0 16384", "readp 11000 0 8192", "readp 12000 0 4096"])

    def test_an_absent_entry_of_the_tables_is_left_out_whole(self):
        self.fake("db", "10000", "L400000", KDIO_FAKE_WALKED=3)
        self.assertEqual(self.sent()[:3], ["readv 10000 0 65536", "translate 10000", "readv 20000 0 65536"])
        self.fake("s", "10000", "L400000", "41", KDIO_FAKE_WALKED=3)
        self.assertEqual(self.sent()[:3], ["searchv 10000 1 4194304", "translate 10000", "searchv 200000 1 2162688"])
        values = json.loads(self.fake("--json", "dw", "fffe", "L2").out)
        self.assertEqual(values, {"command": "dw", "address": 0xfffe, "width": 2, "values": [0xfffe, None]})

    def test_a_range_of_which_nothing_can_be_read_is_a_failure(self):
        result = self.fake("dd", "10000", "L2")
        self.assert_failed(result, REFUSED, "faulted", "nothing of the range can be read")
        self.assertEqual(result.out, "00000000`00010000  ???????? ????????\n")
        self.assert_failed(self.fake("db", "1000", KDIO_FAKE_FAIL="0:TIMEOUT:unknown"), LINK, "no answer in time")

    def test_long_stretches_are_shown_whole(self):
        result = self.fake("dd", "20000", "Lc000")
        self.assertEqual(result.out.count("\n"), 0xc000 // 4)
        self.assertEqual(self.sent(), ["readv 20000 0 65536", "readv 30000 0 65536", "readv 40000 0 65536"])

    def test_changing_memory(self):
        for words, sent in (("eb 1001 1 ff", "writev 1001 1 2 01ff"), ("ed 1000 12345678", "writev 1000 4 4 78563412"),
                            ("ew 1001 1", "writev 1001 0 2 0100"),
                            ("eq ffff8000`00000000 1`00000002", "writev ffff800000000000 8 8 0200000001000000"),
                            ("!eb b8000 41", "writep b8000 1 1 41"),
                            ("!ED fee000b0 0", "writep fee000b0 4 4 00000000")):
            self.assert_prints(words.split(), "", sent)
        self.assertEqual(json.loads(self.fake("--json", "ew", "1000", "1", "2").out),
                         {"command": "ew", "address": 0x1000, "width": 2, "values": [1, 2]})
        self.assert_failed(self.fake("eb", "10000", "1"), REFUSED, "faulted")

    def test_searching(self):
        self.assert_prints("s 1000 L120 41 42".split(),
                           "00000000`00001041  41 42                                            AB\n",
                           "searchv 1000 1 288", "searchv 1042 1 222")
        self.assert_prints(["s", "-a", "1000", "10ff", "b c"],
                           "00000000`00001062  62 20 63                                         b c\n",
                           "searchv 1000 1 256", "searchv 1063 1 157")
        self.assert_prints("!s -d 1000 L10 7060504".split(), "#    1004 07060504\n", "searchp 1000 4 16",
                           "searchp 1008 4 8")
        self.assert_prints("s -w 1000 L10 1".split(), "", "searchv 1000 2 16")
        self.assertEqual(json.loads(self.fake("--json", "s", "1000", "L200", "5").out),
                         {"command": "s", "address": 0x1000, "width": 1, "matches": [0x1005, 0x1105]})
        self.assert_failed(self.fake("s", "fff8", "L20", "77", KDIO_FAKE_FAIL="0:UNSUPPORTED:not"), REFUSED, "no such")

    def test_a_search_goes_on_behind_what_cannot_be_read(self):
        self.assert_prints("s fff8 L2020 fe".split(),
                           "00000000`0000fffe  fe                                               .\n",
                           "searchv fff8 1 8224", "searchv ffff 1 8217", "translate 10000",
                           "searchv 11000 1 4120", "translate 11000",
                           "searchv 12000 1 24")
        self.assert_prints("!s -d fffa L2030 a090807".split(), "", "searchp fffa 4 8240", "searchp 11002 4 4136",
                           "searchp 12002 4 40")
        self.assert_failed(self.fake("s", "10000", "L2000", "77"), REFUSED, "faulted",
                           "nothing of the range can be read")

    def test_texts_in_scripts_stand_in_quotes(self):
        path = self.file('s -a 1000 L100 "d; # e" # a comment\ns -a 1000 L10 x"y\n')
        self.assertEqual(self.fake("run", path).status, DONE)
        self.assertEqual([line for line in self.sent() if " 256" in line or " 16" in line],
                         ["searchv 1000 1 256", "searchv 1000 1 16"])
        self.assertEqual(self.fake("-c", 's -a 1000 L100 "a;b"; ib 80').out[-13:], "00000080: 80\n")

    def test_filling(self):
        self.assert_prints("f 1000 L20 1 ff".split(), "Filled 0x20 bytes\n", "pattern 01ff", "fillv 1000 0 32")
        self.assert_prints("fp 1000 10ff 0".split(), "Filled 0x100 bytes\n", "pattern 00", "fillp 1000 0 256")
        self.assert_failed(self.fake("f", "fff8", "L20", "0"), REFUSED, "faulted")

    def test_translation(self):
        self.assert_prints(["!vtop", "1234"],
                           "PML4E[000] 00000000`00002063  writable supervisor accessed\n"
                           "PDPTE[000] 00000000`00003063  writable supervisor accessed\n"
                           "PDE[000]   00000000`00004063  writable supervisor accessed\n"
                           "PTE[001]   80000000`01001163  writable supervisor accessed dirty global no-execute\n"
                           "00000000`00001234 is physical 00000000`01001234, in a page of 4 KiB\n", "translate 1234")
        result = self.fake("!vtop", "10123")
        self.assert_failed(result, REFUSED, "!vtop 10123: no page: the PTE is not present")
        self.assertTrue(result.out.endswith("PTE[010]   00000000`00000000  not present\n"))
        found = json.loads(self.fake("--json", "!vtop", "1234").out)
        self.assertEqual((found["physical"], found["page_size"], found["present"]), (0x1001234, 4096, True))
        self.assertEqual(found["entries"][3], 0x8000000001001163)

    def test_bad_ranges_are_refused_unsent(self):
        for words, part in (("db 0 L0", "the length is 0"), ("db 0 L10000001", "more than 256 MiB; L? instead of L"),
                            ("db ffffffff`fffffff0 L11", "passes the end of the addresses"),
                            ("dq 0 L?2000000000000000", "passes the end of the addresses"),
                            ("dd ffffffff`ffffffff", "passes the end"), ("dd -m 1001 L1", "address is not a multiple"),
                            ("eb 0 100", "wider"), ("ew ffffffff`ffffffff 1", "pass the end"), ("f 0 L10 100", "wider"),
                            ("s -b 0 L10 100", "wider"), ("s -q 0 L10" + 32 * " 1", "1 to 255 bytes, and this one 256"),
                            ("f 0 L10" + 256 * " 0", "1 to 255 bytes"), (".dump 0 0 x", "the length is 0"),
                            (".dump ffffffff`ffffffff 2 x", "passes the end"), ("--read-only eb 0 1", "read-only"),
                            ("--read-only f 0 L1 1", "read-only")):
            self.assert_refused_unsent(words.split(), REFUSED, part)
        for words, part in (("db", "missing argument (usage: kdio db [-m] ADDRESS [L COUNT])"), ("db 0 L", "missing"),
                            ("db 1000 fff", "'fff' lies before the first address"), ("db 0 Lx", "'x' is not a number"),
                            ("db 0 L1 2", "surplus"), ("db 1``0", "not a number"), ("db -x 0", "unknown option '-x'"),
                            ("f 0 L10", "usage: kdio f RANGE BYTE..."), ("s 0 41", "missing"),
                            ("-m db 0", "unknown option '-m'"),
                            ("db 0 -m", "option '-m' stands right behind db"),
                            ("s -a 0 L10 a b", "surplus argument 'b'"), (".dump 0 10", "missing")):
            self.assert_refused_unsent(words.split(), USAGE, part)
        self.assert_refused_unsent(["s", "-a", "0", "L10", ""], REFUSED, "1 to 255 bytes")
        self.assert_refused_unsent(["-c", 's -a 0 L10 "abc'], USAGE, "a text in quotes ends with a quote")
        self.assertEqual(self.fake("db", "0", "L?10000001", KDIO_FAKE_FAIL="1:LOST:not").status, LINK)


class Files(Spaces):
    """.dump and .restore."""

    def setUp(self):
        super().setUp()
        self.place = self.directory / "place"
        self.place.mkdir()
        self.path = self.place / "memory"

    def left(self):
        return sorted(path.name for path in self.place.iterdir())

    def test_a_dump_is_what_is_in_memory(self):
        for words, letter, size in ((["1000", "3"], "v", 3), (["/p", "20000", "12345"], "p", 0x12345)):
            self.assert_done(self.fake(".dump", *words, str(self.path)))
            address = int(words[-2], 16)
            self.assertEqual(self.path.read_bytes(), bytes((address + i) & 0xff for i in range(size)))
            self.assertEqual(self.left(), ["memory"])
            sizes = [int(line.split()[3]) for line in self.sent()]
            self.assertEqual(sum(sizes), size)
            self.assertTrue(all(line.startswith(f"read{letter} ") for line in self.sent()))
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o666 & ~self.umask())

    def umask(self):
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_a_dump_that_fails_leaves_what_was_there(self):
        self.assert_failed(self.fake(".dump", "f000", "2000", str(self.path)), REFUSED, "faulted",
                           "; 4096 bytes read, up to 00000000`00010000, which cannot be read; nothing was written: "
                           f"{self.path} was not made")
        self.assertEqual(self.left(), [])
        self.path.write_text("old", encoding="ascii")
        self.assert_failed(self.fake(".dump", "f000", "2000", str(self.path)), REFUSED)
        self.assertEqual((self.left(), self.path.read_text(encoding="ascii")), (["memory"], "old"))
        self.assert_done(self.fake(".dump", "1041", "2", str(self.path)))
        self.assertEqual(self.path.read_text(encoding="ascii"), "AB")

    def test_a_link_stays_a_link(self):
        link = self.place / "link"
        link.symlink_to(self.path)
        self.path.write_text("old", encoding="ascii")
        self.assert_done(self.fake(".dump", "1041", "2", str(link)))
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.path.read_text(encoding="ascii"), "AB")

    def test_a_full_disk_is_a_clear_error(self):
        """The limit of a file's size stands in for the disk's."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        process = test_cmd.subprocess.run([test_cmd.FAKE, ".dump", "20000", "10000", str(self.path)], text=True,
                                          capture_output=True, timeout=LIMIT_S, preexec_fn=limit, check=False,
                                          env=test_cmd.clean_environment(KDIO_TARGET="fake,line"))
        self.assert_failed(test_cmd.Result(process, 0), SYSTEM, "cannot write the file: File too large",
                           f"{self.path} was not made")
        self.assertEqual(self.left(), [])

    def test_an_interrupted_dump_leaves_nothing(self):
        process = self.start(".dump", "20000", "100000", str(self.path), KDIO_FAKE_BLOCK=2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertRegex(err, r"^kdio: .*interrupted.*; 12288 bytes read; .* was not made\n$")
        self.assertEqual(self.left(), [])

    def test_a_restore_writes_the_file(self):
        self.path.write_bytes(b"x" * 5000)
        self.assert_done(self.fake(".restore", "/p", "20000", str(self.path)))
        self.assertEqual(self.sent(), ["writep 20000 0 4096", "writep 21000 0 904"])
        self.assertEqual(json.loads(self.fake("--json", ".restore", "20000", str(self.path)).out),
                         {"command": ".restore", "address": 0x20000, "length": 5000, "file": str(self.path)})
        self.assert_failed(self.fake(".restore", "f000", str(self.path)), REFUSED, "faulted", "4096 bytes written")

    def test_files_that_are_none_are_refused_unsent(self):
        for words, status, part in ((".restore 0 {0}/none", SYSTEM, "No such file"),
                                    (".restore 0 {0}", REFUSED, "regular"),
                                    (".restore 0 /dev/null", REFUSED, "/dev/null is no regular file"),
                                    (".dump 0 1 /dev/null", REFUSED, "/dev/null is no regular file"),
                                    (".dump 0 1 {0}", REFUSED, "is no regular file")):
            self.assert_refused_unsent([word.format(self.place) for word in words.split()], status, part)
        self.path.write_bytes(b"")
        self.assert_refused_unsent([".restore", "0", str(self.path)], REFUSED, "is empty")
        self.path.write_bytes(b"12")
        self.assert_refused_unsent([".restore", "ffffffffffffffff", str(self.path)], REFUSED, "passes the end")
        self.assert_failed(self.fake(".dump", "0", "1", "/none/x"), SYSTEM, "cannot write /none/x: No such file")

    def test_a_terminal_shows_a_bar(self):
        status, shown = self.on_a_terminal(".dump", "20000", "3000", str(self.path))
        self.assertEqual(status, DONE)
        self.assertTrue(shown.startswith(b"\r\x1b[Kreading memory [" + b" " * 30 + b"] 0%: 0 s\r\x1b[K"), shown)
        self.assertIn(b"\r\x1b[Kreading memory [#########" + b" " * 21 + b"] 33%: 0 s", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[Kreading memory [" + b"#" * 30 + b"] 100%: 0 s\r\x1b[K"), shown)
        self.assertEqual(self.on_a_terminal("ob", "80", "1"), (DONE, b""))


class Pci(Spaces):
    def fake(self, *words, **variables):
        """Without libpci, unless a test wants names: numbers alone."""
        if "LD_LIBRARY_PATH" not in variables:
            library = self.directory / "lib"
            library.mkdir(exist_ok=True)
            (library / "libpci.so.3").touch()
            variables["LD_LIBRARY_PATH"] = library
        return super().fake(*words, **variables)

    LIST = ("00:00.0 [0200]: [8086:1000] (rev 02)\n00:01.0 [0604]: [8086:1008] (rev 02)\n"
            "00:01.1 [0200]: [8086:1009] (rev 02)\n01:02.0 [0200]: [8086:1010] (rev 02)\n")

    def test_the_list_follows_bridges(self):
        self.assert_done(self.fake("!pci"), self.LIST)
        self.assertEqual(len([line for line in self.sent() if line.endswith(" 16")]), 64)
        self.assert_done(self.fake("!pci", "-a"), self.LIST)
        self.assertEqual(len([line for line in self.sent() if line.endswith(" 16")]), 256 * 32)
        self.assertFalse([line for line in self.sent() if not line.startswith("pciread ")])

    def test_the_list_in_json(self):
        functions = json.loads(self.fake("--json", "!pci").out)["functions"]
        self.assertEqual([(each["bus"], each["device"], each["function"], each["device_id"]) for each in functions],
                         [(0, 0, 0, 0x1000), (0, 1, 0, 0x1008), (0, 1, 1, 0x1009), (1, 2, 0, 0x1010)])
        self.assertEqual((functions[1]["class"], functions[1]["header_type"]), (0x604, 0x81))
        self.assertNotIn("name", functions[0])

    def test_names_come_from_pci_ids(self):
        self.assertIn("00:00.0 Ethernet controller [0200]: Intel Corporation 82542 Gigabit Ethernet Controller",
                      self.fake("!pci", LD_LIBRARY_PATH="").out)

    def test_one_function_in_detail(self):
        result = self.fake("!pci", "0", "1", "0")
        self.assertEqual(result.out.splitlines()[:10],
                         ["00:01.0 [0604]: [8086:1008] (rev 02)", "  command       0007", "  status        0010",
                          "  header        81", "  buses         primary 00, secondary 01, subordinate 00",
                          "  interrupt     line 00, pin 00", "  capability    05 MSI, at 40",
                          "00:01.0 000: 86 80 08 10 07 00 10 00-02 00 04 06 00 00 81 00",
                          "00:01.0 010: 00 00 00 00 00 00 00 00-00 01 00 00 00 00 00 00",
                          "00:01.0 020: 00 00 00 00 00 00 00 00-00 00 00 00 00 00 00 00"])
        self.assertEqual(self.sent(), ["pciread 8 0 4 256"])
        self.assertEqual(self.fake("!pci", "0.1.0").out, result.out)
        self.assert_failed(self.fake("!pci", "0", "1f", "7"), REFUSED, "!pci: there is no such function")
        detail = json.loads(self.fake("--json", "!pci", "0.1.0").out)
        self.assertEqual((detail["capabilities"], len(detail["configuration"])), ([{"id": 5, "offset": 64}], 256))

    def test_registers_of_configuration(self):
        for words, out, sent in (("!dcb 0.1.0 0 L2", "00:01.0 000: 86 80\n", "pciread 8 0 1 2"),
                                 ("!dcw 0.1.0 2", "00:01.0 002: 1008\n", "pciread 8 2 2 2"),
                                 ("!dcd 1.2.0 0", "01:02.0 000: 10108086\n", "pciread 110 0 4 4"),
                                 ("!DCW 12:1.2.0 ffe", "0012:01:02.0 ffe: ffff\n", "pciread 120110 ffe 2 2"),
                                 ("!ecb 0.1f.3 40 1", "", "pciwrite fb 40 1 1 01"),
                                 ("!ecw 0 1f 3 40 1234", "", "pciwrite fb 40 2 2 3412"),
                                 ("!ecd 1:ff.1f.7 ffc 12345678", "", "pciwrite 1ffff ffc 4 4 78563412")):
            self.assert_prints(words.split(), out, sent)
        self.assertEqual(json.loads(self.fake("--json", "!ecw", "0.1.0", "4", "7").out),
                         {"command": "!ecw", "segment": 0, "bus": 0, "device": 1, "function": 0, "offset": 4,
                          "width": 2, "value": 7})

    def test_bad_operands(self):
        for words, part in (("!dcw 0.0.0 1", "not a multiple"), ("!dcb 0.0.0 1000", "an operand is out of range"),
                            ("!dcd 0.0.0 ffc L2", "out of range"), ("!dcb 0.0.0 0 L0", "the count is 0"),
                            ("!ecb 0.0.0 0 100", "wider"), ("--read-only !ecb 0.0.0 0 1", "read-only")):
            self.assert_refused_unsent(words.split(), REFUSED, part)
        for words, part in (("!dcb 100.0.0 0", "no function"), ("!dcb 0.20.0 0", "no function"),
                            ("!dcb 0.0.8 0", "no function"), ("!dcb 0.0 0", "no function"),
                            ("!dcb 0.0.0.0 0", "no function"),
                            ("!dcb 10000:0.0.0 0", "no function"), ("!dcb .. 0", "no function"),
                            ("!pci 0 0", "missing"),
                            ("!pci 0 0 x", "no function"), ("!ecb 0.0.0 0", "usage: kdio !ecb BUS.DEV.FN OFFSET VALUE"),
                            ("!dcb 0.0.0", "missing"), ("!pci 0 0 0 0", "surplus")):
            self.assert_refused_unsent(words.split(), USAGE, part)


class Qemu(test_cmd.CommandTest):
    """The boot target, as its kernel alone. 64 MiB from the start of memory on is unused."""

    FREE = 0x4000000

    def run_target(self, commands, *words):
        return test_cmd.run(test_cmd.KDIO, *words, "-c", commands, KDIO_QEMU_BOOT="kernel")

    def assert_out(self, commands, pattern):
        result = self.run_target(commands)
        self.assertEqual((result.status, result.err), (DONE, ""))
        self.assertRegex(result.out, pattern)
        return result.out

    def test_a_file_comes_back_byte_for_byte(self):
        content = bytes(i * i * 7 >> 3 & 0xff for i in range(100001))
        path, copies = self.directory / "file", [self.directory / "physical", self.directory / "virtual"]
        path.write_bytes(content)
        result = self.run_target(f".restore /p {self.FREE + 3:x} {path}; .dump /p {self.FREE + 3:x} 186a1 {copies[0]}; "
                                 f".dump {self.FREE + 3:x} 186a1 {copies[1]}")
        self.assert_done(result)
        self.assertEqual([copy.read_bytes() == content for copy in copies], [True, True])

    def test_memory_is_what_was_written(self):
        at = self.FREE
        self.assert_out(f"eq {at:x} 1122334455667788 99; ew {at + 1:x} abcd; !ed {at + 0xc:x} 76543210; db {at:x} L10; "
                        f"!dd {at:x} L4; { '{' } eb {at:x} 1; dd -m {at:x} L1 { '}' }",
                        r"^00000000`04000000  88 cd ab 55 44 33 22 11-99 00 00 00 10 32 54 76  "
                        r"\.\.\.UD3\"\.\.\.\.\.\.2Tv\n"
                        r"# 4000000 55abcd88 11223344 00000099 76543210\n00000000`04000000  55abcd01\n$")

    def test_searching_what_was_filled(self):
        at = self.FREE
        self.assert_out(f"f {at:x} L2000 0; f {at + 0xfff:x} L3 61 62 63; s {at:x} L2000 62 63; "
                        f's -a {at:x} L2000 "abc"; s -d {at:x} L2000 6362; db {at + 0xffe:x} L5',
                        r"^Filled 0x2000 bytes\nFilled 0x3 bytes\n00000000`04001000  62 63  +bc\n"
                        r"00000000`04000fff  61 62 63  +abc\n00000000`04001000  00006362\n"
                        r"00000000`04000ffe  00 61 62 63 00  +\.abc\.\n$")

    def test_faults_are_answers_and_the_session_goes_on(self):
        path = self.directory / "none"
        for command, part in (("db ffffffff`00000000 L4", "nothing of the range can be read"),
                              ("dq 8000000000000000 L1", "general protection"),
                              ("ed ffffffff`00000000 1", "page fault"),
                              ("f ffffffff`00000000 L10 0", "page fault"), ("!vtop ffffffff`00000000", "not present"),
                              (f".dump ffffffff`00000000 10 {path}", "none was not made"),
                              (f".dump fffffffe`fffffff0 20 {path}", "up to fffffffe`fffffff0, which cannot be read")):
            with self.subTest(command=command):
                result = self.run_target(f"ib 80; {command}; ib 81")
                self.assert_failed(result, REFUSED, "-c:2: ", part)
                self.assertEqual(result.out.splitlines()[0], "00000080: ff")
        self.assertFalse(path.exists())

    def test_the_processor_agrees_with_itself(self):
        out = self.assert_out("rdmsr c0000080; registers; cpuid 0; rdtsc", r"^msr\[c0000080\] = 00000000`")
        efer = re.search(r"`([0-9a-f]{8})\n", out)[1]
        self.assertIn(f"efer=00000000{efer}", out)
        self.assertRegex(out, r"cpuid\[0\.0\] eax=[0-9a-f]{8} ebx=[0-9a-f]{8}")
        self.assert_out("wrmsr 174 8; rdmsr 174", r"^msr\[174\] = 00000000`00000008\n$")

    def test_translation_and_memory_agree(self):
        out = self.assert_out("!vtop 100000; registers",
                              r"^PML4E\[000\] (.*\n)+00000000`00100000 is physical 00000000`0010")
        cr3 = int(re.search("cr3=([0-9a-f]+)", out)[1], 16)
        entry = re.search(r"PML4E\[000\] ([0-9a-f`]+) ", out)[1]
        shown = self.assert_out(f"!dq {cr3 & ~0xfff:x} L1", "^# *[0-9a-f]+ [0-9a-f`]+\n$").split()[-1]
        self.assertEqual(int(shown.replace("`", ""), 16) | 0x20, int(entry.replace("`", ""), 16) | 0x20)

    def test_pci(self):
        out = self.assert_out("!pci; !dcd 0.0.0 0; xid cf8 80000000 cfc",
                              r"^00:00\.0 .*Host bridge \[0600\]: .*\[8086:29c0\]")
        self.assertIn("00:1f.2 SATA controller [0106]: Intel Corporation", out)
        self.assertTrue(out.endswith("00:00.0 000: 29c08086\n00000cfc[80000000]: 29c08086\n"))
        self.assert_out("!ecb 0.1f.0 3c a; !dcb 0.1f.0 3c; !pci 0 1f 0",
                        r"^00:1f\.0 03c: 0a\n(.*\n)*  interrupt +line 0a,")

    def test_programs(self):
        self.assert_out("{ xob 70 72 71 5a; xib 70 72 71 }; rmwb 80 0 0; pollb 70 0 0 1ms; delay 2ms; insb 80 3; "
                        "checkb f0 f0",
                        r"^00000071\[72\]: 5a\n00000080: ff -> 00\n00000070: [0-9a-f]{2}  \d+ us\n"
                        r"00000080: ff ff ff +\.\.\.\n$")
        result = self.run_target("ib 80; pollb 80 1 0 5ms; ib 81")
        self.assert_failed(result, REFUSED, "-c:2: ", "did not match")
        self.assertRegex(result.out, r"^00000080: ff\n00000080: ff  \d{4,} us, no match\n$")
        self.assert_failed(self.run_target("{ ib 80; delay 900ms }"), REFUSED, "longer than the stub's limit")

    def test_cycles(self):
        self.assertRegex(self.run_target("ib 80", "--cycles").out, r"^00000080: ff  \d+ cycles\n$")

    def test_an_interruption_cancels_what_waits(self):
        process = test_cmd.subprocess.Popen([test_cmd.KDIO, "-c", "ib 80; delay 1000s; ib 81"], text=True,
                                            stdout=test_cmd.subprocess.PIPE, stderr=test_cmd.subprocess.PIPE,
                                            env=test_cmd.clean_environment(KDIO_QEMU_BOOT="kernel"))
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "00000080: ff\n")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_S)
        self.assertEqual((process.returncode, out), (-signal.SIGINT, ""))
        self.assertRegex(err, r"^kdio: -c:2: .*interrupted.*first line not known to be done: 2\n$")


if __name__ == "__main__":
    unittest.main()
