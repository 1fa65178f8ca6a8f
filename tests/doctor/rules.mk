# SPDX-License-Identifier: MIT
#
# rules.mk: tests of `kdio doctor`: the judgement on recordings, under ASan and UBSan; and the command against live lines.

DOCTOR_TEST_BUILD := $(BUILD)/tests/doctor
DOCTOR_TEST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
DOCTOR_UNIT_SOURCES := tests/doctor/test_observation.c host/lib/observation.c host/lib/finding.c \
    $(wildcard proto/*.c)
DOCTOR_UNIT_OBJECTS := $(DOCTOR_UNIT_SOURCES:%.c=$(DOCTOR_TEST_BUILD)/unit/%.o)
DOCTOR_LINE_SOURCES := tests/doctor/line.c tests/lib/peer.c $(wildcard proto/*.c) \
    $(filter-out stub/memory.c,$(wildcard stub/*.c))
DOCTOR_LINE_OBJECTS := $(DOCTOR_LINE_SOURCES:%.c=$(DOCTOR_TEST_BUILD)/line-objects/%.o)

.PHONY: check-doctor

$(DOCTOR_TEST_BUILD)/unit/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) $(DOCTOR_TEST_SANITIZE) -c -o $@ $<

$(DOCTOR_TEST_BUILD)/line-objects/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) -Istub/include -c -o $@ $<

$(DOCTOR_TEST_BUILD)/test_observation: $(DOCTOR_UNIT_OBJECTS)
	$(Q)$(CC) $(DOCTOR_TEST_SANITIZE) -o $@ $^ $(LDFLAGS) -lcmocka

$(DOCTOR_TEST_BUILD)/line: $(DOCTOR_LINE_OBJECTS)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS)

check-doctor: $(DOCTOR_TEST_BUILD)/test_observation $(DOCTOR_TEST_BUILD)/line $(BUILD)/kdio boot
	$(Q)$< tests/doctor/transcripts
	$(Q)KDIO=$(BUILD)/kdio KDIO_LINE=$(DOCTOR_TEST_BUILD)/line KDIO_IMAGE_DIR=$(abspath $(BUILD)) \
	    PYTHONDONTWRITEBYTECODE=1 python3 tests/doctor/test_doctor.py
