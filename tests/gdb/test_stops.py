# SPDX-License-Identifier: MIT
"""test_stops.py: the kernel stopped by the command: each way to stop, each corner of x86 debugging, and going on.

The kernel's trials (stub/boot/trials.S) are what is debugged. The witness of addresses and registers is QEMU's own gdb
stub, in a second machine.
"""
import itertools
import re

from harness import COMMAND, Command, Deadline, Machine, wait_readable
from stop_test import KERNEL, StopTest, symbols

TF, IF, DF, CF = 0x100, 0x200, 0x400, 0x1
STEPS = 1000
PATTERNS = {"rax": 0x1111111122222222, "rbx": 0x3333333344444444, "rcx": 0x5555555566666666,
            "rdx": 0x7777777788888888, "rsi": 0x99999999aaaaaaaa, "rdi": 0xbbbbbbbbcccccccc,
            "rbp": 0xddddddddeeeeeeee, "r8": 0x0123456789abcdef, "r9": 0xfedcba9876543210,
            "r10": 0x1010101010101010, "r11": 0x2020202020202020, "r12": 0x3030303030303030,
            "r13": 0x4040404040404040, "r14": 0x5050505050505050, "r15": 0x6060606060606060}


class Stopping(StopTest):
    def setUp(self):
        self.boot()

    def test_break_show_and_go(self):
        self.assertEqual(self.stop()["reason"], "break")
        registers = self.registers()
        self.assertEqual(registers["cs"] & 3, 0)
        self.assertEqual(self.stop()["rip"], registers["rip"])
        self.ask("g")
        self.assert_runs()

    def console_says(self, console, word):
        """What the console says on standard error up to a line with that word."""
        said, deadline = "", Deadline(20, f"'{word}' on the console")
        while not re.search(rf"{word}.*\n", said):
            wait_readable([console.process.stderr], deadline)
            said += console.process.stderr.read1(1000).decode()
        return said

    def test_the_console_says_that_the_kernel_is_stopped(self):
        place = "%08x`%08x" % divmod(self.stop()["rip"], 1 << 32)
        result = self.command("console", text="ticks\n")
        self.assertEqual(result.errors.count("\n"), 1)
        self.assertRegex(result.errors, rf"^kdio: the kernel is stopped \(break at {place}\): .*`kdio g` lets it run$")
        found = self.command("--json", "console").objects
        self.assertEqual([line.get("kernel") for line in found if "console" not in line], ["break"])
        self.ask("g")
        self.assertEqual(self.command("console").errors, "")
        self.assert_runs()

    def test_the_console_says_that_the_kernel_has_stopped(self):
        """Typed at the console itself: the kernel runs into an int3 of its own; once more is told once more."""
        console = self.use(Command(self.machine.target, "console"))
        console.process.stdin.write(b"trial-mixed\n")
        console.process.stdin.flush()
        self.assertIn("the kernel is stopped (breakpoint at ", self.console_says(console, "stopped"))
        console.process.stdin.close()
        console.process.stdin = None
        self.assertEqual(console.result().errors, "")
        self.ask("g")
        self.assert_runs()

    def test_what_needs_a_stopped_kernel_says_so(self):
        for line in ("r", "t", "p", "g"):
            result = self.command("-c", line, status=1)
            self.assertIn("running", result.errors)

    def test_one_register(self):
        self.stop()
        registers = self.registers()
        self.assertEqual(self.command("r", "rip").output, f"rip={registers['rip']:016x}\n")
        self.assertEqual(self.command("r", "EFL").output, f"efl={registers['efl']:08x}\n")
        self.assertEqual(self.ask("r r15"), [{"line": 1, "command": "r", "r15": registers["r15"]}])
        self.assertEqual(self.ask(f"r r15={registers['r15'] ^ 1:x}", "r r15", f"r r15={registers['r15']:x}")[0]["r15"],
                         registers["r15"] ^ 1)
        for words, part, status in (("rio", "no register 'rio'", 2), ("rio=1", "no register 'rio'", 2),
                                    ("=1", "no register ''", 2), ("rip=", "'' is not a number", 2),
                                    ("rip=1x", "'1x' is not a number", 2), ("ds=1", "ds is only shown", 1)):
            self.assertIn(part, self.command("r", words, status=status).errors)
        self.assertEqual(self.registers(), registers)
        self.ask("g")
        self.assertIn("running", self.command("r", "rip", status=1).errors)

    def test_ports_and_memory_while_it_stands(self):
        self.poke().close()
        self.stop()
        mark = self.machine.trace.mark()
        self.command("-c", "ob d00 1; ob d00 2; xib 70 0 71; db %x L 10" % symbols()["trial_mixed"])
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [("write", 0xd00, 1, 1), ("write", 0xd00, 1, 2)])
        self.ask("g")
        self.assert_runs()

    def test_a_software_breakpoint(self):
        address = symbols()["clock_tick"]
        before = self.command("db", f"{address:x}", "L", "10").output
        self.ask(f"bp {address:x}")
        self.assertEqual(self.wait_stop()["rip"], address)
        self.assertEqual(self.command("db", f"{address:x}", "L", "10").output, before)
        self.assertEqual(self.ask("g 5s")[0]["rip"], address)
        self.command("-c", "bc *; g")
        self.assert_runs()

    def test_a_breakpoint_that_strikes_in_a_program_stays(self):
        address = symbols()["clock_tick"]
        self.ask(f"bp {address:x}", "delay 50ms")
        self.assertEqual([line["address"] for line in self.breakpoints()], [address])
        self.assertEqual(self.wait_stop()["rip"], address)
        self.ask("bc *", "g")
        self.assert_runs()

    def test_steps_go_through_the_stub(self):
        """The idle loop calls the stub in each round: the kernel never stands inside it, where it would hear nothing."""
        self.stop()
        places = [line["rip"] for line in self.step(STEPS)]
        self.assertEqual(len(places), STEPS)
        first, last = symbols()["kdio_stub_text_start"], symbols()["kdio_stub_text_end"]
        self.assertEqual([place for place in places if first <= place < last], [])
        self.ask("g")
        self.assert_runs()

    def test_breakpoints_outlive_a_host(self):
        address = symbols()["shell_step"]
        self.ask(f"bp {address:x}", "ba w 8 %x" % symbols()["kernel"])
        found = self.breakpoints()
        self.assertEqual([(line["kind"], line["address"]) for line in found],
                         [("write", symbols()["kernel"]), ("software", address)])
        self.ask("bc *")
        self.assertEqual(self.ask("bl"), [{"line": 1, "command": "bl", "breakpoints": []}])
        self.assertEqual(self.command("bl").output, "")
        self.ask("g")
        self.assert_runs()

    def test_a_breakpoint_in_the_stubs_own_path_is_refused(self):
        for command in ("bp", "ba e 1"):
            result = self.command("-c", f"{command} {symbols()['kdio_stub_poll']:x}", status=1)
            self.assertIn("none can be there: ", result.errors)

    def test_where_none_can_be(self):
        self.assertIn("none can be there: ", self.command("-c", "bp 8000000000000000", status=1).errors)
        for words in ("ba w 4 1001", "ba r 8 1001"):
            self.assertRegex(self.command("-c", words, status=1).errors, rf"^kdio: -c:1: {words}: refused by the stub")
        self.command("-c", "ba w 3 1000", status=2)
        for _ in range(4):
            self.command("-c", "ba w 4 d000")
        self.assertIn("all 4 are in use", self.command("-c", "ba w 4 d000", status=1).errors)
        address = symbols()["shell_step"]
        number = self.ask("bc *", f"bp {address:x}")[-1]["id"]
        self.assertIn(f"breakpoint {number} is there", self.command("-c", f"bp {address:x}", status=1).errors)
        self.ask("bc *")

    def test_an_io_breakpoint_hit_by_the_kernels_own_code(self):
        self.type_line("pairs")
        self.ask("ba i 1 70")
        found = self.wait_stop()
        self.assertEqual((found["reason"], found["breakpoint"]), ("watchpoint", 0))
        self.ask("bc *", "g")
        self.type_line("pairs")
        self.assert_runs()

    def test_a_fault_of_the_kernels_stops_it(self):
        client = self.poke()
        client.done("type undefined")
        client.wait_console(r"^kernel: exception 6 ")
        client.close()
        found = self.stop()
        self.assertEqual((found["reason"], found["vector"]), ("exception", 6))
        self.ask(f"r rip={self.registers()['rip'] + 2:x}", "g")  # Behind ud2.
        self.assert_runs()

    def test_reboot(self):
        self.command(".reboot")
        self.assert_runs()

    def test_a_kernel_that_does_not_look_is_said_not_to_stop(self):
        self.poke().close()
        self.machine.monitor.execute("stop")
        command = self.use(Command(self.machine.target, ".break"))
        result = command.result()
        self.assertEqual(result.status, 3, result)


class Corners(StopTest):
    """The corner cases, a row each."""

    def setUp(self):
        self.boot()
        self.symbols = symbols()

    def end(self):
        self.ask("g")
        self.assert_runs()

    def test_flags_that_pushf_pushes_are_the_kernels(self):
        self.trial("flags")
        self.step(2)  # pushfq, popq %rax
        self.assertEqual(self.registers()["rax"] & (TF | IF), IF)
        self.step(2)  # pushq, popfq: 246
        self.assertEqual(self.registers()["efl"] & (TF | IF), IF)
        self.step(3)  # nop, pushq, popfq: 46
        self.assertEqual(self.registers()["efl"] & (TF | IF), 0)
        self.end()

    def test_iret(self):
        self.trial("iret")
        places = [line["rip"] for line in self.step(0xd)]
        self.assertEqual(len(places), 0xd)
        self.assertEqual(places[-2] + 1, places[-1])  # It skipped a nop and came to the next.
        self.assertEqual(self.registers()["efl"] & (TF | IF), IF)
        self.end()

    def test_mov_to_ss_delays_at_most_one_instruction(self):
        self.trial("stack_segment")
        first, second = self.step(2)
        self.assertIn(second["rip"] - first["rip"], (3, 4))
        self.end()

    def test_sticky_single_step_bit(self):
        """A watchpoint after a step is a watchpoint: the step's bit in DR6 is gone."""
        self.stop()
        self.step()
        self.ask("ba w 8 %x" % self.symbols["clock"])
        found = self.ask("g 2s")[0]
        if found["reason"] == "running":
            found = self.stop()
        self.ask("bc *")
        self.assertIn(found["reason"], ("watchpoint", "break"))
        self.assertEqual(self.command("-c", "t").status, 0)
        self.end()

    def test_a_repeated_string_instruction_is_a_step_an_iteration(self):
        self.trial("repeated")
        start = self.stop()["rip"]
        places = [line["rip"] for line in self.step(5)]
        self.assertEqual(places, [start] * 4 + [start + 2])
        self.end()

    def test_stepping_over_one(self):
        self.trial("repeated")
        start = self.stop()["rip"]
        self.assertEqual(self.ask("p")[0]["rip"], start + 2)
        self.end()

    def test_stepping_over_one_to_a_breakpoint(self):
        self.trial("repeated")
        start = self.stop()["rip"]
        number = self.ask(f"bp {start + 2:x}")[0]["id"]
        found = self.ask("p")[0]
        self.assertEqual((found["reason"], found["breakpoint"], found["rip"]), ("breakpoint", number, start + 2))
        self.assertEqual(len(self.breakpoints()), 1)
        self.ask("bc *")
        self.end()

    def test_a_faulting_instruction_stops_with_its_fault(self):
        self.trial("faulting")
        start = self.stop()["rip"]
        found = self.step()[0]
        self.assertEqual((found["reason"], found["vector"], found["rip"]), ("exception", 13, start))
        self.ask(f"r rip={start + 3:x}")
        self.end()

    def test_interrupts_that_are_pending_stay_pending(self):
        self.trial("pending")
        start = self.stop()["rip"]
        places = [line["rip"] for line in self.step(3)]
        self.assertIn(places, ([start + 1, start + 2, start + 3], [start + 2, start + 3, start + 4]))  # STI's shadow.
        self.assertEqual(self.registers()["efl"] & (TF | IF), IF)
        self.end()

    def test_an_io_breakpoint_on_rep_outsb(self):
        self.trial("output")
        start = self.stop()["rip"]
        found = self.ask("ba i 1 80", "g 5s")[-1]
        self.assertEqual(found["reason"], "watchpoint")
        self.assertIn(found["rip"], (start, start + 2))
        self.ask("bc *")
        self.end()

    def test_two_breakpoints_on_one_instruction(self):
        self.trial("repeated")
        address = self.stop()["rip"] + 2
        self.ask(f"ba e 1 {address:x}", f"bp {address:x}")
        found = self.ask("g 5s")[0]
        self.assertEqual((found["reason"], found["rip"]), ("breakpoint", address))
        self.assertEqual(self.step()[0]["rip"], address + 1)
        self.ask("bc *")
        self.end()

    def test_what_cannot_be_stepped(self):
        """SYSCALL, SYSRET and INT n: the stub would wait for a trap that never comes."""
        place = self.stop()["rip"]
        address = symbols()["shell_step"]
        saved = " ".join(f"{byte:02x}" for byte in self.ask(f"db {address:x} L 3")[0]["values"])
        for code in "0f 05", "48 0f 07", "cd 41":
            self.ask(f"!eb {address:x} {code}", f"r rip={address:x}")
            self.assertIn("it cannot be stepped", self.command("-c", "t", status=1).errors)
            self.assertEqual(self.ask("r rip")[0]["rip"], address)
        self.ask(f"!eb {address:x} {saved}", f"r rip={place:x}")
        self.end()

    def test_halting(self):
        self.trial("halting")
        start = self.stop()["rip"]
        self.assertEqual([line["rip"] for line in self.step(2)], [start + 1, start + 2])
        self.end()

    def test_stepping_onto_and_over_its_own_breakpoint(self):
        self.trial("mixed")
        start = self.stop()["rip"]
        places = [line["rip"] for line in self.step(3)]
        self.ask(f"r rip={start:x}", *[f"bp {place:x}" for place in places])
        again = [line["rip"] for line in self.step(3)]
        self.assertEqual(again, places)
        self.ask("bc *")
        self.end()


class Witness(StopTest):
    """The same kernel under QEMU's own gdb stub says the same."""

    def second_machine(self):
        """A machine in which QEMU's gdb stub listens."""
        other = self.use(Machine())
        other.poke().close()
        other.monitor.human("gdbserver tcp:localhost:0")
        listening = other.monitor.human("info chardev")
        self.port = re.search(r"gdb.*?tcp:(?:127\.0\.0\.1|localhost|::1|\[::1\]):(\d+)", listening)[1]
        return other

    def test_registers_as_they_were_loaded(self):
        self.boot()
        self.trial("registers")
        registers = self.registers()
        self.assertEqual(registers["rip"], symbols()["trial_registers_loaded"])
        self.assertEqual({name: registers[name] for name in PATTERNS}, PATTERNS)
        self.assertEqual(registers["efl"] & (TF | IF | DF | CF), DF | CF)
        gdb = self.values(self.gdb(*[f"print/x ${name}" for name in PATTERNS], "print/x $eflags", "print/x $cs"))
        self.assertEqual(gdb[:-2], list(PATTERNS.values()))
        self.assertEqual(gdb[-1], registers["cs"])
        self.assert_runs()

    def test_a_register_that_is_set(self):
        self.boot()
        self.trial("registers")
        self.ask("r rax=1234`5678", "r r15=9")
        self.assertEqual([self.registers()[name] for name in ("rax", "r15")], [0x12345678, 9])
        self.ask("g")
        self.assert_runs()

    def test_a_thousand_steps(self):
        self.boot()
        self.trial("mixed")
        ours = [line["rip"] for line in self.step(STEPS)]
        self.assertEqual(len(ours), STEPS)
        self.ask("g")
        self.assert_runs()
        theirs = self.qemu_steps(symbols()["trial_mixed"])
        # QEMU's stub now and then stops again where it was; and a repeated instruction is one place.
        ours, theirs = ([place for place, _ in itertools.groupby(places)] for places in (ours, theirs))
        common = min(len(ours), len(theirs))
        self.assertGreater(common, STEPS * 3 // 4)
        first = next((i for i in range(common) if ours[i] != theirs[i]), common)
        around = slice(max(first - 3, 0), min(first + 3, common))
        self.assertEqual((first, ours[around]), (common, theirs[around]), "steps alike, and those where they part")

    def qemu_steps(self, trial):
        """Addresses of the same steps, by QEMU's gdb stub: from the instruction behind the int3 on.

        The int3 would stop the kernel for us: QEMU stops it there, and goes on behind it. It is told to run the trial
        once QEMU's breakpoint is there, by a console that ends by itself.
        """
        other = self.second_machine()
        start = self.int3_behind(trial)
        console = f"printf 'trial-mixed\\n' | {COMMAND} --target {other.target} console >{other.path('said')} 2>&1 &"
        script = ["set $count = 0", f"hbreak *{start - 1:#x}", f"shell {console}", "continue", f"set $rip = {start:#x}",
                  "delete", f"while $count < {STEPS}", "stepi", 'printf "at %lx\\n", $rip', "set $count = $count + 1",
                  "end", "detach"]
        text = self.run_script(other, script)
        return [int(place, 16) for place in re.findall(r"^at ([0-9a-f]+)$", text, re.M)]

    def int3_behind(self, trial):
        text = self.gdb(f"x/40i {trial:#x}", remote="", file=KERNEL)
        return int(re.search(r"^\s+0x([0-9a-f]+)[^\n]*int3", text, re.M)[1], 16) + 1

    def run_script(self, other, lines):
        path = other.path("steps.gdb")
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        return self.gdb(f"source {path}", remote=f"localhost:{self.port}")
