# SPDX-License-Identifier: MIT
#
# rules.mk: fuzzing, with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   check-fuzz     each target on its corpus and some tens of thousands of executions more
#   fuzz           a long run: make fuzz TARGET=stub SECONDS=600; what it learns stays in $(BUILD)/fuzz/learnt
#   fuzz-corpus    writes what all runs learnt back to the corpus, minimised
#   fuzz-coverage  lines of decoder and dispatcher that the corpus reaches
#
# clang whatever $(CC) is: libFuzzer is a part of it.

.PHONY: check-fuzz fuzz fuzz-build fuzz-corpus fuzz-coverage

FUZZ_BUILD = $(BUILD)/fuzz
FUZZ_TARGETS := frame message program host_link stub command
FUZZ_CC := clang
FUZZ_CFLAGS := -std=c11 -D_GNU_SOURCE -O1 -g $(WARNINGS) -I. -Istub/include -Ihost/include -MMD -MP \
    -DKDIO_VERSION_STRING='"$(VERSION)"'
# Counters alone and no traced comparisons: ten times the executions a second, and sealed frames need no guessing.
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_COVER := -fsanitize-coverage=inline-8bit-counters,pc-table

FUZZ_PROTO := $(wildcard proto/*.c)
FUZZ_SOURCES_frame := $(FUZZ_PROTO)
FUZZ_SOURCES_message := $(FUZZ_PROTO)
FUZZ_SOURCES_program := $(FUZZ_PROTO)
FUZZ_SOURCES_host_link := $(FUZZ_PROTO)
FUZZ_SOURCES_stub := $(FUZZ_PROTO) $(filter-out stub/memory.c,$(wildcard stub/*.c)) tests/fuzz/machine.c tests/fuzz/client.c
FUZZ_SOURCES_command := $(FUZZ_PROTO) $(filter-out host/cmd/main.c,$(wildcard host/cmd/*.c)) tests/cmd/fake_target.c
FUZZ_LIBS_command := -lcjson

# An input longer than this says nothing new.
FUZZ_LENGTH_frame := 2048
FUZZ_LENGTH_message := 256
FUZZ_LENGTH_program := 1024
FUZZ_LENGTH_host_link := 2048
FUZZ_LENGTH_stub := 2048
FUZZ_LENGTH_command := 1024

# Executions beyond the corpus in check-fuzz: a few seconds each.
FUZZ_RUNS_frame := 40000
FUZZ_RUNS_message := 60000
FUZZ_RUNS_program := 60000
FUZZ_RUNS_host_link := 20000
FUZZ_RUNS_stub := 20000
FUZZ_RUNS_command := 40000

FUZZ_PROGRAMS = $(FUZZ_TARGETS:%=$(FUZZ_BUILD)/fuzz_%)

$(FUZZ_BUILD)/obj/%.o: %.c tests/fuzz/rules.mk
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_SANITIZE) $(FUZZ_COVER) -c -o $@ $<

# $(1) target
define FUZZ_PROGRAM
$$(FUZZ_BUILD)/fuzz_$(1): $$(FUZZ_BUILD)/obj/tests/fuzz/fuzz_$(1).o $$(FUZZ_SOURCES_$(1):%.c=$$(FUZZ_BUILD)/obj/%.o)
	$$(Q)$$(FUZZ_CC) $$(FUZZ_SANITIZE) -fsanitize=fuzzer -o $$@ $$^ $$(FUZZ_LIBS_$(1))
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call FUZZ_PROGRAM,$(target))))

fuzz-build: $(FUZZ_PROGRAMS)
