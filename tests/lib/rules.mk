# SPDX-License-Identifier: MIT
#
# rules.mk: tests of the host library against the real stub in a process of its own, under ASan and UBSan.

LIB_TEST_BUILD := $(BUILD)/tests/lib
LIB_TEST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
LIB_TEST_SOURCES := $(filter-out tests/lib/test_%,$(wildcard tests/lib/*.c)) $(wildcard proto/*.c) \
    $(wildcard host/lib/*.c) $(filter-out stub/memory.c,$(wildcard stub/*.c))
LIB_TEST_OBJECTS := $(LIB_TEST_SOURCES:%.c=$(LIB_TEST_BUILD)/%.o)
LIB_TEST_PROGRAMS := $(patsubst tests/lib/%.c,$(LIB_TEST_BUILD)/%,$(wildcard tests/lib/test_*.c))

.PHONY: check-lib
.SECONDARY: $(LIB_TEST_OBJECTS)

$(LIB_TEST_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) -Istub/include $(LIB_TEST_SANITIZE) -c -o $@ $<

$(LIB_TEST_PROGRAMS): $(LIB_TEST_BUILD)/%: $(LIB_TEST_BUILD)/tests/lib/%.o $(LIB_TEST_OBJECTS)
	$(Q)$(CC) $(LIB_TEST_SANITIZE) -o $@ $^ $(LDFLAGS) $(HOST_LIBS) -lcmocka

check-lib: $(LIB_TEST_PROGRAMS)
	$(Q)for program in $^; do $$program || exit 1; done
