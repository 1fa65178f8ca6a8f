/* SPDX-License-Identifier: MIT */
/* test_loader.c: extensions through IDebugControl: what is loaded, what is refused and why, and what is called. */
#include "tests/win/client_fixture.h"
#include "tests/win/fake_interpret.h"

#include <stdio.h>
#include <stdlib.h>

WINDBG_EXTENSION_APIS ExtensionApis;

/* Where the extensions are: beside the test. */
static const char *directory;

static const char *extension(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/ext_%s.so", directory, name);
    return path;
}

/* ---- What is printed ---- */

static char printed[0x10000];
static char errors[0x10000];

static HRESULT sink_query(IDebugOutputCallbacks *This, REFIID iid, PVOID *out)
{
    (void)This;
    (void)iid;
    *out = NULL;
    return E_NOINTERFACE;
}

static ULONG sink_count(IDebugOutputCallbacks *This)
{
    (void)This;
    return 1;
}

static HRESULT sink_output(IDebugOutputCallbacks *This, ULONG mask, PCSTR text)
{
    char *to = mask == DEBUG_OUTPUT_ERROR ? errors : printed;
    (void)This;
    assert_true(strlen(to) + strlen(text) < sizeof(printed));
    strcat(to, text);
    return S_OK;
}

static const IDebugOutputCallbacksVtbl sink_methods = { sink_query, sink_count, sink_count, sink_output };
static IDebugOutputCallbacks sink = { &sink_methods };

static int create_listening(void **state)
{
    fixture_create(state);
    printed[0] = errors[0] = '\0';
    assert_hresult(CALL(((struct fixture *)*state)->client, SetOutputCallbacks, &sink), S_OK);
    return 0;
}

static int create_attached(void **state)
{
    create_listening(state);
    fixture_attach(*state);
    return 0;
}
#define TEST_LOADER(name) cmocka_unit_test_setup_teardown(name, create_listening, fixture_release)
#define TEST_CALLS(name) cmocka_unit_test_setup_teardown(name, create_attached, fixture_release)

static ULONG64 load(struct fixture *fixture, const char *name)
{
    ULONG64 handle = 0;
    HRESULT result = CALL(fixture->control, AddExtension, extension(name), 0, &handle);
    if (result != S_OK)
        fail_msg("%s: 0x%08x %s", name, (unsigned)result, errors);
    return handle;
}

static void call(struct fixture *fixture, ULONG64 handle, const char *command, const char *arguments, uint32_t expected)
{
    printed[0] = errors[0] = '\0';
    assert_hresult(CALL(fixture->control, CallExtension, handle, command, arguments), expected);
}

/* ---- Refused ---- */

static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        uint32_t expected;
        const char *why;
    } rows[] = {
        { "absent", 0x80070002, "No such file" },
        { "none", 0x8007007f, "neither DebugExtensionInitialize nor WinDbgExtensionDllInit" },
        { "no_version", 0x8007007f, "no ExtensionApiVersion" },
        { "revision", 0x800700c1, "unknown revision" },
        { "init", 0x80070005, "DebugExtensionInitialize returned 0x80070005" },
        { "symbol", 0x800700c1, "missing_from_everywhere" },
        { "text", 0x800700c1, "invalid ELF header" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ULONG64 handle = 99;
        errors[0] = '\0';
        assert_hresult(CALL(fixture->control, AddExtension, extension(rows[i].name), 0, &handle), rows[i].expected);
        assert_int_equal(handle, 99);
        if (strstr(errors, rows[i].why) == NULL)
            fail_msg("%s: %s", rows[i].name, errors);
    }
    ULONG64 handle;
    assert_hresult(CALL(fixture->control, AddExtension, NULL, 0, &handle), 0x80070057);
    assert_hresult(CALL(fixture->control, AddExtension, "", 0, &handle), 0x80070057);
    assert_hresult(CALL(fixture->control, AddExtension, extension("pci"), 1, &handle), 0x80070057);
    assert_hresult(CALL(fixture->control, AddExtension, extension("pci"), 0, NULL), 0x80070057);
}

/* ---- Handles ---- */

static void test_handles(void **state)
{
    struct fixture *fixture = *state;
    ULONG64 pci = load(fixture, "pci"), spaces = load(fixture, "spaces"), found = 0;
    assert_int_not_equal(pci, spaces);
    assert_int_equal(load(fixture, "pci"), pci);
    assert_hresult(CALL(fixture->control, GetExtensionByPath, extension("spaces"), &found), S_OK);
    assert_int_equal(found, spaces);
    assert_hresult(CALL(fixture->control, GetExtensionByPath, "ext_pci", &found), S_OK);
    assert_int_equal(found, pci);
    assert_hresult(CALL(fixture->control, GetExtensionByPath, "ext_p", &found), E_NOINTERFACE);
    assert_hresult(CALL(fixture->control, RemoveExtension, pci), S_OK);
    assert_hresult(CALL(fixture->control, RemoveExtension, pci), 0x80070057);
    assert_hresult(CALL(fixture->control, GetExtensionByPath, "ext_pci", &found), E_NOINTERFACE);
    call(fixture, pci, "pcilist", "", 0x80070057);
}

/* ---- Called ---- */

static void test_wdbgexts_command(void **state)
{
    struct fixture *fixture = *state;
    ULONG64 handle = load(fixture, "pci");
    fake.value = 0x29c08086;
    call(fixture, handle, "pcilist", "0", 0);
    assert_non_null(strstr(printed, "00:00.0 8086:29c0 class 29c0\n"));
    call(fixture, handle, "show", "10000 more", 0);
    assert_string_equal(printed, "0000000000010000: 10111213\nname '', processor 0 of 1, checks 1, rest 'more'\n");
    call(fixture, handle, "show", "14000", 0);
    assert_non_null(strstr(printed, "unreadable, 0 bytes"));
    call(fixture, handle, "show", "nt!symbol", 0);
    assert_string_equal(printed, "no expression: nt!symbol\n");
    call(fixture, handle, "show", NULL, 0);
    assert_string_equal(printed, "no expression: \n");
}

static void test_dbgeng_command(void **state)
{
    struct fixture *fixture = *state;
    ULONG64 handle = load(fixture, "spaces");
    call(fixture, handle, "state", "a b", 0);
    assert_string_equal(printed, "status 6, accessible 1, args 'a b'\n");
    call(fixture, handle, "phys", "1000", 0);
    assert_string_equal(printed, "1000: 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f\n");
    call(fixture, handle, "decline", "", 0xd0000271);
}

/* Only the file's own functions are commands, and not those that the engine calls. */
static void test_no_commands(void **state)
{
    struct fixture *fixture = *state;
    ULONG64 pci = load(fixture, "pci");
    static const char *const names[] = { "nosuch", "printf", "malloc", "ExtensionApis", "ApiVersion", "Checks",
                                         "WinDbgExtensionDllInit", "ExtensionApiVersion", "CheckVersion", "PCILIST" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        call(fixture, pci, names[i], "", 0x8007007f);
    call(fixture, pci, "", "", 0x80070057);
    call(fixture, pci, NULL, "", 0x80070057);
}

/* Without a handle the latest is asked first, and the next when it declines. */
static void test_search(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "pci");
    load(fixture, "spaces");
    call(fixture, 0, "show", "10000", 0);
    assert_non_null(strstr(printed, "10111213"));
    call(fixture, 0, "state", "", 0);
    call(fixture, 0, "nosuch", "", 0x8007007f);
}

static void test_extension_function(void **state)
{
    struct fixture *fixture = *state;
    ULONG64 handle = load(fixture, "spaces");
    FARPROC function = NULL;
    assert_hresult(CALL(fixture->control, GetExtensionFunction, handle, "sum", &function), S_OK);
    HRESULT (*sum)(ULONG, ULONG) = (HRESULT(*)(ULONG, ULONG))(void (*)(void))function;
    assert_int_equal(sum(2, 3), 5);
    assert_hresult(CALL(fixture->control, GetExtensionFunction, handle, "none", &function), E_NOINTERFACE);
    assert_null(function);
}

/* The 32-bit form: addresses are the sign-extended ones of the target. */
static void test_old_extension(void **state)
{
    struct fixture *fixture = *state;
    ULONG64 handle = load(fixture, "old");
    call(fixture, handle, "high", "", 0);
    assert_string_equal(printed, "1 1 80 1234\n");
}

/* ---- Commands as text ---- */

static void execute(struct fixture *fixture, const char *text, uint32_t expected)
{
    printed[0] = errors[0] = '\0';
    assert_hresult(CALL(fixture->control, Execute, DEBUG_OUTCTL_THIS_CLIENT, text, DEBUG_EXECUTE_DEFAULT), expected);
}

static void test_execute_extension(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "spaces");
    execute(fixture, "!state  x y", 0);
    assert_string_equal(printed, "status 6, accessible 1, args 'x y'\n");
    execute(fixture, "  !ext_spaces.state", 0);
    assert_string_equal(printed, "status 6, accessible 1, args ''\n");
    execute(fixture, "!ext_spaces.nosuch", 0x8007007f);
    assert_hresult(CALL(fixture->control, Execute, 0, NULL, 0), 0x80070057);
    assert_hresult(CALL(fixture->control, Execute, 0, "x", 8), 0x80070057);
}

static void test_execute_command(void **state)
{
    struct fixture *fixture = *state;
    execute(fixture, "ob 80 1", 0);
    assert_string_equal(fake_interpreter.line, "ob 80 1");
    assert_string_equal(printed, "one\ntwo\n");
    execute(fixture, "!pci", 0);
    assert_string_equal(fake_interpreter.line, "!pci");
    execute(fixture, "nonsense", 0x80004005);
    assert_string_equal(errors, "unknown command 'nonsense'\n");
    execute(fixture, "refused", 0xd000000e);
    printed[0] = '\0';
    assert_hresult(CALL(fixture->control, Execute, DEBUG_OUTCTL_IGNORE, "ob 80 1", DEBUG_EXECUTE_DEFAULT), S_OK);
    assert_string_equal(printed, "");
    assert_hresult(CALL(fixture->control, Execute, 0, "ob 80 1", DEBUG_EXECUTE_ECHO), S_OK);
    assert_string_equal(printed, "ob 80 1\none\ntwo\n");
}

/* The interpreter cannot tell writes from reads beforehand: while writes are held, it is read-only. */
static void test_execute_holds(void **state)
{
    struct fixture *fixture = *state;
    UCHAR byte = 0;
    fake.access_status = KDIO_TIMEOUT;
    fake.access_outcome = KDIO_OUTCOME_UNKNOWN;
    assert_hresult(CALL(fixture->spaces, WriteIo, 1, 0, 1, 0x80, &byte, 1, NULL), 0x800705b4);
    execute(fixture, "ob 80 1", 0x800705b4);
    assert_true(fake_interpreter.read_only);
    assert_hresult(kdio_win_last_hresult(), 0x800705b4);
    execute(fixture, "ob 80 1", 0);
    assert_false(fake_interpreter.read_only);
}

static struct fixture *current;

static void interrupt(void)
{
    fake.during_call = NULL;
    assert_hresult(CALL(current->control, SetInterrupt, DEBUG_INTERRUPT_ACTIVE), S_OK);
}

static void test_execute_interrupted(void **state)
{
    current = *state;
    fake.during_call = interrupt;
    execute(current, "long", 0xd000013a);
}

static void test_execute_file(void **state)
{
    struct fixture *fixture = *state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/commands.txt", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("ob 80 1\r\nnonsense\nob 80 2\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    fake_interpreter.calls = 0;
    assert_hresult(CALL(fixture->control, ExecuteCommandFile, 0, path, 0), 0x80004005);
    assert_int_equal(fake_interpreter.calls, 2);
    assert_hresult(CALL(fixture->control, ExecuteCommandFile, 0, "/nowhere/at/all", 0), 0x80070002);
    assert_hresult(CALL(fixture->control, ExecuteCommandFile, 0, NULL, 0), 0x80070057);
}

static void test_execute_without_target(void **state)
{
    execute(*state, "ob 80 1", 0x8000ffff);
}

/* A session that begins or ends is told. */
static void test_notified(void **state)
{
    struct fixture *fixture = *state;
    ULONG64 handle = load(fixture, "spaces");
    call(fixture, handle, "state", "", 0);
    assert_string_equal(printed, "status 7, accessible 0, args ''\n");
    fixture_attach(fixture);
    call(fixture, handle, "state", "", 0);
    assert_string_equal(printed, "status 6, accessible 1, args ''\n");
    assert_hresult(CALL(fixture->client, EndSession, DEBUG_END_PASSIVE), S_OK);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_LOADER(test_refused),
        TEST_LOADER(test_handles),
        TEST_CALLS(test_wdbgexts_command),
        TEST_CALLS(test_dbgeng_command),
        TEST_CALLS(test_no_commands),
        TEST_CALLS(test_search),
        TEST_CALLS(test_extension_function),
        TEST_CALLS(test_old_extension),
        TEST_CALLS(test_execute_extension),
        TEST_CALLS(test_execute_command),
        TEST_CALLS(test_execute_holds),
        TEST_CALLS(test_execute_interrupted),
        TEST_CALLS(test_execute_file),
        TEST_LOADER(test_execute_without_target),
        TEST_LOADER(test_notified),
    };
    char *slash = strrchr(argv[0], '/');
    (void)argc;
    if (slash == NULL)
        return 2;
    *slash = '\0';
    directory = argv[0];
    return cmocka_run_group_tests_name("win/loader", tests, NULL, NULL);
}
