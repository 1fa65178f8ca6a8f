# SPDX-License-Identifier: MIT
#
# rules.mk: the unit tests and the simulation of the link.
#
#   check-unit  every unit test, under AddressSanitizer and UndefinedBehaviorSanitizer
#   check-sim   scripted sessions, the sweep of single faults, and random sessions
#   mutants     breaks the link in some twenty ways; the simulation must see each
#   sim-speed   what a line carries, in exact figures on virtual time
#   sim         random sessions from seed SEED on, N of them; or what the last line of a failure says
#
# gcc whatever $(CC) is, as its sanitizers need no further package.

.PHONY: check-unit check-sim sim sim-speed mutants

UNIT_BUILD = $(BUILD)/tests/unit
UNIT_CFLAGS := -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -I. -Istub/include -Ihost/include -MMD -MP \
    -DVECTORS_DIRECTORY='"tests/unit/vectors"'
UNIT_TESTS := cursor crc32c session frame message program policy links
UNIT_SHARED := $(wildcard proto/*.c) tests/unit/vectors.c
UNIT_SHARED_OBJECTS = $(UNIT_SHARED:%.c=$(UNIT_BUILD)/%.o)
UNIT_PROGRAMS = $(UNIT_TESTS:%=$(UNIT_BUILD)/test_%)

$(UNIT_BUILD)/%.o: %.c tests/rules.mk
	@mkdir -p $(@D)
	$(Q)gcc $(UNIT_CFLAGS) -c -o $@ $<

$(UNIT_PROGRAMS): $(UNIT_BUILD)/%: $(UNIT_BUILD)/tests/unit/%.o $(UNIT_SHARED_OBJECTS)
	$(Q)gcc $(UNIT_CFLAGS) -o $@ $^ -lcmocka

# The vectors in the repository are what their independent maker writes.
check-unit: $(UNIT_PROGRAMS)
	$(Q)tests/unit/make_vectors $(UNIT_BUILD)/vectors
	$(Q)diff -r tests/unit/vectors $(UNIT_BUILD)/vectors
	$(Q)for test in $(UNIT_PROGRAMS); do $$test >$$test.log 2>&1 || { cat $$test.log; exit 1; }; \
	    tail -n 1 $$test.log; done

# The simulation runs the stub as it is, with its driver, but for its memory functions: those are the sanitizers' here.
SIM_BUILD = $(BUILD)/tests/sim
SIM_SOURCES := $(wildcard tests/sim/*.c) $(wildcard proto/*.c) $(filter-out stub/memory.c,$(wildcard stub/*.c))
SIM_OBJECTS = $(SIM_SOURCES:%.c=$(SIM_BUILD)/%.o)
SIM = $(SIM_BUILD)/sim
SEED ?= 1
N ?= 200

$(SIM_BUILD)/%.o: %.c tests/rules.mk
	@mkdir -p $(@D)
	$(Q)gcc $(UNIT_CFLAGS) -O2 -c -o $@ $<

$(SIM): $(SIM_OBJECTS)
	$(Q)gcc $(UNIT_CFLAGS) -o $@ $^

check-sim: $(SIM)
	$(Q)$(SIM) script
	$(Q)$(SIM) speed
	$(Q)$(SIM) sweep 1
	$(Q)$(SIM) random 1 $(N)

sim-speed: $(SIM)
	$(Q)$(SIM) speed

sim: $(SIM)
	$(Q)$(SIM) $(if $(SCRIPT),script $(SCRIPT),$(if $(SWEEP),sweep $(SWEEP),random $(SEED) $(N)))

mutants:
	$(Q)tests/sim/mutants $(BUILD)/tests
