-- SPDX-License-Identifier: MIT
--
-- kdio.lua: dissects captures of the kdio protocol (proto/SPEC.md) in Wireshark and tshark.
--
--     kdio --capture line.pcapng ob 80 55
--     tshark -X lua_script:proto/kdio.lua -r line.pcapng          or copy it to ~/.local/lib/wireshark/plugins
--
-- A packet is two bytes, who sent it and what it is (host/lib/capture.h), and then a frame from its MARK to its
-- delimiter, or a run of console text. What a packet says depends on those before it (the key of the session, the
-- program that a reply answers), so each is analysed once, in the order of the capture, and its record is what is shown
-- ever after. Nothing in a frame is believed before its check is right: one whose check fails changes no record but its
-- own.

local kdio = Proto("kdio", "kdio: kernel debug I/O")

---- The tables of the protocol; tests compare them with op_table.h, status.h and message.h ----

-- opcode, name, word, operands, results, and the widths of a family: its opcodes follow one another.
local OPERATIONS = {
    { 0x01, "SESSION", "session", "", "ddd" },
    { 0x04, "CHAIN", "chain", "", "" },
    { 0x05, "ECHO", "echo", "q", "q" },
    { 0x10, "IN", "i", "p", "v", 3 },
    { 0x14, "OUT", "o", "pv", "", 3 },
    { 0x02, "STATS", "stats", "", "ddddddddddd" },
    { 0x03, "TEXT", "text", "s", "" },
    { 0x06, "BAUD", "baud", "d", "d" },
    { 0x07, "FAULT", "fault", "", "bqqq" },
    { 0x18, "OUT_SAME", "same.o", "v", "", 3 },
    { 0x1c, "OUT_NEXT", "next.o", "v", "", 3 },
    { 0x20, "RMW", "rmw", "pvv", "vv", 3 },
    { 0x24, "POLL", "poll", "pvvu", "vd", 3 },
    { 0x28, "CHECK", "check", "vv", "", 4 },
    { 0x2c, "INDEX_IN", "xi", "pbdp", "v", 3 },
    { 0x30, "INDEX_OUT", "xo", "pbdpv", "", 3 },
    { 0x34, "INS", "ins", "pn", "t", 3 },
    { 0x38, "OUTS", "outs", "pnt", "", 3 },
    { 0x3c, "REPEAT", "rep", "pnv", "", 3 },
    { 0x40, "DELAY", "delay", "u", "" },
    { 0x41, "RDTSC", "rdtsc", "", "q" },
    { 0x44, "RDMSR", "rdmsr", "d", "q" },
    { 0x45, "WRMSR", "wrmsr", "dq", "" },
    { 0x46, "CPUID", "cpuid", "dd", "dddd" },
    { 0x47, "REGISTERS", "registers", "", "dqqqqqqqqqqqqqqqqqqwwwwwwwwww" },
    { 0x48, "PCI_READ", "!pci.read.", "dwn", "t", 3 },
    { 0x4c, "PCI_WRITE", "!pci.write.", "dwnt", "", 3 },
    { 0x50, "VREAD", "read.", "qn", "t", 4 },
    { 0x54, "VWRITE", "write.", "qnt", "", 4 },
    { 0x58, "PREAD", "!read.", "qn", "t", 4 },
    { 0x5c, "PWRITE", "!write.", "qnt", "", 4 },
    { 0x60, "VGET", "get", "qn", "t" },
    { 0x64, "VPUT", "put", "qnt", "" },
    { 0x68, "PGET", "!get", "qn", "t" },
    { 0x6c, "PPUT", "!put", "qnt", "" },
    { 0x70, "VSEARCH", "search", "qlbs", "q" },
    { 0x71, "PSEARCH", "!search", "qlbs", "q" },
    { 0x72, "VFILL", "fill", "qls", "" },
    { 0x73, "PFILL", "!fill", "qls", "" },
    { 0x74, "TRANSLATE", "!vtop", "q", "bbqqqqqq" },
    { 0x80, "HALT", "halt", "", "" },
    { 0x81, "STATE", "state", "", "bbddbqqqb" },
    { 0x82, "GET_REGISTERS", "r", "", "qqqqqqqqqqqqqqqqqqwwwwwwqqq" },
    { 0x83, "SET_REGISTER", "r.set", "bq", "" },
    { 0x84, "GET_FPU", "fpu", "wn", "t" },
    { 0x88, "SET_FPU", "fpu.set", "wnt", "" },
    { 0x8c, "RESUME", "resume", "b", "" },
    { 0x8d, "SET_BREAKPOINT", "ba", "bbq", "b" },
    { 0x8e, "CLEAR_BREAKPOINT", "bc", "b", "" },
    { 0x8f, "GET_BREAKPOINT", "bl", "b", "bbq" },
}

-- Names of operands, for each letter; the fields are kdio.op.NAME.
local OPERAND_NAMES = {
    ECHO = { "value" },
    IN = { "port" },
    OUT = { "port", "value" },
    TEXT = { "text" },
    BAUD = { "rate" },
    OUT_SAME = { "value" },
    OUT_NEXT = { "value" },
    RMW = { "port", "kept", "set" },
    POLL = { "port", "mask", "value", "limit_us" },
    CHECK = { "mask", "value" },
    INDEX_IN = { "index_port", "index_flags", "index_value", "port" },
    INDEX_OUT = { "index_port", "index_flags", "index_value", "port", "value" },
    INS = { "port", "count" },
    OUTS = { "port", "count", "values" },
    REPEAT = { "port", "count", "value" },
    DELAY = { "time_us" },
    RDMSR = { "msr" },
    WRMSR = { "msr", "value" },
    CPUID = { "leaf", "subleaf" },
    PCI_READ = { "function", "offset", "count" },
    PCI_WRITE = { "function", "offset", "count", "values" },
    VREAD = { "address", "count" },
    VWRITE = { "address", "count", "values" },
    PREAD = { "address", "count" },
    PWRITE = { "address", "count", "values" },
    VGET = { "address", "count" },
    VPUT = { "address", "count", "values" },
    PGET = { "address", "count" },
    PPUT = { "address", "count", "values" },
    VSEARCH = { "address", "length", "step", "pattern" },
    PSEARCH = { "address", "length", "step", "pattern" },
    VFILL = { "address", "length", "pattern" },
    PFILL = { "address", "length", "pattern" },
    TRANSLATE = { "address" },
    SET_REGISTER = { "register", "value" },
    GET_FPU = { "offset", "count" },
    SET_FPU = { "offset", "count", "bytes" },
    RESUME = { "step" },
    SET_BREAKPOINT = { "kind", "length", "address" },
    CLEAR_BREAKPOINT = { "breakpoint" },
    GET_BREAKPOINT = { "breakpoint" },
}

-- Names of results, where an operation has several; the fields are kdio.OPERATION.NAME. The one result of others is
-- kdio.op.result, or kdio.op.results where it is a table.
local RESULT_NAMES = {
    SESSION = { "previous", "requests", "operations" },
    STATS = { "frames", "bad_frames", "repeated", "overruns", "console_lost", "requests", "operations",
              "atomic_us_max", "interrupts", "uart_base", "uptime_ms" },
    FAULT = { "vector", "rip", "address", "code" },
    RMW = { "old", "new" },
    POLL = { "value", "took_us" },
    CPUID = { "eax", "ebx", "ecx", "edx" },
    REGISTERS = { "cpu", "cr0", "cr2", "cr3", "cr4", "cr8", "dr0", "dr1", "dr2", "dr3", "dr6", "dr7", "efer", "fs_base",
                  "gs_base", "kernel_gs_base", "gdtr_base", "idtr_base", "rflags", "gdtr_limit", "idtr_limit", "tr",
                  "ldtr", "cs", "ss", "ds", "es", "fs", "gs" },
    TRANSLATE = { "levels", "entries", "physical", "entry_1", "entry_2", "entry_3", "entry_4", "entry_5" },
    STATE = { "stopped", "reason", "stops", "cpu", "vector", "code", "dr6", "rip", "breakpoint" },
    GET_REGISTERS = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                      "r15", "rip", "rflags", "cs", "ss", "ds", "es", "fs", "gs", "fs_base", "gs_base",
                      "kernel_gs_base" },
    GET_BREAKPOINT = { "kind", "length", "address" },
}

-- Of operands and results; the others are shown in hexadecimal.
local DECIMAL = {
    requests = true, operations = true, frames = true, bad_frames = true, repeated = true, overruns = true,
    console_lost = true, atomic_us_max = true, interrupts = true, uptime_ms = true, count = true, limit_us = true,
    time_us = true, took_us = true, rate = true, step = true, levels = true, entries = true, vector = true, cpu = true,
}

local STATUSES = {
    [0x00] = "DONE",
    [0x01] = "BAD_WIDTH",
    [0x02] = "BAD_PORT",
    [0x03] = "MISALIGNED",
    [0x04] = "BAD_VALUE",
    [0x05] = "LINK_UART",
    [0x06] = "DENIED",
    [0x07] = "READ_ONLY",
    [0x08] = "UNSUPPORTED",
    [0x09] = "TOO_LARGE",
    [0x0a] = "TOO_LONG",
    [0x0b] = "FAULT",
    [0x0c] = "NO_MATCH",
    [0x0d] = "CANCELLED",
    [0x0e] = "SKIPPED",
    [0x0f] = "BAD_OPERAND",
    [0x10] = "NOT_FOUND",
    [0x11] = "STUB_FAULT",
    [0x12] = "NOT_STOPPED",
    [0x13] = "NO_BREAKPOINT",
    [0x20] = "MALFORMED",
    [0x21] = "VERSION",
}

local NOTES = {
    [0x01] = "EXPECT",
    [0x02] = "ALIVE",
    [0x03] = "EVENT",
    [0x04] = "TAKEN",
    [0x05] = "UNSUPPORTED",
    [0x08] = "CANCEL",
    [0x09] = "KEEP",
}

local FREE_TYPES = {
    [0xf0] = "OPEN",
    [0xf1] = "HELLO",
    [0xf2] = "ANSWER",
    [0xf3] = "REFUSE",
}

-- Of the messages of no session and of notes: field, size in bytes (SPEC.md, M5 to M7).
local BODIES = {
    OPEN = { { "version_min", 1 }, { "version_max", 1 }, { "nonce", 4 } },
    HELLO = { { "version_min", 1 }, { "version_max", 1 }, { "boot_id", 4 } },
    ANSWER = {
        { "status", 1 }, { "version", 1 }, { "version_min", 1 }, { "version_max", 1 }, { "boot_id", 4 },
        { "challenge", 4 }, { "frame_max", 2 }, { "request_window", 2 }, { "reply_window", 2 }, { "results_max", 2 },
        { "program_max", 2 }, { "frame_window", 1 }, { "burst", 1 }, { "capabilities", 4 },
        { "previous_session", 4 }, { "previous_requests", 4 }, { "previous_operations", 4 }, { "link_port", 2 },
        { "link_ports", 2 },
    },
    REFUSE = { { "status", 1 }, { "unknown_header", 1 } },
    ALIVE = { { "done", 4 } },
    UNSUPPORTED = { { "unknown_note", 1 } },
    FAILED = { { "status", 1 }, { "index", 2 }, { "done", 2 }, { "vector", 1 }, { "code", 2 }, { "detail", 8 } },
}

local HOST, STUB = 0, 1
local FRAME, CUT, TEXT = 0, 1, 2
local MARK, DELIMITER = 0xf5, 0x00
local KIND_PLAIN, KIND_ATOMIC, KIND_NOTE, KIND_FREE = 0x00, 0x40, 0x80, 0xc0
local KIND_REPLY, KIND_FAILED = KIND_PLAIN, KIND_ATOMIC
local OPEN_VERSION_BASE = 0xa0 -- OPEN's versions are sent with this added (M6).
local PSEUDO_SIZE, HEADER_SIZE, CRC_SIZE = 2, 1, 4
local WINDOW = 32              -- Half of the numbers that six bits tell apart.
local SESSIONS_TRIED = 8       -- The latest sessions under which a frame's check is tried.
local OPS_IN_INFO = 4
local UNITS_IN_INFO = 8
local WORD = 0x100000000
local SIZE_OF = { b = 1, w = 2, d = 4, q = 8, p = 2, u = 4, n = 2, l = 8 }
local HAS_WIDTH = "[pvnt]"     -- Letters of operands whose operation has a width: 1 << (opcode & 3).
local WIDTH_DIGITS, WIDTH_LETTERS = { "8", "16", "32", "64" }, { "b", "w", "d", "q" }

local CRC_NAMES = { [0] = "bad", [1] = "good", [2] = "unverified" }
local CRC_BAD, CRC_GOOD, CRC_UNVERIFIED = 0, 1, 2

---- Fields ----

local op_names, op_rows = {}, {}

local function add_row(opcode, stem, name, word, operands, results)
    op_names[opcode] = name
    op_rows[opcode] = { opcode = opcode, stem = stem, name = name, word = word, operands = operands, results = results,
                        width = operands:find(HAS_WIDTH) and 2 ^ (opcode % 4) or nil,
                        operand_names = OPERAND_NAMES[stem] or {}, result_names = RESULT_NAMES[stem] }
end

for _, row in ipairs(OPERATIONS) do
    local opcode, stem, word, operands, results, widths = table.unpack(row)
    if not widths then
        add_row(opcode, stem, stem, word, operands, results)
    end
    for i = 1, widths or 0 do
        add_row(opcode + i - 1, stem, stem .. WIDTH_DIGITS[i], word .. WIDTH_LETTERS[i], operands, results)
    end
end

local fields = {
    note = ProtoField.uint8("kdio.note", "Note", base.HEX, NOTES),
    sender = ProtoField.uint8("kdio.sender", "Sender", base.DEC, { [HOST] = "host", [STUB] = "stub" }),
    captured = ProtoField.uint8("kdio.captured", "Captured as", base.DEC,
                                { [FRAME] = "frame", [CUT] = "cut frame", [TEXT] = "text" }),
    text = ProtoField.string("kdio.text", "Text"),
    kind = ProtoField.string("kdio.kind", "Kind"),
    header = ProtoField.uint8("kdio.header", "Header", base.HEX),
    seq_low = ProtoField.uint8("kdio.seq_low", "Number on the wire", base.DEC, nil, 0x3f),
    seq = ProtoField.uint32("kdio.seq", "Number"),
    session = ProtoField.uint32("kdio.session", "Session", base.HEX),
    crc = ProtoField.uint32("kdio.crc", "CRC", base.HEX),
    crc_status = ProtoField.uint8("kdio.crc.status", "CRC is", base.DEC, CRC_NAMES),
    surplus = ProtoField.bytes("kdio.surplus", "Surplus bytes"),
    request_in = ProtoField.framenum("kdio.request_in", "Request in", base.NONE, frametype.REQUEST),
    response_in = ProtoField.framenum("kdio.response_in", "Reply in", base.NONE, frametype.RESPONSE),
    time = ProtoField.relative_time("kdio.time", "Time from request to reply"),
    again = ProtoField.framenum("kdio.retransmission_of", "Sent first in", base.NONE, frametype.RETRANS_PREV),
    damage = ProtoField.string("kdio.damage", "Damage"),
    ops = ProtoField.uint32("kdio.op_count", "Operations"),
    op = ProtoField.none("kdio.op", "Operation"),
    op_index = ProtoField.uint32("kdio.op.index", "Index"),
    op_opcode = ProtoField.uint8("kdio.op.opcode", "Opcode", base.HEX, op_names),
    op_name = ProtoField.string("kdio.op.name", "Name"),
    op_word = ProtoField.string("kdio.op.word", "Command"),
    op_width = ProtoField.uint8("kdio.op.width", "Width in bytes"),
    op_result = ProtoField.uint64("kdio.op.result", "Result", base.HEX), -- Of any width: filters compare all alike.
    op_results = ProtoField.string("kdio.op.results", "Results"),
    op_done = ProtoField.bool("kdio.op.done", "Done"),
    op_status = ProtoField.uint8("kdio.op.status", "Status", base.HEX, STATUSES),
}

local UINT = { [1] = ProtoField.uint8, [2] = ProtoField.uint16, [4] = ProtoField.uint32, [8] = ProtoField.uint64 }

local function label_of(name)
    return (name:gsub("_", " "):gsub("^%l", string.upper))
end

-- Of numeric fields of operations: what they are called, and which have 64 bits.
local labels, wide = { [fields.op_result] = "Result" }, { [fields.op_result] = true }

-- The field of an operand or result. What has the operation's width is 64 bits wide for all: filters compare all alike.
local function add_op_field(abbreviation, name, letter)
    if fields[abbreviation] then
        return
    elseif letter == "s" or letter == "t" then
        fields[abbreviation] = ProtoField.string("kdio." .. abbreviation, label_of(name))
        return
    end
    local size = name == "value" and 8 or SIZE_OF[letter] or 8
    local field = UINT[size]("kdio." .. abbreviation, label_of(name), DECIMAL[name] and base.DEC or base.HEX)
    fields[abbreviation], labels[field], wide[field] = field, label_of(name), size == 8
end

for _, row in pairs(op_rows) do
    for i, name in ipairs(row.operand_names) do
        add_op_field("op." .. name, name, row.operands:sub(i, i))
    end
    for i, name in ipairs(row.result_names or {}) do
        add_op_field(row.stem:lower() .. "." .. name, name, row.results:sub(i, i))
    end
end

local HEX_FIELDS = { nonce = true, boot_id = true, challenge = true, capabilities = true, previous_session = true,
                     link_port = true, unknown_header = true, unknown_note = true, code = true, detail = true }
local VALUE_NAMES = { status = STATUSES, unknown_note = NOTES }
for _, body in pairs(BODIES) do
    for _, column in ipairs(body) do
        local name, size = table.unpack(column)
        local shown = (HEX_FIELDS[name] or VALUE_NAMES[name]) and base.HEX or base.DEC
        if not fields["body_" .. name] then
            fields["body_" .. name] = UINT[name == "done" and 4 or size]("kdio." .. name, label_of(name), shown,
                                                                       VALUE_NAMES[name])
        end
    end
end
kdio.fields = fields

local function made_expert(name, text, group, severity)
    return ProtoExpert.new("kdio.expert." .. name, text, expert.group[group], expert.severity[severity])
end
local experts = {
    bad_crc = made_expert("bad_crc", "The check fails: damaged, or of a session this capture does not show", "CHECKSUM",
                          "WARN"),
    damaged = made_expert("damaged", "Damaged", "MALFORMED", "WARN"),
    again = made_expert("retransmission", "Sent before", "SEQUENCE", "NOTE"),
    expect = made_expert("expect", "The stub missed a frame", "SEQUENCE", "NOTE"),
    failed = made_expert("failed", "The program stopped", "RESPONSE_CODE", "NOTE"),
    reset = made_expert("reset", "Another boot of the target", "SEQUENCE", "WARN"),
    taken = made_expert("taken", "Another host has the line", "SEQUENCE", "WARN"),
}
kdio.experts = experts

---- Numbers ----

local bits = bit32 or bit -- The second gives signed numbers: hence u32.

local function u32(number)
    return number % WORD
end

local function xor(a, b)
    return u32(bits.bxor(a, b))
end

local function multiply(a, b)
    local low = a % 0x10000
    local high = (a - low) / 0x10000

    return u32(low * b + high * b % 0x10000 * 0x10000)
end

-- SPEC.md, K1.
local function mix(x)
    x = xor(x, bits.rshift(x, 16))
    x = multiply(x, 0x85ebca6b)
    x = xor(x, bits.rshift(x, 13))
    x = multiply(x, 0xc2b2ae35)
    return xor(x, bits.rshift(x, 16))
end

local function session_start(session, seq)
    return mix(u32(mix(u32(seq + session.nonce)) + session.challenge))
end

local CRC_START = 0xffffffff
local crc_table = {}
for i = 0, 255 do
    local value = i
    for _ = 1, 8 do
        local odd = value % 2 == 1
        value = (value - value % 2) / 2
        if odd then
            value = xor(value, 0x82f63b78)
        end
    end
    crc_table[i] = value
end

local function crc32c(bytes, size, start)
    local crc = start

    for i = 1, size do
        crc = xor(bits.rshift(crc, 8), crc_table[xor(crc, bytes:byte(i)) % 0x100])
    end
    return xor(crc, CRC_START)
end

-- The little-endian number of `size` bytes at `at` (from 0).
local function number_at(bytes, at, size)
    local value = 0

    if size > 4 then
        return UInt64.new(number_at(bytes, at, 4), number_at(bytes, at + 4, size - 4))
    end
    for i = size, 1, -1 do
        value = value * 0x100 + bytes:byte(at + i)
    end
    return value
end

-- The same in hexadecimal digits.
local function hex_at(bytes, at, size)
    return (bytes:sub(at + 1, at + size):reverse():gsub(".", function(byte)
        return string.format("%02x", byte:byte())
    end))
end

local function printable(text)
    return (text:gsub("[^\32-\126]", function(byte)
        return byte == "\n" and "\\n" or string.format("\\x%02x", byte:byte())
    end))
end

---- Frames ----

-- The payload of COBS bytes; nil when they are cut short.
local function decode_cobs(bytes)
    local blocks = {}
    local at = 1

    while at <= #bytes do
        local code = bytes:byte(at)
        if code == 0 or at + code - 1 > #bytes then
            return nil
        end
        blocks[#blocks + 1] = bytes:sub(at + 1, at + code - 1)
        at = at + code
        if code ~= 0xff and at <= #bytes then
            blocks[#blocks + 1] = "\0"
        end
    end
    return table.concat(blocks)
end

-- Sets record.payload, or record.damage.
local function unframe(record, wire)
    if record.captured == CUT or wire:byte(1) ~= MARK or wire:byte(-1) ~= DELIMITER then
        record.damage = "the frame has no end"
        return
    end
    local payload = decode_cobs(wire:sub(2, -2))
    if not payload or #payload < HEADER_SIZE + CRC_SIZE then
        record.damage = payload and "the frame is too short" or "its COBS is cut short"
        return
    end
    record.payload = payload
    record.body_size = #payload - CRC_SIZE
    record.header = payload:byte(1)
    record.kind_bits = record.header - record.header % 0x40
    record.crc = number_at(payload, record.body_size, CRC_SIZE)
end

---- What a capture has shown so far ----

local state

local function forget()
    state = { records = {}, opens = {}, nonces = {}, sessions = {} }
end
forget()
kdio.init = forget

local function latest(list, count)
    local i = #list + 1
    local last = math.max(1, #list - count + 1)

    return function()
        i = i - 1
        return i >= last and list[i] or nil
    end
end

local function intact(record, start)
    return crc32c(record.payload, record.body_size, start) == record.crc
end

local function set_crc(record, good, known)
    record.crc_status = good and CRC_GOOD or known and CRC_BAD or CRC_UNVERIFIED
end

-- The number nearest to the next one whose lower six bits are in the header (SPEC.md, K2).
local function full_seq(session, header)
    local first = session.next - WINDOW

    return u32(first + (header - first) % (2 * WINDOW))
end

local function find_session(record)
    for session in latest(state.sessions, SESSIONS_TRIED) do
        local seq = full_seq(session, record.header)
        local start = session_start(session, seq)
        if intact(record, record.sender == HOST and start or xor(start, CRC_START)) then
            return session, seq
        end
    end
end

---- Messages of no session ----

local function find_nonce(record)
    for nonce in latest(state.nonces, SESSIONS_TRIED) do
        if intact(record, mix(nonce)) then
            return nonce
        end
    end
end

local function check_free(record)
    if record.name ~= "ANSWER" then
        set_crc(record, intact(record, CRC_START), true)
        return
    end
    record.nonce = find_nonce(record)
    set_crc(record, record.nonce, #state.nonces > 0)
end

-- The values of a body by name; nil when bytes are missing. Surplus ones belong to later versions (M8).
local function read_body(record, columns, at)
    local values = {}

    for _, column in ipairs(columns) do
        local name, size = table.unpack(column)
        if at + size > record.body_size then
            return nil
        end
        values[name] = number_at(record.payload, at, size)
        at = at + size
    end
    return values, at
end

local function note_boot(record, boot_id)
    record.reset = state.boot_id and state.boot_id ~= boot_id
    state.boot_id = boot_id
end

local free_messages = {}

function free_messages.OPEN(record, values)
    local open = state.opens[values.nonce]

    if open then
        record.again = open.number
    else
        open = { number = record.number, time = record.time }
        state.opens[values.nonce] = open
        table.insert(state.nonces, values.nonce)
    end
    record.own_request = open
end

function free_messages.HELLO(record, values)
    note_boot(record, values.boot_id)
end

function free_messages.ANSWER(record, values)
    local open = state.opens[record.nonce]

    record.request = open
    record.again = open.reply
    if open.reply then
        return
    end
    open.reply = record.number
    note_boot(record, values.boot_id)
    if values.status == 0 then
        table.insert(state.sessions, { nonce = record.nonce, challenge = values.challenge, next = 0, requests = {} })
    end
end

local function analyse_free(record)
    record.name = FREE_TYPES[record.header] or "unknown"
    check_free(record)
    if not BODIES[record.name] then
        return
    end
    local values, body_end = read_body(record, BODIES[record.name], HEADER_SIZE)
    record.values, record.body_end = values, body_end
    if not values then
        record.damage = "the message is cut short"
    elseif record.crc_status == CRC_GOOD and free_messages[record.name] then
        free_messages[record.name](record, values)
    end
end

---- Programs ----

-- The bytes of a table in hexadecimal, a word a unit.
local function units_text(bytes, at, size, width)
    local words = {}

    for unit = at, at + size - width, width do
        words[#words + 1] = hex_at(bytes, unit, width)
    end
    return table.concat(words, " ")
end

-- Bytes of a field; `s` begins with their count.
local function field_size(bytes, at, limit, letter, width, count)
    if letter == "s" then
        return at < limit and bytes:byte(at + 1) + 1 or 1
    end
    return letter == "v" and width or letter == "t" and width * count or SIZE_OF[letter]
end

local function string_field(letter, bytes, at, size)
    local value = bytes:sub(at + 2, at + size)
    local text = printable(value)

    return { letter = letter, at = at, size = size, value = value:find("[\0\128-\255]") and text or value,
             text = '"' .. text .. '"' }
end

-- One operand or result: what it is, where it is (from 0), and its value. nil when bytes are missing.
local function read_field(bytes, at, limit, letter, width, count)
    local size = field_size(bytes, at, limit, letter, width, count)

    if at + size > limit then
        return nil
    elseif letter == "s" then
        return string_field(letter, bytes, at, size)
    elseif letter == "t" then
        local text = units_text(bytes, at, size, width)
        return { letter = letter, at = at, size = size, value = text, text = text, units = count, width = width }
    end
    return { letter = letter, at = at, size = size, value = number_at(bytes, at, size),
             text = hex_at(bytes, at, size) }
end

-- The fields that the letters name, where they end, and their count `n`; nil when bytes are missing.
local function read_fields(bytes, at, limit, letters, width, count)
    local list = {}

    for letter in letters:gmatch(".") do
        local field = read_field(bytes, at, limit, letter, width, count)
        if not field then
            return nil
        end
        list[#list + 1] = field
        at = at + field.size
        count = letter == "n" and field.value or count
    end
    return list, at, count
end

-- A pattern is shown as a table of bytes, not as text; a search's travels with every bit inverted (SPEC.md, P13).
local function as_pattern(bytes, field, inverted)
    local at = field.at + 1

    field.letter, field.units, field.width = "t", field.size - 1, 1
    if inverted then
        bytes = bytes:sub(at + 1, at + field.units):gsub(".", function(byte) return string.char(255 - byte:byte()) end)
        at = 0
    end
    field.text = units_text(bytes, at, field.units, 1)
    field.value = field.text
end

-- A short form of OUT is the OUT that it stands for (SPEC.md, P8); nil when there is no port before it.
local function as_out(op, port)
    if not op.row.stem:find("^OUT_") then
        return op
    elseif not port then
        return nil
    end
    port = port + (op.row.stem == "OUT_NEXT" and op.row.width or 0)
    op.row = op_rows[0x14 + op.row.opcode % 4]
    table.insert(op.operands, 1, { letter = "p", value = port, text = string.format("%04x", port) })
    return op
end

local function last_port(op, port)
    for _, operand in ipairs(op.operands) do
        port = operand.letter == "p" and operand.value or port
    end
    return port
end

-- The operation at `at`, or what is wrong with it.
local function read_operation(payload, at, limit, port)
    local opcode = payload:byte(at + 1)
    local row = op_rows[opcode]

    if not row then
        return nil, string.format("unknown opcode %02x", opcode)
    end
    local operands, op_end, count = read_fields(payload, at + 1, limit, row.operands, row.width)
    if not operands then
        return nil, "operands are cut short"
    end
    for i, operand in ipairs(operands) do
        if row.operand_names[i] == "pattern" then
            as_pattern(payload, operand, row.stem:find("SEARCH$"))
        end
    end
    local op = as_out({ row = row, opcode = opcode, at = at, size = op_end - at, operands = operands, count = count },
                      port)
    return op, not op and "a short form without a port before it" or nil
end

-- Operations up to the first that cannot be read, and what is wrong with that one.
local function read_program(payload, limit)
    local ops = {}
    local at = HEADER_SIZE
    local port

    while at < limit do
        local op, damage = read_operation(payload, at, limit, port)
        if not op then
            return ops, damage
        end
        ops[#ops + 1] = op
        at = at + op.size
        port = last_port(op, port)
    end
    return ops
end

local MISFIT = "the reply does not fit its program"

local function read_result(record, op, at, letters, count)
    local list, result_end = read_fields(record.payload, at, record.body_size, letters, op.row.width, count)

    return list and { at = at, size = result_end - at, fields = list }
end

-- What the operation that stopped the program gives (SPEC.md, P17), from `at` to the end; nil when that is nothing.
local function read_partial(record, op, at)
    local status = record.values and STATUSES[record.values.status]
    local left = record.body_size - at

    if left == 0 or not op then
        return nil
    elseif status == "NO_MATCH" and op.row.stem == "POLL" then
        return read_result(record, op, at, op.row.results)
    elseif op.row.results == "t" and left % op.row.width == 0 then
        local units = left / op.row.width
        return units < op.count and read_result(record, op, at, "t", units)
    end
end

-- Results of the first `count` operations, and what the next one gives; what is wrong when they do not fit.
local function read_results(record, ops, at, count)
    local results = {}

    for i = 1, count do
        results[i] = ops[i] and read_result(record, ops[i], at, ops[i].row.results, ops[i].count)
        if not results[i] then
            return results, MISFIT
        end
        at = at + results[i].size
    end
    local partial = read_partial(record, ops[count + 1], at)
    if partial then
        partial.partial = true
        results[count + 1] = partial
        at = at + partial.size
    end
    return results, at ~= record.body_size and MISFIT or nil
end

---- Messages of a session ----

local function analyse_request(record)
    local requests = record.session.requests
    local request = requests[record.seq]

    record.ops, record.damage = read_program(record.payload, record.body_size)
    if request then
        record.again = request.number
    else
        request = { number = record.number, time = record.time, ops = record.ops }
        requests[record.seq] = request
        record.session.next = u32(record.seq + 1)
    end
    record.own_request = request
end

local function analyse_results(record, at, count)
    local request = record.request

    if not request then
        return
    end
    record.ops = request.ops
    record.results, record.damage = read_results(record, request.ops, at, count or #request.ops)
    if request.reply then
        record.again = request.reply
    else
        request.reply = record.number
    end
end

local function analyse_reply(record)
    record.request = record.session.requests[record.seq]
    if record.name == "REPLY" then
        analyse_results(record, HEADER_SIZE)
        return
    end
    record.values, record.body_end = read_body(record, BODIES.FAILED, HEADER_SIZE)
    if record.values then
        analyse_results(record, record.body_end, record.values.done)
    else
        record.damage = "the message is cut short"
    end
end

local function analyse_note(record)
    if BODIES[record.name] then
        record.values, record.body_end = read_body(record, BODIES[record.name], HEADER_SIZE + 1)
    end
end

local SESSION_KINDS = {
    [HOST] = { [KIND_PLAIN] = "PLAIN", [KIND_ATOMIC] = "ATOMIC" },
    [STUB] = { [KIND_REPLY] = "REPLY", [KIND_FAILED] = "FAILED" },
}

local function session_kind(record)
    local is_note = record.kind_bits == KIND_NOTE
    local note = is_note and record.body_size > HEADER_SIZE and NOTES[record.payload:byte(HEADER_SIZE + 1)]

    return note or SESSION_KINDS[record.sender][record.kind_bits] or "unknown"
end

local function analyse_in_session(record)
    record.name = session_kind(record)
    record.session, record.seq = find_session(record)
    set_crc(record, record.session, #state.sessions > 0)
    if not record.session then
        return
    end
    if record.kind_bits == KIND_NOTE then
        analyse_note(record)
    elseif record.sender == HOST then
        analyse_request(record)
    else
        analyse_reply(record)
    end
end

local function analyse(bytes, number, time)
    local record = { number = number, time = time, sender = bytes:byte(1), captured = bytes:byte(2) }

    if record.captured == TEXT then
        record.name = "text"
        record.text = bytes:sub(PSEUDO_SIZE + 1)
        return record
    end
    unframe(record, bytes:sub(PSEUDO_SIZE + 1))
    if not record.payload then
        record.name = "damaged"
    elseif record.kind_bits == KIND_FREE then
        analyse_free(record)
    else
        analyse_in_session(record)
    end
    return record
end

---- What is shown ----

local function field_text(field)
    if field.letter == "t" and field.units > UNITS_IN_INFO then
        local shown = UNITS_IN_INFO * (2 * field.width + 1) - 1
        return string.format("%s ... (%d units)", field.text:sub(1, shown), field.units)
    end
    return field.text
end

local function fields_text(list)
    local words = {}

    for i, field in ipairs(list) do
        words[i] = field_text(field)
    end
    return table.concat(words, " ")
end

-- "OUT8 0080 55", "IN8 0071 -> 37"
local function op_text(op, result)
    local text = op.row.name .. (#op.operands > 0 and " " .. fields_text(op.operands) or "")

    return result and #result.fields > 0 and text .. " -> " .. fields_text(result.fields) or text
end

local function program_text(ops, results)
    local words = {}

    for i = 1, math.min(#ops, OPS_IN_INFO) do
        words[i] = op_text(ops[i], results and results[i])
    end
    local text = table.concat(words, "; ")
    return #ops > OPS_IN_INFO and string.format("%s; ... (%d operations)", text, #ops) or text
end

local function status_text(status)
    return STATUSES[status] or string.format("status %02x", status)
end

local function values_text(record)
    local values = record.values

    if not values then
        return ""
    elseif record.name == "OPEN" then
        return string.format(" nonce %08x", values.nonce)
    elseif record.name == "HELLO" then
        return string.format(" boot %08x", values.boot_id)
    elseif record.name == "ANSWER" then
        return string.format(" %s, session %08x, boot %08x", status_text(values.status), values.challenge,
                             values.boot_id)
    elseif record.name == "FAILED" then
        local where = STATUSES[values.status] == "FAULT" and
            string.format(", vector %d, code %04x, at %s", values.vector, values.code, values.detail:tohex()) or ""
        return string.format(": %s at operation %d, %d done%s", status_text(values.status), values.index, values.done,
                             where)
    end
    return ""
end

local function info_text(record)
    if record.text then
        return "text: " .. printable(record.text)
    end
    local text = record.name .. (record.seq and " " .. record.seq or "") .. values_text(record)
    if record.ops and record.name ~= "FAILED" then
        text = text .. ": " .. program_text(record.ops, record.results)
    end
    if record.damage then
        text = text .. " [" .. record.damage .. "]"
    end
    if record.crc_status and record.crc_status ~= CRC_GOOD then
        text = text .. " [CRC " .. CRC_NAMES[record.crc_status] .. "]"
    end
    return record.again and "[again] " .. text or text
end

local function add_generated(tree, field, value)
    return tree:add(field, value):set_generated()
end

-- As lspci writes it (SPEC.md, P14).
local function pci_text(number)
    local segment, bus = math.floor(number / 0x10000), math.floor(number / 0x100) % 0x100

    return string.format("%04x:%02x:%02x.%x", segment, bus, math.floor(number / 8) % 0x20, number % 8)
end

-- Where a number of an operation is: bytes of this packet where tvb is given, else known from another one.
local function add_number(tree, field, tvb, source)
    if tvb then
        return tree:add_le(field, tvb(source.at, source.size))
    end
    local widen = wide[field] and type(source.value) == "number"
    return add_generated(tree, field, widen and UInt64.new(source.value) or source.value)
end

local function add_string(tree, field, tvb, source)
    if not tvb then
        add_generated(tree, field, source.value)
    elseif source.letter == "t" then
        tree:add(field, tvb(source.at, source.size), source.value)
    else
        tree:add_packet_field(field, tvb(source.at + 1, source.size - 1), ENC_UTF_8)
    end
end

local function add_value(tree, field, name, tvb, source)
    tvb = source.at and tvb -- The port of a short form is in no byte.
    if source.letter == "s" or source.letter == "t" then
        add_string(tree, field, tvb, source)
        return
    end
    local item = add_number(tree, field, tvb, source)
    if not DECIMAL[name] then -- Shown in its own width, not in 64 bits.
        item:set_text(string.format(tvb and "%s: 0x%s" or "[%s: 0x%s]", labels[field], source.text))
    end
    if name == "function" then
        item:append_text(" (" .. pci_text(source.value) .. ")")
    end
end

local function add_operands(tree, op, tvb)
    for i, operand in ipairs(op.operands) do
        local name = op.row.operand_names[i]
        add_value(tree, fields["op." .. name], name, tvb, operand)
    end
end

local function add_results(tree, row, result, tvb)
    for i, value in ipairs(result and result.fields or {}) do
        local name = row.result_names and row.result_names[i]
        local field = name and fields[row.stem:lower() .. "." .. name] or
            value.letter == "t" and fields.op_results or fields.op_result
        add_value(tree, field, name, tvb, value)
    end
end

local function operation_range(op, result, program_tvb, results_tvb)
    if program_tvb then
        return program_tvb(op.at, op.size)
    end
    return result and result.size > 0 and results_tvb(result.at, result.size) or nil
end

local function add_identity(item, op, index, program_tvb)
    local row = op.row

    add_generated(item, fields.op_index, index)
    if program_tvb then
        item:add(fields.op_opcode, program_tvb(op.at, 1))
    else
        add_generated(item, fields.op_opcode, op.opcode)
    end
    add_generated(item, fields.op_name, row.name)
    add_generated(item, fields.op_word, row.word)
    if row.width then
        add_generated(item, fields.op_width, row.width)
    end
end

-- Of operands and results, those come from this packet whose tvb is given.
local function add_operation(tree, op, index, result, program_tvb, results_tvb)
    local range = operation_range(op, result, program_tvb, results_tvb)
    local item = range and tree:add(fields.op, range) or tree:add(fields.op)

    item:set_text(string.format("Operation %d: %s", index, op_text(op, result)))
    add_identity(item, op, index, program_tvb)
    add_operands(item, op, program_tvb)
    add_results(item, op.row, result, results_tvb)
    return item
end

-- What became of an operation, where the reply is known: done, the one that stopped the program, or not done.
local function add_outcome(item, record, index, result)
    local done = result ~= nil and not result.partial

    add_generated(item, fields.op_done, done)
    if record.name == "FAILED" and record.values.index == index then
        add_generated(item, fields.op_status, record.values.status)
        item:append_text(": " .. status_text(record.values.status))
    elseif not done then
        item:append_text(": not done")
    end
end

local function add_operations(tree, record, tvb)
    local own = record.own_request
    local reply = own and own.reply and state.records[own.reply] or record.results and record

    add_generated(tree, fields.ops, #record.ops)
    for i, op in ipairs(record.ops) do
        local result = reply and reply.results[i]
        local item = add_operation(tree, op, i - 1, result, own and tvb, not own and tvb)
        if reply then
            add_outcome(item, reply, i - 1, result)
        end
    end
end

local function add_body(tree, record, tvb)
    local columns = BODIES[record.name]
    local at = HEADER_SIZE + (record.kind_bits == KIND_NOTE and 1 or 0)

    for _, column in ipairs(columns) do
        local name, size = table.unpack(column)
        local field, range = fields["body_" .. name], tvb(at, size)
        if record.name == "OPEN" and size == 1 then
            tree:add(field, range, record.values[name] - OPEN_VERSION_BASE)
        else
            tree:add_le(field, range)
        end
        at = at + size
    end
end

local function add_crc(tree, record, tvb)
    local item = tree:add_le(fields.crc, tvb(record.body_size, CRC_SIZE))

    add_generated(tree, fields.crc_status, record.crc_status)
    if record.crc_status == CRC_BAD then
        item:add_proto_expert_info(experts.bad_crc)
    end
end

local function add_time(tree, from, to)
    local seconds = math.floor(to - from)

    add_generated(tree, fields.time, NSTime.new(seconds, math.floor((to - from - seconds) * 1e9 + 0.5)))
end

local function add_links(tree, record)
    local own, request = record.own_request, record.request

    if own and own.reply then
        add_generated(tree, fields.response_in, own.reply)
    end
    if request then
        add_generated(tree, fields.request_in, request.number)
        add_time(tree, request.time, record.time)
    end
    if record.again then
        add_generated(tree, fields.again, record.again):add_proto_expert_info(experts.again)
    end
end

local function add_payload(tree, record, tvb)
    tree:add(fields.header, tvb(0, 1))
    if record.kind_bits ~= KIND_FREE then
        tree:add(fields.seq_low, tvb(0, 1))
    end
    if record.kind_bits == KIND_NOTE and record.body_size > HEADER_SIZE then
        tree:add(fields.note, tvb(HEADER_SIZE, 1))
    end
    if record.session then
        add_generated(tree, fields.seq, record.seq)
        add_generated(tree, fields.session, record.session.challenge)
    end
    if record.values then
        add_body(tree, record, tvb)
    end
    if record.ops then
        add_operations(tree, record, tvb)
    end
    if record.body_end and record.name ~= "FAILED" and record.body_end < record.body_size then
        tree:add(fields.surplus, tvb(record.body_end, record.body_size - record.body_end))
    end
    add_crc(tree, record, tvb)
    add_links(tree, record)
end

local function add_warnings(tree, record)
    if record.damage then
        add_generated(tree, fields.damage, record.damage):add_proto_expert_info(experts.damaged, record.damage)
    end
    if record.name == "FAILED" and record.values then
        tree:add_proto_expert_info(experts.failed, "The program stopped" .. values_text(record))
    end
    if record.crc_status == CRC_GOOD and (record.name == "EXPECT" or record.name == "TAKEN") then
        tree:add_proto_expert_info(experts[record.name:lower()])
    end
    if record.reset then
        tree:add_proto_expert_info(experts.reset)
    end
end

local function show(record, tvb, pinfo, tree)
    pinfo.cols.protocol = "kdio"
    pinfo.cols.src = record.sender == HOST and "host" or "stub"
    pinfo.cols.dst = record.sender == HOST and "stub" or "host"
    pinfo.cols.info = info_text(record)
    local item = tree:add(kdio, tvb())
    item:append_text(", " .. info_text(record))
    item:add(fields.sender, tvb(0, 1))
    item:add(fields.captured, tvb(1, 1))
    add_generated(item, fields.kind, record.name)
    if record.text then
        item:add_packet_field(fields.text, tvb(PSEUDO_SIZE), ENC_UTF_8)
    elseif record.payload then
        add_payload(item, record, ByteArray.new(record.payload, true):tvb("payload"))
    end
    add_warnings(item, record)
end

function kdio.dissector(tvb, pinfo, tree)
    if tvb:captured_len() <= PSEUDO_SIZE then
        return 0
    end
    local record = state.records[pinfo.number]
    if not record then
        record = analyse(tvb:raw(), pinfo.number, pinfo.rel_ts)
        state.records[pinfo.number] = record
    end
    show(record, tvb, pinfo, tree)
    return tvb:captured_len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, kdio)
