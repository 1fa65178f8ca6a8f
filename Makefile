# SPDX-License-Identifier: MIT
# kdio: the only build entry point. `make help` lists the targets.

BUILD   := build
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
SOVERSION := 0
Q       := $(if $(V),,@)

CC  ?= cc
CXX ?= c++
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
CFLAGS   ?= -O2 -g

.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all lib stub boot command check check-all check-compilers check-quick soak demo bench deps need-deps install help clean size

all: lib stub command boot

# ---- What must be there before anything is built ----

NEEDED_PACKAGES := gcc g++ libc6-dev clang libclang-rt-14-dev llvm binutils make git qemu-system-x86 ovmf gnu-efi mtools libgensio-dev gensio-bin \
    libcjson-dev libcmocka-dev libpci-dev tshark pkg-config python3 gdb gcc-mingw-w64-x86-64-win32 g++-mingw-w64-x86-64-win32 \
    mingw-w64-x86-64-dev util-linux procps valgrind
MISSING_PACKAGES = $(shell dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(NEEDED_PACKAGES) 2>/dev/null | \
    awk -v needed="$(NEEDED_PACKAGES)" '$$1 == "installed" { have[$$2] = 1 } \
    END { n = split(needed, p, " "); for (i = 1; i <= n; i++) if (!have[p[i]]) printf "%s ", p[i] }')
INSTALL_PACKAGES = apt-get install -y --no-install-recommends

# What is there already is not asked for again; what is missing is installed by apt alone.
deps:
	@missing="$(MISSING_PACKAGES)"; \
	if [ -z "$$missing" ]; then echo "All packages are installed."; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; \
	elif command -v sudo >/dev/null; then sudo=sudo; \
	else echo "kdio needs Debian packages. As root, run:" >&2; \
	    echo "    apt-get update && $(INSTALL_PACKAGES) $$missing" >&2; exit 1; fi; \
	echo "Installing $$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	$$sudo apt-get update -q && $$sudo $(INSTALL_PACKAGES) -q $$missing

need-deps:
	@if [ -n "$(MISSING_PACKAGES)" ]; then $(MAKE) --no-print-directory deps; fi

# ---- The host library ----

HOST_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) -fvisibility=hidden -fPIC -I. -Ihost/include -MMD -MP \
    -DKDIO_VERSION_STRING='"$(VERSION)"'
HOST_LIBS   := -lgensio -lgensioosh -lcjson

# What executes commands is a part of the library: the Windows names have it too.
include host/cmd/interpreter.mk

LIB_SOURCES := $(filter-out proto/stub_link.c,$(wildcard proto/*.c)) $(wildcard host/lib/*.c) $(wildcard host/win/*.c) \
    $(INTERPRETER_SOURCES)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/host/%.o)
COMMAND_OBJECTS := $(patsubst %.c,$(BUILD)/host/%.o,$(filter-out $(INTERPRETER_SOURCES),$(wildcard host/cmd/*.c host/gdb/*.c)))

lib: $(BUILD)/libkdio.a $(BUILD)/libkdio.so
command: $(BUILD)/kdio

$(BUILD)/host/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/host/host/win/%.o: HOST_CFLAGS += -Ihost/include/kdio/win

$(BUILD)/libkdio.a: $(LIB_OBJECTS)
	@echo "  AR      $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libkdio.so.$(SOVERSION): $(LIB_OBJECTS)
	@echo "  LD      $@"
	$(Q)$(CC) -shared -Wl,-soname,libkdio.so.$(SOVERSION) -Wl,-z,defs -o $@ $^ $(LDFLAGS) $(HOST_LIBS)

$(BUILD)/libkdio.so: $(BUILD)/libkdio.so.$(SOVERSION)
	$(Q)ln -sf $(<F) $@

# Extensions that it loads may call the Windows names of ours.
$(BUILD)/kdio: $(COMMAND_OBJECTS) $(BUILD)/libkdio.a
	@echo "  LD      $@"
	$(Q)$(CC) -rdynamic -o $@ $^ $(LDFLAGS) $(HOST_LIBS)

# ---- The stub: one object in which only kdio_stub_* is global ----

# Flags that a compiler does not have are left out. Keeping values in registers across calls costs more pushes than it
# saves loads; what else is named here makes code longer to make it faster.
cc-option = $(shell $(CC) -Werror $(1) -c -x c -o /dev/null /dev/null 2>/dev/null && echo $(1))
STUB_SIZE_FLAGS := $(or $(call cc-option,-Oz),-Os) $(call cc-option,--param=max-completely-peel-times=0) \
    $(foreach f,caller-saves if-conversion jump-tables move-loop-invariants shrink-wrap,$(call cc-option,-fno-$(f)))
STUB_CFLAGS := -std=gnu11 $(WARNINGS) $(STUB_SIZE_FLAGS) -ffreestanding -mgeneral-regs-only -mno-red-zone \
    -fno-stack-protector -fcf-protection=none -fpic -fvisibility=hidden -ffunction-sections -fdata-sections \
    -fno-asynchronous-unwind-tables -fno-unwind-tables -Istub/include -I. -MMD -MP
STUB_SOURCES := $(wildcard stub/*.c) \
    $(addprefix proto/,crc32c.c cursor.c frame.c message.c policy.c program.c stub_link.c)
STUB_OBJECTS := $(STUB_SOURCES:%.c=$(BUILD)/stub/%.o) $(patsubst %.S,$(BUILD)/stub/%.o,$(wildcard stub/*.S))

# Three profiles (stub/profile.h): everything, everything but run control, and ports and the link alone.
STUB_ACCESS_FLAGS := -DKDIO_STUB_PROFILE_ACCESS=1 -DKDIO_OPS_WITHOUT_RUN=1
STUB_PORTS_FLAGS  := -DKDIO_STUB_PROFILE_PORTS=1 -DKDIO_OPS_PORTS_ONLY=1
STUB_ACCESS_OBJECTS := $(STUB_OBJECTS:$(BUILD)/stub/%=$(BUILD)/stub-access/%)
STUB_PORTS_OBJECTS  := $(STUB_SOURCES:%.c=$(BUILD)/stub-ports/%.o)
STUB_LIBRARIES := $(BUILD)/libkdiostub.a $(BUILD)/libkdiostub-access.a $(BUILD)/libkdiostub-ports.a
stub: $(STUB_LIBRARIES)

# $(1) directory of the objects, $(2) the profile's flags
define STUB_COMPILE
$$(BUILD)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(STUB_CFLAGS) $(2) -c -o $$@ $$<
$$(BUILD)/$(1)/%.o: %.S
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(STUB_CFLAGS) $(2) -c -o $$@ $$<
endef
$(eval $(call STUB_COMPILE,stub,))
$(eval $(call STUB_COMPILE,stub-access,$(STUB_ACCESS_FLAGS)))
$(eval $(call STUB_COMPILE,stub-ports,$(STUB_PORTS_FLAGS)))

# Compilers may call memcpy and its kin even from freestanding code: those calls go to the library's own functions, so that
# it neither needs the kernel's nor clashes with them. Unused functions of the shared code are left out.
STUB_PORTS_SYMBOLS := $(addprefix kdio_stub_,init handle poll prompt)
STUB_ACCESS_SYMBOLS := $(STUB_PORTS_SYMBOLS) $(addprefix kdio_stub_,console console_room suspend resume uart_moved watch fault)
STUB_SYMBOLS := $(STUB_ACCESS_SYMBOLS) kdio_stub_trap
MEMORY_FUNCTIONS := memcpy memmove memset memcmp

# $(1) symbols that stay global, $(2) the joined object
define STUB_JOIN
	@echo "  AR      $@"
	$(Q)ld -r --gc-sections -T stub/library.lds $(addprefix -u ,$(1)) -e kdio_stub_init -o $(2) $(filter %.o,$^)
	$(Q)objcopy $(foreach f,$(MEMORY_FUNCTIONS),--redefine-sym $(f)=kdio_stub_$(f)) $(2)
	$(Q)objcopy $(addprefix --keep-global-symbol=,$(1)) $(2)
	$(Q)rm -f $@ && $(AR) rcs $@ $(2)
endef

$(BUILD)/libkdiostub.a: $(STUB_OBJECTS) stub/library.lds
	$(call STUB_JOIN,$(STUB_SYMBOLS),$(BUILD)/stub/joined.o)

$(BUILD)/libkdiostub-access.a: $(STUB_ACCESS_OBJECTS) stub/library.lds
	$(call STUB_JOIN,$(STUB_ACCESS_SYMBOLS),$(BUILD)/stub-access/joined.o)

$(BUILD)/libkdiostub-ports.a: $(STUB_PORTS_OBJECTS) stub/library.lds
	$(call STUB_JOIN,$(STUB_PORTS_SYMBOLS),$(BUILD)/stub-ports/joined.o)

# Code and read-only data, data, memory and stack of the profiles; the limits are for gcc.
size: stub check-stub-stack
	@size $(BUILD)/stub/joined.o $(BUILD)/stub-access/joined.o $(BUILD)/stub-ports/joined.o | awk ' \
	    BEGIN { split("everything|without run control|ports and the link", name, "|"); \
	            max[2] = 16384; max[3] = 6144; max[1] = max[2] + 6144 } \
	    NR > 1 { i = NR - 1; bad += $$1 > max[i]; printf "stub, %s: code and read-only data %d of at most %d bytes, data %d, " \
	             "bss %d; memory it is given: 8192 bytes\n", name[i], $$1, max[i], $$2, $$3 } \
	    END { exit bad != 0 }'

# ---- Checks, demonstration, figures ----

# Everything that `make check` runs, by the names of its suites.
check: need-deps
	@$(MAKE) --no-print-directory check-all
check-all: all $(BUILD)/tests/embed/kernel.elf
	$(Q)MAKE="$(MAKE)" python3 tests/run

# The fast suites alone.
check-quick: all
	$(Q)MAKE="$(MAKE)" python3 tests/run --quick

# Everything compiles without a warning by the other compiler too.
check-compilers:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/clang CC=clang CXX=clang++ all $(BUILD)/clang/tests/embed/kernel.elf
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/gcc CC=gcc CXX=g++ all

demo bench: need-deps

# The long forms of the checks: hours of simulated line, the faults on the real image, minutes of each fuzzer.
SOAK_SEEDS   ?= 10000
SOAK_SECONDS ?= 600
soak: need-deps
	$(Q)$(MAKE) --no-print-directory soak-faults
	$(Q)$(MAKE) --no-print-directory sim SEED=1 N=$(SOAK_SEEDS)
	$(Q)for target in $(FUZZ_TARGETS); do \
	    $(MAKE) --no-print-directory fuzz TARGET=$$target SECONDS=$(SOAK_SECONDS) || exit 1; done
	$(Q)$(MAKE) --no-print-directory fuzz-coverage

# ---- Installing ----

INCLUDE_DIR := $(DESTDIR)$(PREFIX)/include
LIB_DIR     := $(DESTDIR)$(PREFIX)/lib
BIN_DIR     := $(DESTDIR)$(PREFIX)/bin
LIBEXEC_DIR := $(DESTDIR)$(PREFIX)/libexec/kdio
MAN_DIR     := $(DESTDIR)$(PREFIX)/share/man

# $(1) name, $(2) description, $(3) compiler flags
define PC_FILE
prefix=$(PREFIX)
includedir=$${prefix}/include
libdir=$${prefix}/lib

Name: $(1)
Description: $(2)
Version: $(VERSION)
Cflags: $(3)
Libs: -L$${libdir} -lkdio
Libs.private: $(HOST_LIBS)
endef
export PC_KDIO := $(call PC_FILE,kdio,reaches the I/O ports of a target under debug,-I$${includedir})
export PC_KDIO_WIN := $(call PC_FILE,kdio-win,the debugger interfaces of Windows over kdio,-I$${includedir} \
    -I$${includedir}/kdio/win)

install: all
	install -d $(INCLUDE_DIR)/kdio/win $(LIB_DIR)/pkgconfig $(BIN_DIR) $(LIBEXEC_DIR) $(MAN_DIR)/man1 $(MAN_DIR)/man3 $(MAN_DIR)/man7
	install -m 755 $(BUILD)/kdio $(BIN_DIR)
	install -m 644 $(BUILD)/libkdio.a $(STUB_LIBRARIES) $(LIB_DIR)
	install -m 755 $(BUILD)/libkdio.so.$(SOVERSION) $(LIB_DIR)
	ln -sf libkdio.so.$(SOVERSION) $(LIB_DIR)/libkdio.so
	install -m 644 host/include/kdio.h stub/include/kdio_stub.h $(INCLUDE_DIR)
	install -m 644 proto/status.h $(INCLUDE_DIR)/kdio
	install -m 644 host/include/kdio/win/*.h $(INCLUDE_DIR)/kdio/win
	printf '%s\n' "$$PC_KDIO" >$(LIB_DIR)/pkgconfig/kdio.pc
	printf '%s\n' "$$PC_KDIO_WIN" >$(LIB_DIR)/pkgconfig/kdio-win.pc
	install -m 755 qemu/launch $(LIBEXEC_DIR)
	install -m 644 $(BUILD)/BOOTX64.EFI $(BUILD)/kdio.img $(BUILD)/kdio-kernel.elf $(BUILD)/kdio-kernel.debug \
	    $(BUILD)/BOOTX64.debug $(LIBEXEC_DIR)
	install -d $(DESTDIR)$(PREFIX)/share/kdio
	install -m 644 proto/kdio.lua $(DESTDIR)$(PREFIX)/share/kdio
	install -m 644 host/man/*.1 $(MAN_DIR)/man1
	install -m 644 host/man/*.3 $(MAN_DIR)/man3
	install -m 644 host/man/*.7 $(MAN_DIR)/man7
	install -m 644 host/gdb/kdio.py $(DESTDIR)$(PREFIX)/share/kdio

# ---- The parts that bring their own rules ----

-include $(sort $(wildcard */rules.mk */*/rules.mk))
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

clean:
	rm -rf $(BUILD)

help:
	@echo "make            build everything into $(BUILD)/"
	@echo "make demo       show the main job: boot a target in QEMU and poke its ports (10 s)"
	@echo "make check      all tests (under ten minutes); $(BUILD)/tests/logs holds what each suite said"
	@echo "make check-quick  the fast ones"
	@echo "make soak       the long forms of the checks: SOAK_SEEDS=$(SOAK_SEEDS), SOAK_SECONDS=$(SOAK_SECONDS) a fuzzer"
	@echo "make bench      measure; prints a table and writes $(BUILD)/bench.json"
	@echo "make size       code, data, memory and stack of the stub"
	@echo "make deps       install the Debian packages that are missing"
	@echo "make install    DESTDIR= PREFIX=$(PREFIX)"
	@echo "make clean      remove $(BUILD)/"
	@echo
	@echo "Suites of make check, with their time budgets:"
	@python3 tests/run --list
	@echo
	@echo "Variables: CC, CXX, CFLAGS, LDFLAGS, BUILD, V=1 to see commands"
