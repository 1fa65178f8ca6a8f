# SPDX-License-Identifier: MIT
#
# interpreter.mk: the part of host/cmd that executes commands on an open target. It uses kdio.h alone, and neither opens
# targets nor touches the process, so that libkdio can contain it (interpret.h).
INTERPRETER_SOURCES := $(addprefix host/cmd/,command.c dump.c execute.c failure.c hexdump.c info.c interpret.c \
    memory.c number.c operation.c output.c pci.c pci_names.c policy.c port.c processor.c progress.c run_control.c \
    script.c session.c statement.c terminal.c translate.c)
