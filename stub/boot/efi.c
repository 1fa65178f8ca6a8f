/* SPDX-License-Identifier: MIT */
/*
 * efi.c: the EFI entry. Everything that needs the firmware happens here: settings, banner, memory map, and its end. The
 * image's own memory (loader code and data) stays where it is for ever; boot services memory is left alone, as the
 * firmware's page tables, which are in force until the kernel's are, lie in it.
 */
#include <efi.h>

#include "stub/boot/boot.h"
#include "stub/boot/x86.h"

#define CONFIG_SIZE_MAX  4096u
#define EXIT_ATTEMPTS    16u
#define PRINT_PIECE      64u
#define MAP_SIZE         65536u

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static struct boot boot;
static UINT8 map_bytes[MAP_SIZE];

static void print(EFI_SYSTEM_TABLE *system, const char *text)
{
    CHAR16 piece[PRINT_PIECE + 1];

    while (*text) {
        UINTN count = 0;

        while (count < PRINT_PIECE && *text)
            piece[count++] = (CHAR16)(unsigned char)*text++;
        piece[count] = 0;
        system->ConOut->OutputString(system->ConOut, piece);
    }
}

static EFI_FILE_HANDLE config_open(EFI_BOOT_SERVICES *services, EFI_HANDLE volume)
{
    EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    EFI_FILE_IO_INTERFACE *files;
    EFI_FILE_HANDLE root, file;
    CHAR16 name[] = L"\\kdio.cfg";

    if (EFI_ERROR(services->HandleProtocol(volume, &guid, (void **)&files)) ||
        EFI_ERROR(files->OpenVolume(files, &root)))
        return NULL;
    if (EFI_ERROR(root->Open(root, &file, name, EFI_FILE_MODE_READ, 0)))
        file = NULL;
    root->Close(root);
    return file;
}

static void config_read(EFI_BOOT_SERVICES *services, EFI_HANDLE volume)
{
    static char bytes[CONFIG_SIZE_MAX];
    EFI_FILE_HANDLE file = config_open(services, volume);
    UINTN size = sizeof bytes;

    if (!file) {
        text_add(&boot.banner, "settings: no \\kdio.cfg on the boot volume\r\n");
        return;
    }
    if (EFI_ERROR(file->Read(file, &size, bytes)))
        size = 0;
    file->Close(file);
    text_add(&boot.banner, "settings: \\kdio.cfg, %lu bytes\r\n", (unsigned long)size);
    config_parse(&boot.config, bytes, size);
}

static BOOLEAN is_printable(const CHAR16 *options, UINTN count)
{
    for (UINTN i = 0; i < count; i++) {
        if (options[i] < ' ' || options[i] > '~')
            return FALSE;
    }
    return count > 0;
}

/* The EFI shell puts the command itself in front: it is the only word that names an image, and settings have a '='. */
static size_t command_size(const char *words, size_t size)
{
    size_t word = 0;

    while (word < size && words[word] != ' ' && words[word] != '=')
        word++;
    if (word >= 4 && word < size && words[word] == '=')
        return 0;
    return word >= 4 && words[word - 4] == '.' ? word : 0;
}

/* Boot managers also put binary data there, which is no text and is left alone. */
static void options_parse(const EFI_LOADED_IMAGE *loaded)
{
    static char words[CONFIG_SIZE_MAX];
    const CHAR16 *options = loaded->LoadOptions;
    UINTN count = options ? loaded->LoadOptionsSize / sizeof *options : 0;
    size_t skip;

    while (count && !options[count - 1])
        count--;
    if (count > sizeof words || !is_printable(options, count))
        return;
    for (UINTN i = 0; i < count; i++)
        words[i] = (char)options[i];
    skip = command_size(words, count);
    config_parse(&boot.config, words + skip, count - skip);
    text_add(&boot.banner, "settings: load options, %lu characters\r\n", (unsigned long)count);
}

static BOOLEAN guid_is_same(const EFI_GUID *a, const EFI_GUID *b)
{
    const UINT8 *x = (const UINT8 *)a, *y = (const UINT8 *)b;

    for (UINTN i = 0; i < sizeof *a; i++) {
        if (x[i] != y[i])
            return FALSE;
    }
    return TRUE;
}

static UINT64 table_find(const EFI_SYSTEM_TABLE *system, EFI_GUID guid)
{
    for (UINTN i = 0; i < system->NumberOfTableEntries; i++) {
        if (guid_is_same(&system->ConfigurationTable[i].VendorGuid, &guid))
            return (uintptr_t)system->ConfigurationTable[i].VendorTable;
    }
    return 0;
}

static void tables_find(const EFI_SYSTEM_TABLE *system)
{
    EFI_GUID guid2 = ACPI_20_TABLE_GUID, guid1 = ACPI_TABLE_GUID;
    UINT64 rsdp = table_find(system, guid2);

    acpi_find(&boot.acpi, rsdp ? rsdp : table_find(system, guid1));
}

static void range_add(const EFI_MEMORY_DESCRIPTOR *descriptor)
{
    enum memory_kind kind = descriptor->Attribute & EFI_MEMORY_WB ? MEMORY_RAM : MEMORY_DEVICE;

    if (descriptor->Type == EfiUnusableMemory)
        return;
    if (descriptor->Type == EfiConventionalMemory)
        kind = MEMORY_FREE;
    if (descriptor->Type == EfiMemoryMappedIO || descriptor->Type == EfiMemoryMappedIOPortSpace)
        kind = MEMORY_DEVICE;
    memory_add(&boot.memory, descriptor->PhysicalStart, descriptor->NumberOfPages * PAGE_SIZE, kind);
}

/*
 * A timer or a driver may change the memory map between the two calls, and then the key is stale: take both again.
 * After the first attempt the firmware is half gone, and nothing else may be called (UEFI 2.10, 7.4).
 */
static EFI_STATUS services_exit(EFI_BOOT_SERVICES *services, EFI_HANDLE image, UINTN *size, UINTN *descriptor_size)
{
    EFI_STATUS status = EFI_INVALID_PARAMETER;
    UINT32 version;
    UINTN key;

    for (unsigned i = 0; i < EXIT_ATTEMPTS && EFI_ERROR(status); i++) {
        *size = sizeof map_bytes;
        status = services->GetMemoryMap(size, (EFI_MEMORY_DESCRIPTOR *)(void *)map_bytes, &key, descriptor_size,
                                        &version);
        if (!EFI_ERROR(status))
            status = services->ExitBootServices(image, key);
    }
    return status;
}

/* Settings of the load options win over the file's: whoever gives them is nearer. */
static EFI_STATUS settings_read(EFI_SYSTEM_TABLE *system, EFI_HANDLE image)
{
    EFI_GUID guid = LOADED_IMAGE_PROTOCOL;
    EFI_LOADED_IMAGE *loaded;
    EFI_STATUS status = system->BootServices->HandleProtocol(image, &guid, (void **)&loaded);

    if (EFI_ERROR(status))
        return status;
    config_read(system->BootServices, loaded->DeviceHandle);
    options_parse(loaded);
    return EFI_SUCCESS;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    UINTN size, descriptor_size = 0;
    EFI_STATUS status;
    BOOLEAN chosen;

    boot_init(&boot, "EFI");
    status = settings_read(system, image);
    if (EFI_ERROR(status))
        return status;
    tables_find(system);
    chosen = boot_uart_choose(&boot);
    print(system, boot.banner.bytes);
    if (!chosen)
        return EFI_NOT_FOUND;
    print(system, "Leaving the firmware; from here on the kernel speaks through the UART only.\r\n");
    status = services_exit(system->BootServices, image, &size, &descriptor_size);
    if (EFI_ERROR(status))
        return status;
    (void)interrupts_off();
    for (UINTN at = 0; at + descriptor_size <= size; at += descriptor_size)
        range_add((const EFI_MEMORY_DESCRIPTOR *)(const void *)(map_bytes + at));
    kernel_enter(&boot);
}
