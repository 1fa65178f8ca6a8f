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
.PHONY: all lib stub boot command check demo bench deps install help clean size

all: lib stub command boot

# ---- What must be there before anything is built ----

NEEDED_PACKAGES := gcc g++ libc6-dev make clang libclang-rt-14-dev qemu-system-x86 ovmf gnu-efi mtools libgensio-dev \
    libcjson-dev libcmocka-dev pkg-config python3 gcc-mingw-w64-x86-64-win32 mingw-w64-x86-64-dev util-linux binutils
MISSING_PACKAGES = $(shell dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(NEEDED_PACKAGES) 2>/dev/null | \
    awk '$$1 == "installed" { have[$$2] = 1 } END { n = split("$(NEEDED_PACKAGES)", p, " "); \
    for (i = 1; i <= n; i++) if (!have[p[i]]) printf "%s ", p[i] }')

# ---- The host library ----

HOST_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) -fvisibility=hidden -fPIC -I. -Ihost/include -MMD -MP \
    -DKDIO_VERSION_STRING='"$(VERSION)"'
HOST_LIBS   := -lgensio -lgensioosh

LIB_SOURCES := $(filter-out proto/stub_link.c,$(wildcard proto/*.c)) $(wildcard host/lib/*.c) $(wildcard host/win/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/host/%.o)
COMMAND_OBJECTS := $(patsubst %.c,$(BUILD)/host/%.o,$(wildcard host/cmd/*.c))

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

$(BUILD)/kdio: $(COMMAND_OBJECTS) $(BUILD)/libkdio.a
	@echo "  LD      $@"
	$(Q)$(CC) -o $@ $^ $(LDFLAGS) $(HOST_LIBS) -lcjson

# ---- The stub: one object in which only kdio_stub_* is global ----

STUB_CFLAGS := -std=gnu11 $(WARNINGS) -Os -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-stack-protector \
    -fcf-protection=none -fpic -fvisibility=hidden -ffunction-sections -fno-asynchronous-unwind-tables \
    -fno-unwind-tables -Istub/include -I. -MMD -MP
STUB_SOURCES := $(wildcard stub/*.c) $(addprefix proto/,crc32c.c frame.c message.c policy.c program.c stub_link.c)
STUB_OBJECTS := $(STUB_SOURCES:%.c=$(BUILD)/stub/%.o)

stub: $(BUILD)/libkdiostub.a

$(BUILD)/stub/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(STUB_CFLAGS) -c -o $@ $<

# Compilers may call memcpy and its kin even from freestanding code: those calls go to the library's own functions, so that
# it neither needs the kernel's nor clashes with them. Unused functions of the shared code are left out.
STUB_SYMBOLS := $(addprefix kdio_stub_,init handle poll console prompt suspend resume uart_moved)
MEMORY_FUNCTIONS := memcpy memmove memset memcmp
$(BUILD)/libkdiostub.a: $(STUB_OBJECTS)
	@echo "  AR      $@"
	$(Q)ld -r --gc-sections $(addprefix -u ,$(STUB_SYMBOLS)) -e kdio_stub_init -o $(BUILD)/stub/joined.o $^
	$(Q)objcopy $(foreach f,$(MEMORY_FUNCTIONS),--redefine-sym $(f)=kdio_stub_$(f)) $(BUILD)/stub/joined.o
	$(Q)objcopy $(addprefix --keep-global-symbol=,$(STUB_SYMBOLS)) $(BUILD)/stub/joined.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(BUILD)/stub/joined.o

size: $(BUILD)/libkdiostub.a
	@size $<

# ---- The parts that bring their own rules ----

-include stub/boot/rules.mk
-include qemu/rules.mk
-include tests/rules.mk
-include tests/win/rules.mk
-include tests/embed/rules.mk
-include tests/cmd/rules.mk
-include tests/system/rules.mk
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

clean:
	rm -rf $(BUILD)
