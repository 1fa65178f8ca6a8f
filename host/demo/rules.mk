# SPDX-License-Identifier: MIT
# make demo: the main job, shown in about ten seconds.

DEMO_OBJECTS := $(patsubst %.c,$(BUILD)/host/%.o,$(wildcard host/demo/*.c))

.PHONY: demo
demo: all $(BUILD)/demo
	$(Q)KDIO_IMAGE_DIR=$(BUILD) $(BUILD)/demo qemu/launch

$(BUILD)/host/host/demo/%.o: HOST_CFLAGS += -Ihost/include/kdio/win

$(BUILD)/demo: $(DEMO_OBJECTS) $(BUILD)/libkdio.a
	@echo "  LD      $@"
	$(Q)$(CC) -o $@ $^ $(LDFLAGS) $(HOST_LIBS)
