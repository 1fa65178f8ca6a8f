/* SPDX-License-Identifier: MIT */
/* pci.h: the commands of PCI configuration: !pci, !dcb to !dcd and !ecb to !ecd. */
#ifndef KDIO_CMD_PCI_H
#define KDIO_CMD_PCI_H

#include "host/cmd/output.h"
#include "host/cmd/statement.h"

/* BUS.DEV.FN OFFSET [L COUNT] and BUS.DEV.FN OFFSET VALUE */
enum kdio_status pci_check(const struct statement *statement, const struct policy *policy, struct kdio_target *target);
enum kdio_status pci_append_read(const struct statement *statement, struct kdio_program *program);
enum kdio_status pci_append_write(const struct statement *statement, struct kdio_program *program);
void pci_print_read(const struct statement *statement, const struct results *results, struct output *output);
void pci_print_write(const struct statement *statement, const struct results *results, struct output *output);

/* [-a] [BUS.DEV.FN] */
enum exit_status pci_execute(const struct statement *statement, struct session *session);

#endif
