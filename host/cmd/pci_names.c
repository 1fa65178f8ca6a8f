/* SPDX-License-Identifier: MIT */
/*
 * pci_names.c: implements pci_names.h. libpci is opened when it is needed, so that kdio runs without it; its header
 * tells what its functions are. Its network and hardware databases stay out: names come from the local file alone.
 */
#include "host/cmd/pci_names.h"

#include <dlfcn.h>
#include <pci/pci.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define LIBRARY "libpci.so.3"
#define FLAGS   (PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB)

struct pci_names {
    void *library;
    struct pci_access *access;
    __typeof__(pci_alloc) *alloc;
    __typeof__(pci_cleanup) *cleanup;
    __typeof__(pci_lookup_name) *lookup;
};

/* A function pointer from the data pointer that dlsym gives, as POSIX has it. */
#define LOAD(names, member, symbol) (*(void **)&(names)->member = dlsym((names)->library, symbol))

/* libpci speaks of what it does not find; without pci_init, which looks for devices on this host, nobody hears it. */
static void stay_silent(char *message, ...)
{
    (void)message;
}

static bool load(struct pci_names *names)
{
    names->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (names->library == NULL)
        return false;
    LOAD(names, alloc, "pci_alloc");
    LOAD(names, cleanup, "pci_cleanup");
    LOAD(names, lookup, "pci_lookup_name");
    if (names->alloc == NULL || names->cleanup == NULL || names->lookup == NULL)
        return false;
    names->access = names->alloc();
    if (names->access == NULL)
        return false;
    names->access->debug = names->access->warning = stay_silent;
    return true;
}

struct pci_names *pci_names_open(void)
{
    struct pci_names *names = calloc(1, sizeof(*names));

    if (names != NULL && !load(names)) {
        pci_names_close(names);
        names = NULL;
    }
    return names;
}

void pci_names_close(struct pci_names *names)
{
    if (names == NULL)
        return;
    if (names->access != NULL)
        names->cleanup(names->access);
    if (names->library != NULL)
        (void)dlclose(names->library);
    free(names);
}

/* With a file that cannot be read libpci finds nothing, and gives NULL. */
void pci_names_class(struct pci_names *names, uint16_t class_id, char text[static PCI_NAME_SIZE])
{
    const char *found = names != NULL
        ? names->lookup(names->access, text, PCI_NAME_SIZE, PCI_LOOKUP_CLASS | FLAGS, class_id) : NULL;

    if (found == NULL)
        text[0] = '\0';
    else if (found != text)
        (void)snprintf(text, PCI_NAME_SIZE, "%s", found);
}

void pci_names_device(struct pci_names *names, uint16_t vendor, uint16_t device, char text[static PCI_NAME_SIZE])
{
    char name[PCI_NAME_SIZE];
    const char *found = names != NULL
        ? names->lookup(names->access, name, sizeof(name), PCI_LOOKUP_VENDOR | FLAGS, vendor) : NULL;

    (void)snprintf(text, PCI_NAME_SIZE, "%s", found != NULL ? found : "");
    found = found != NULL
        ? names->lookup(names->access, name, sizeof(name), PCI_LOOKUP_DEVICE | FLAGS, vendor, device) : NULL;
    if (found != NULL) {
        char whole[2 * PCI_NAME_SIZE];
        (void)snprintf(whole, sizeof(whole), "%s %s", text, found);
        (void)snprintf(text, PCI_NAME_SIZE, "%.*s", PCI_NAME_SIZE - 1, whole);
    }
}
