# SPDX-License-Identifier: MIT
"""test_spaces.py: processor, memory, translation and PCI of the target, judged by QEMU's monitor and trace; and faults
of every kind, after which the same session and the kernel go on."""
import os
import random
import re

from accesses import pci_devices
from harness import BUILD, REPLY_S, Deadline, Machine, SystemTest

PAGE = re.compile(r"^kernel: page (\S+) 0x(\w+) (?:0x(\w+)|-)\r\n", re.M)
PAGE_NAMES = {"absent", "4k", "alias", "read-only", "no-execute", "2m"}
FAULT_ROUNDS = 1000
NON_CANONICAL = 0x0000900000000000
MSR_THAT_FAULTS = 0x6e1  # PKRS: QEMU takes no upper half.

EFER, PAT, SYSENTER_CS, SYSENTER_ESP, FS_BASE = 0xc0000080, 0x277, 0x174, 0x175, 0xc0000100
APIC_BASE = 0x1b
APIC_BASE_AT_RESET = 0xfee00900  # Enabled, and the processor that started.

LOADED_AT = 0x8000000
LOADED_SIZE = 4 << 20
LOADED_S = 240  # For each way; twenty seconds on an idle machine.
ABOVE_4G = 0x120000000


def test_pages(client):
    """{name: (virtual, physical)} of the boot target's pages."""
    client.done("type pages")
    client.wait_console(r"^kernel: page 2m .*\r\n")
    client.done("service 100")  # What may follow it.
    return {m[1]: (int(m[2], 16), int(m[3], 16) if m[3] else None) for m in PAGE.finditer(client.console)}


class Spaces(SystemTest):
    def ask(self, *lines, **options):
        """The objects that the commands print."""
        return self.command("--json", "-c", "; ".join(lines), **options).objects

    def boot_with(self, *options, **more):
        self.boot(*options, **more)
        self.client = self.poke()
        self.pages = test_pages(self.client)
        return self.client

    def free_the_line(self):
        """For the command; the client's session ends."""
        self.client.close()


class Processor(Spaces):
    def monitor_registers(self):
        text = self.machine.monitor.human("info registers")
        return {name: int(value, 16) for name, value in re.findall(r"\b(CR\d|DR\d|EFER)=(\w+)", text)}, text

    def test_registers_are_the_monitors(self):
        self.boot()
        registers = self.ask("registers")[0]
        expected, text = self.monitor_registers()
        for name in "cr0", "cr3", "cr4", "dr6", "dr7", "efer":
            self.assertEqual(registers[name], expected[name.upper()], name)
        for table in "gdt", "idt":
            base, limit = re.search(rf"{table.upper()}= +(\w+) (\w+)", text).groups()
            self.assertEqual((registers[f"{table}r_base"], registers[f"{table}r_limit"]),
                             (int(base, 16), int(limit, 16)))
        for name in "cs", "ss", "ds", "es", "fs", "gs", "tr", "ldtr":
            shown = {"ldtr": "LDT"}.get(name, name.upper())
            selector = re.search(rf"^{shown} *=(\w+)", text, re.M)[1]
            self.assertEqual(registers[name], int(selector, 16), name)

    def test_msrs(self):
        self.boot()
        lines = [f"rdmsr {msr:x}" for msr in (EFER, APIC_BASE, PAT)]
        efer, apic_base, pat = (line["value"] for line in self.ask(*lines))
        self.assertEqual((efer, apic_base), (self.monitor_registers()[0]["EFER"], APIC_BASE_AT_RESET))
        self.assertEqual(pat, 0x0007040600070406)
        base = 0x123456789ab0
        self.ask(f"wrmsr {FS_BASE:x} {base:x}", f"wrmsr {SYSENTER_ESP:x} ffff800012345678")
        self.assertIn(f"FS =0000 {base:016x}", self.monitor_registers()[1])
        self.assertEqual(self.ask("registers")[0]["fs_base"], base)
        self.assertEqual(self.ask(f"rdmsr {SYSENTER_ESP:x}")[0]["value"], 0xffff800012345678)

    def cpuid_of(self, model):
        self.boot(qemu=("-cpu", model))
        leaf0, leaf1 = self.ask("cpuid 0", "cpuid 1")
        vendor = b"".join(leaf0[name].to_bytes(4, "little") for name in ("ebx", "edx", "ecx")).decode()
        signature = leaf1["eax"]
        family = (signature >> 8 & 15) + (signature >> 20 & 255)
        number = (signature >> 4 & 15) | (signature >> 16 & 15) << 4
        path = self.machine.monitor.execute("query-cpus-fast")[0]["qom-path"]
        expected = [self.machine.monitor.execute("qom-get", path=path, property=name)
                    for name in ("vendor", "family", "model", "stepping")]
        self.assertEqual([vendor, family, number, signature & 15], expected)
        return vendor

    def test_cpuid_of_two_models(self):
        self.assertEqual(self.cpuid_of("qemu64"), "AuthenticAMD")
        self.machine.close()
        self.assertEqual(self.cpuid_of("Nehalem"), "GenuineIntel")


class Memory(Spaces):
    def test_units_reach_devices_as_they_are(self):
        client = self.boot_with(qemu=("-device", "edu"))
        regions = {name: int(at, 16) for at, name in
                   re.findall(r"^ +(\w{16})-\w+ \(prio \d, i/o\): (edu-mmio|pc-testdev-iomem)$",
                              self.machine.monitor.human("info mtree -f").replace("\r", ""), re.M)}
        mark = self.machine.trace.mark()
        expected = []
        for width in 1, 2, 4:
            for n in range(4):
                value = random.randrange(1 << 8 * width)
                at = 0x100 + 8 * n
                for space in "pv":
                    client.done(f"write {space} {regions['pc-testdev-iomem'] + at:#x} {width} " +
                                value.to_bytes(width, "little").hex())
                    expected.append(("write", at, width, value))
        accesses = self.machine.trace.accesses(mark, "pc-testdev-iomem")
        self.assertEqual([(a.kind, a.port & 0xffff, a.width, a.value) for a in accesses], expected)
        client.done(f"write v {regions['edu-mmio'] + 0x80:#x} 8 8877665544332211")
        accesses = self.machine.trace.accesses(mark, "edu-mmio")
        self.assertEqual([(a.kind, a.width, a.value) for a in accesses], [("write", 8, 0x1122334455667788)])

    def test_a_file_in_memory_both_ways(self):
        content = random.randbytes(LOADED_SIZE)

        def make(directory):
            with open(os.path.join(directory, "data"), "wb") as file:
                file.write(content)

        self.boot(prepare=make,
                  qemu=("-device", f"loader,file=@/data,addr={LOADED_AT:#x},force-raw=on"))
        self.machine.monitor.human("trace-event memory_region_ops_write off")  # A line for each byte.
        dump, back = self.machine.path("dump"), self.machine.path("back")
        self.command("-c", f".dump /p {LOADED_AT:x} {LOADED_SIZE:x} {dump}", seconds=LOADED_S)
        with open(dump, "rb") as file:
            self.assertTrue(file.read() == content)
        with open(back, "wb") as file:
            file.write(content[::-1])
        self.command("-c", f".restore /p {LOADED_AT:x} {back}", seconds=LOADED_S)
        saved = self.machine.path("saved")
        self.machine.monitor.execute("pmemsave", val=LOADED_AT, size=LOADED_SIZE, filename=saved)
        with open(saved, "rb") as file:
            self.assertTrue(file.read() == content[::-1])

    def test_physical_memory_above_4_gib(self):
        content = random.randbytes(4096)

        def make(directory):
            with open(os.path.join(directory, "data"), "wb") as file:
                file.write(content)

        self.boot("--memory", "5120", prepare=make,
                  qemu=("-device", f"loader,file=@/data,addr={ABOVE_4G:#x},force-raw=on"))
        client = self.poke()
        self.assertEqual(client.done(f"read p {ABOVE_4G:#x} 0 4096")["bytes"], content.hex())
        client.done(f"write p {ABOVE_4G + 3:#x} 0 00112233445566778899aabbccddeeff")
        self.assertEqual(client.done(f"read v {ABOVE_4G:#x} 4 20")["bytes"],
                         content[:3].hex() + "00112233445566778899aabbccddeeff" + content[19:20].hex())

    def test_an_alias_is_the_same_memory(self):
        client = self.boot_with()
        data = random.randbytes(64).hex()
        client.done(f"write v {self.pages['4k'][0] + 5:#x} 0 {data}")
        for space, address in ("v", self.pages["alias"][0]), ("p", self.pages["4k"][1]):
            self.assertEqual(client.done(f"read {space} {address + 5:#x} 0 64")["bytes"], data)

    def test_the_bytes_before_a_fault(self):
        client = self.boot_with()
        end = self.pages["4k"][0] + 4096
        data = random.randbytes(100).hex()
        reply = client.call(f"write v {end - 77:#x} 0 {data}")
        self.assertEqual((reply["status"], reply["written"], reply["vector"], reply["code"], reply["address"]),
                         ("FAULT", 77, 14, 2, f"{end:x}"))
        reply = client.call(f"read v {end - 77:#x} 0 100")
        self.assertEqual((reply["status"], reply["bytes"], reply["address"]), ("FAULT", data[:2 * 77], f"{end:x}"))

    def test_search_and_fill_run_on_the_target(self):
        self.boot_with()
        physical = self.pages["2m"][1]
        self.free_the_line()
        self.ask(f"fp {physical:x} L100000 00 01 02 03 04 05 06", f"!eq {physical + 0x8888:x} 1122334455667788")
        saved = self.machine.path("saved")
        self.machine.monitor.execute("pmemsave", val=physical, size=0x100000, filename=saved)
        with open(saved, "rb") as file:
            content = file.read()
        expected = bytearray(bytes(range(7)) * (0x100000 // 7 + 1))[:0x100000]
        expected[0x8888:0x8890] = 0x1122334455667788.to_bytes(8, "little")
        self.assertTrue(content == bytes(expected))
        matches = self.ask(f"!s -q {physical:x} L100000 1122334455667788")[0]["matches"]
        self.assertEqual(len(matches), 1)
        words = " ".join(f"{byte:02x}" for byte in b"never seen before, and only in requests")
        for space in "s", "!s":
            self.assertEqual(self.ask(f"{space} 0 L4000000 {words}")[0]["matches"], [])


class Translation(Spaces):
    def translate_like_the_monitor(self, levels, **more):
        self.boot_with(**more)
        self.free_the_line()
        tlb = {int(m[1], 16): (int(m[2], 16), m[3]) for m in
               re.finditer(r"^(\w{16}): (\w{16}) (\S{9})\r?$", self.machine.monitor.human("info tlb"), re.M)}
        sizes = {"2m": 2 << 20, "1g": 1 << 30}
        for name, (address, physical) in self.pages.items():
            found = self.ask(f"!vtop {address + 0x123:x}", status=0 if physical is not None else 1)[0]
            self.assertEqual(found["levels"], levels, name)
            if physical is None:
                self.assertNotIn(address, tlb)
                continue
            self.assertEqual((found["physical"], found["page_size"]), (physical + 0x123, sizes.get(name, 4096)), name)
            entry, attributes = found["entries"][-1], tlb[address][1]
            self.assertEqual(tlb[address][0], physical)
            self.assertEqual((entry >> 63 & 1, entry >> 1 & 1), ("X" in attributes, "W" in attributes), name)

    def test_four_levels(self):
        self.translate_like_the_monitor(4)
        self.assertEqual(set(self.pages), PAGE_NAMES)

    def test_five_levels_and_a_page_of_1_gib(self):
        self.translate_like_the_monitor(5, qemu=("-cpu", "max,la57=on"))
        self.assertEqual(set(self.pages), PAGE_NAMES | {"1g"})


class Pci(Spaces):
    def functions_are_the_monitors(self):
        found = [((d["bus"], d["device"], d["function"]), d["vendor_id"], d["device_id"])
                 for d in self.ask("!pci", seconds=60)[0]["functions"]]
        devices = pci_devices(self.machine.monitor.human("info pci"))  # Now that the firmware has numbered the buses.
        self.assertEqual(sorted(found), sorted(devices))
        return devices

    def test_q35_with_a_bridge(self):
        self.boot(qemu=("-device", "pcie-root-port,id=slot1,chassis=1,slot=1", "-device", "edu,bus=slot1"))
        devices = self.functions_are_the_monitors()
        self.assertTrue(any(at[0] for at, _, _ in devices), "a bus behind the bridge")
        mark = self.machine.trace.mark()
        words = self.ask("!dcd 0.1f.0 0 L10", "!dcd 0.1f.0 100 L1")  # Beyond 256 bytes: by ECAM alone.
        self.assertEqual(words[0]["values"][0], 0x29188086)
        self.assertEqual(self.machine.trace.accesses(mark, "pci-conf-idx"), [])

    def test_pc_by_ports(self):
        self.boot("--machine", "pc",
                  qemu=("-device", "pci-bridge,id=bridge,chassis_nr=1", "-device", "edu,bus=bridge,addr=3"))
        self.functions_are_the_monitors()
        self.ask("od cf8 80001234")
        mark = self.machine.trace.mark()
        self.ask("!dcd 0.0.0 0 L2")
        accesses = self.machine.trace.accesses(mark, "pci-conf-idx")
        written = [access.value for access in accesses if access.kind == "write"]
        self.assertEqual(written, [0x80000000, 0x80001234, 0x80000004, 0x80001234])
        self.command("-c", "!dcd 0.0.0 100 L1", status=1)


class Faults(Spaces):
    def kinds(self):
        """(command, vector, error code, address) of every kind of fault."""
        absent, read_only = self.pages["absent"][0], self.pages["read-only"][0]
        for unit in 1, 2, 4, 8:
            zeros = "00" * unit
            yield f"read v {absent:#x} {unit} {unit}", 14, 0, absent
            yield f"write v {absent:#x} {unit} {zeros}", 14, 2, absent
            yield f"write v {read_only:#x} {unit} {zeros}", 14, 3, read_only
            yield f"read v {NON_CANONICAL:#x} {unit} {unit}", 13, 0, NON_CANONICAL
            yield f"write v {NON_CANONICAL:#x} {unit} {zeros}", 13, 0, NON_CANONICAL
            yield f"read p 0x7f0000000000 {unit} {unit}", 0, 0, 0x7f0000000000
            yield f"write p 0x7f0000000000 {unit} {zeros}", 0, 0, 0x7f0000000000
        yield f"wrmsr {MSR_THAT_FAULTS:#x} 0x100000000", 13, 0, MSR_THAT_FAULTS

    def ticks(self):
        start = len(self.client.console)
        self.client.done("type ticks")
        return int(self.client.wait_console(r"^kernel: (\d+) ticks, (\d+) made up\r\n", start)[1])

    def test_a_thousand_in_random_order_between_port_writes(self):
        client = self.boot_with()
        session, before = client.done("info")["session_id"], self.ticks()
        kinds, writes = list(self.kinds()), []
        mark = self.machine.trace.mark()
        for number in range(FAULT_ROUNDS):
            line, vector, code, address = random.choice(kinds)
            reply = client.call(line)
            self.assertEqual((reply["status"], reply["vector"], reply["code"], reply["address"], reply["outcome"]),
                             ("FAULT", vector, code, f"{address:x}", "not done"), line)
            client.done(f"out 0xd00 2 {number}")
            writes.append(("write", 0xd00, 2, number))
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), writes)
        self.assertEqual(client.done("info")["session_id"], session)
        self.assertGreater(self.ticks(), before)

    def test_the_stub_itself(self):
        """It says where, and executes nothing more; the line, and the kernel's last words, are still there."""
        client = self.boot_with()
        client.done("type stub-fault")
        client.call("out 0xd00 1 1", 30)  # The page is wanted again.
        client.wait_console(r"^kernel: exception 14 \(page fault\) at 0x(\w+), .*\r\n")
        client.wait_console(r"^kernel: stopped; the stub goes on\r\n")
        mark = self.machine.trace.mark()
        for line in "out 0xd00 1 1", "rdmsr 0x10", "read p 0 1 1":
            reply = client.call(line)
            self.assertEqual(reply["status"], "STUB_FAULT", reply)
        self.assertEqual(self.machine.trace.accesses(mark, "io"), [])
        self.free_the_line()
        self.assertEqual(self.ask("info")[0]["stub"]["kernel"], "unknown")
        doctor = self.command("doctor", "--json", status=1)
        self.assertEqual(doctor.objects[0]["finding"], "STUB_FAULT")
        self.assertRegex(doctor.errors, r"the stub itself faulted, and executes nothing more: at [0-9a-f]+")


class SecondEmbedding(Spaces):
    def setUp(self):
        self.boot_kernel()

    def boot_kernel(self):
        kernel = os.path.join(BUILD, "tests", "embed", "kernel.elf")
        self.machine = self.use(Machine(images=None, qemu=("-kernel", kernel, "-chardev", Machine.chardev("com2"),
                                                           "-serial", "chardev:com2")))
        self.client = self.poke()

    def test_faults_are_answers(self):
        for line, vector, address in (("read v 0 8 8", 14, 0), ("wrmsr 0x6e1 0x100000000", 13, 0x6e1),
                                      ("read p 0x40000000 1 1", 0, 0x40000000)):
            reply = self.client.call(line)
            self.assertEqual((reply["status"], reply["vector"], reply["address"]), ("FAULT", vector, f"{address:x}"))
        text = self.client.done("read v 0xffffffff80200000 0 64")["bytes"]
        self.assertEqual(self.client.done("read p 0x200000 0 64")["bytes"], text)
        self.client.wait_console(r"^embed \d+: clock")

    def test_a_fault_of_the_stub(self):
        self.client.done("type stub fault")
        deadline = Deadline(REPLY_S, "the kernel obeys")
        while (reply := self.client.call("out 0xd00 1 1"))["status"] == "DONE":
            deadline.left()
        self.assertEqual(reply["status"], "STUB_FAULT", reply)
        self.assertIn("embed: fault 14 error 0000 at ffffffff8", self.machine.line("com2"))
