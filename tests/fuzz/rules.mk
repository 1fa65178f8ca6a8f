# SPDX-License-Identifier: MIT
#
# rules.mk: fuzzing, with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   check-fuzz     each target on its corpus and some tens of thousands of executions more
#   fuzz           a long run: make fuzz TARGET=stub SECONDS=600; what it learns stays in $(BUILD)/fuzz/learnt
#   fuzz-corpus    writes what all runs learnt back to the corpus, minimised
#   fuzz-coverage  lines of decoder and dispatcher that the corpus reaches; fails below 95 in 100 of those that count
#
# clang whatever $(CC) is: libFuzzer is a part of it.

.PHONY: check-fuzz fuzz fuzz-build fuzz-corpus fuzz-coverage

FUZZ_BUILD = $(BUILD)/fuzz
FUZZ_TARGETS := frame message program host_link stub stop command
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
FUZZ_SOURCES_stub := $(FUZZ_PROTO) $(filter-out stub/memory.c,$(wildcard stub/*.c)) tests/fuzz/machine.c \
    tests/fuzz/model.c tests/fuzz/client.c tests/fuzz/judge.c
FUZZ_SOURCES_stop := $(FUZZ_PROTO) $(filter-out stub/memory.c,$(wildcard stub/*.c)) tests/stub/target.c \
    tests/stub_spaces/world.c tests/stub_spaces/kernel.c
FUZZ_LIBS_stop := -lcmocka
FUZZ_SOURCES_command := $(FUZZ_PROTO) $(filter-out host/cmd/main.c host/cmd/ext.c host/cmd/gdbserver.c,\
    $(wildcard host/cmd/*.c)) \
    $(wildcard host/lib/*.c)
FUZZ_LIBS_command := $(HOST_LIBS) -lcjson

# An input longer than this says nothing new.
FUZZ_LENGTH_frame := 2048
FUZZ_LENGTH_message := 256
FUZZ_LENGTH_program := 1024
FUZZ_LENGTH_host_link := 2048
FUZZ_LENGTH_stub := 2048
FUZZ_LENGTH_stop := 512
FUZZ_LENGTH_command := 1024

# Executions beyond the corpus in check-fuzz: a few seconds each.
FUZZ_RUNS_frame := 40000
FUZZ_RUNS_message := 60000
FUZZ_RUNS_program := 60000
FUZZ_RUNS_host_link := 20000
FUZZ_RUNS_stub := 8000
FUZZ_RUNS_stop := 4000
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

# $(1) target, $(2) libFuzzer's options, $(3) directories of inputs; the first is where new ones go.
FUZZ_RUN = ASAN_OPTIONS=quarantine_size_mb=16 $(FUZZ_BUILD)/fuzz_$(1) -max_len=$(FUZZ_LENGTH_$(1)) -timeout=10 \
    -artifact_prefix=$(FUZZ_BUILD)/$(1)- $(2) $(3)

# Inputs that once found something, and those that reach what others do not; then new ones made from them.
check-fuzz: $(FUZZ_PROGRAMS)
	$(Q)rm -rf $(FUZZ_BUILD)/new && mkdir -p $(FUZZ_TARGETS:%=$(FUZZ_BUILD)/new/%)
	$(Q)$(foreach target,$(FUZZ_TARGETS),echo "fuzz_$(target)"; \
	    $(call FUZZ_RUN,$(target),-seed=1 -runs=$(FUZZ_RUNS_$(target)),$(FUZZ_BUILD)/new/$(target) \
	        tests/fuzz/corpus/$(target)) >$(FUZZ_BUILD)/$(target).log 2>&1 || \
	    { tail -n 40 $(FUZZ_BUILD)/$(target).log; exit 1; }; \
	    tail -n 1 $(FUZZ_BUILD)/$(target).log;) echo "$(words $(FUZZ_TARGETS)) passed, 0 failed"

TARGET ?= stub
SECONDS ?= 600
fuzz: $(FUZZ_BUILD)/fuzz_$(TARGET)
	$(Q)mkdir -p $(FUZZ_BUILD)/learnt/$(TARGET)
	$(Q)$(call FUZZ_RUN,$(TARGET),-max_total_time=$(SECONDS) -print_final_stats=1,$(FUZZ_BUILD)/learnt/$(TARGET) \
	    tests/fuzz/corpus/$(TARGET))

# Inputs with a name of their own are reproducers and stay; those that libFuzzer names by their hash are made anew.
fuzz-corpus: $(FUZZ_PROGRAMS)
	$(Q)python3 tests/fuzz/corpus.py $(FUZZ_BUILD) $(foreach target,$(FUZZ_TARGETS),$(target):$(FUZZ_LENGTH_$(target)))

# ---- Coverage: what the corpus reaches ----

FUZZ_COVERED := proto/frame.c proto/message.c proto/program.c proto/cursor.c proto/crc32c.c proto/stub_link.c \
    proto/host_link.c stub/runner.c stub/port_op.c stub/processor_op.c stub/memory_op.c stub/translate.c \
    stub/pci_op.c stub/space.c stub/attention.c stub/stop.c stub/step.c stub/stop_op.c stub/breakpoint.c \
    stub/stub.c stub/uart16550.c stub/rate.c stub/console.c
FUZZ_COVER_TARGETS := frame message program host_link stub stop
FUZZ_COVER_PROGRAMS = $(FUZZ_COVER_TARGETS:%=$(FUZZ_BUILD)/cover_%)

$(FUZZ_BUILD)/cover/%.o: %.c tests/fuzz/rules.mk
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fprofile-instr-generate -fcoverage-mapping -c -o $@ $<

# $(1) target
define FUZZ_COVER_PROGRAM
$$(FUZZ_BUILD)/cover_$(1): $$(FUZZ_BUILD)/cover/tests/fuzz/fuzz_$(1).o \
        $$(FUZZ_SOURCES_$(1):%.c=$$(FUZZ_BUILD)/cover/%.o)
	$$(Q)$$(FUZZ_CC) -fprofile-instr-generate -fsanitize=fuzzer -o $$@ $$^ $$(FUZZ_LIBS_$(1))
endef
$(foreach target,$(FUZZ_COVER_TARGETS),$(eval $(call FUZZ_COVER_PROGRAM,$(target))))

fuzz-coverage: $(FUZZ_COVER_PROGRAMS)
	$(Q)$(foreach target,$(FUZZ_COVER_TARGETS),LLVM_PROFILE_FILE=$(FUZZ_BUILD)/$(target).profraw \
	    $(FUZZ_BUILD)/cover_$(target) -runs=0 tests/fuzz/corpus/$(target) >$(FUZZ_BUILD)/cover.log 2>&1 || \
	    { cat $(FUZZ_BUILD)/cover.log; exit 1; };)
	$(Q)llvm-profdata merge -o $(FUZZ_BUILD)/cover.profdata $(FUZZ_COVER_TARGETS:%=$(FUZZ_BUILD)/%.profraw)
	$(Q)python3 tests/fuzz/coverage.py $(FUZZ_BUILD)/cover.profdata "$(FUZZ_COVER_PROGRAMS)" $(FUZZ_COVERED)
