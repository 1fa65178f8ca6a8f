/* SPDX-License-Identifier: MIT */
/* test_client.c: identity and life of a client, sessions, waiting, output, and every method that is absent. */
#include "tests/win/client_fixture.h"

#include <pthread.h>
#include <stdlib.h>

#include <kdio/win/wdm.h>

static struct fixture *current; /* For what runs inside a call of the library. */

/* ---- Identity ---- */

static const IID *const interfaces[] = {
    &IID_IUnknown,         &IID_IDebugClient,      &IID_IDebugControl,     &IID_IDebugDataSpaces,
    &IID_IDebugDataSpaces2, &IID_IDebugDataSpaces3, &IID_IDebugDataSpaces4, &IID_IDebugRegisters,
    &IID_IDebugSystemObjects,
};
#define INTERFACE_COUNT (sizeof(interfaces) / sizeof(interfaces[0]))

/* From each interface each other is reached, always at the same address, and there is one IUnknown. */
static void test_query_is_total(void **state)
{
    struct fixture *fixture = *state;
    void *from_client[INTERFACE_COUNT];
    for (size_t i = 0; i < INTERFACE_COUNT; i++)
        from_client[i] = fixture_interface(fixture, interfaces[i]);
    for (size_t i = 0; i < INTERFACE_COUNT; i++) {
        IUnknown *from = from_client[i];
        for (size_t j = 0; j < INTERFACE_COUNT; j++) {
            void *to = NULL;
            assert_hresult(CALL(from, QueryInterface, interfaces[j], &to), S_OK);
            assert_ptr_equal(to, from_client[j]);
            assert_int_equal(CALL((IUnknown *)to, Release), 3 + INTERFACE_COUNT);
        }
    }
    for (size_t i = 0; i < INTERFACE_COUNT; i++)
        CALL((IUnknown *)from_client[i], Release);
}

static void test_query_refuses(void **state)
{
    struct fixture *fixture = *state;
    void *out = fixture;
    assert_hresult(CALL(fixture->client, QueryInterface, &IID_IDebugOutputCallbacks, &out), E_NOINTERFACE);
    assert_null(out);
    assert_hresult(CALL(fixture->client, QueryInterface, &IID_IDebugClient, NULL), E_INVALIDARG);
    assert_hresult(CALL(fixture->client, QueryInterface, NULL, &out), E_INVALIDARG);
}

static void test_references_are_shared(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(CALL(fixture->client, AddRef), 4);
    assert_int_equal(CALL(fixture->control, AddRef), 5);
    assert_int_equal(CALL(fixture->spaces, Release), 4);
    assert_int_equal(CALL(fixture->spaces, Release), 3);
}

static void test_create_any_interface(void **state)
{
    (void)state;
    for (size_t i = 0; i < INTERFACE_COUNT; i++) {
        void *out = NULL;
        assert_hresult(DebugCreate(interfaces[i], &out), S_OK);
        assert_int_equal(CALL((IUnknown *)out, Release), 0);
    }
}

static void test_create_refuses(void **state)
{
    void *out = &out;
    (void)state;
    assert_hresult(DebugCreate(&IID_IDebugBreakpoint, &out), E_NOINTERFACE);
    assert_null(out);
    assert_hresult(DebugCreate(&IID_IDebugClient, NULL), E_INVALIDARG);
    assert_hresult(DebugCreate(NULL, &out), E_INVALIDARG);
    out = &out;
    assert_hresult(DebugConnect("tcp:server=x", &IID_IDebugClient, &out), E_NOTIMPL);
    assert_null(out);
}

static void *take_and_drop(void *context)
{
    struct fixture *fixture = context;
    for (int i = 0; i < 10000; i++) {
        CALL(fixture->client, AddRef);
        CALL(fixture->spaces, Release);
    }
    return NULL;
}

static void test_references_from_threads(void **state)
{
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_drop, *state), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- Sessions ---- */

static HRESULT attach(struct fixture *fixture, ULONG flags, const char *options)
{
    return CALL(fixture->client, AttachKernel, flags, options);
}

static void test_attach_and_end(void **state)
{
    struct fixture *fixture = *state;
    assert_hresult(attach(fixture, DEBUG_ATTACH_KERNEL_CONNECTION, "com:pipe,port=/run/t"), S_OK);
    assert_string_equal(fake.gensio, "unix,/run/t");
    assert_hresult(attach(fixture, DEBUG_ATTACH_KERNEL_CONNECTION, "com:pipe,port=/run/t"), E_UNEXPECTED);
    assert_int_equal(fake.opens, 1);
    assert_hresult(CALL(fixture->client, EndSession, 5), E_INVALIDARG);
    assert_int_equal(fake.closes, 0);
    assert_hresult(CALL(fixture->client, EndSession, DEBUG_END_PASSIVE), S_OK);
    assert_int_equal(fake.closes, 1);
    assert_hresult(CALL(fixture->client, EndSession, DEBUG_END_PASSIVE), E_UNEXPECTED);
}

static void test_attach_refuses(void **state)
{
    assert_hresult(attach(*state, DEBUG_ATTACH_LOCAL_KERNEL, NULL), E_NOTIMPL);
    assert_hresult(attach(*state, DEBUG_ATTACH_EXDI_DRIVER, "x"), E_NOTIMPL);
    assert_hresult(attach(*state, 3, "gensio:x"), E_INVALIDARG);
    assert_hresult(attach(*state, DEBUG_ATTACH_KERNEL_CONNECTION, NULL), E_INVALIDARG);
    assert_hresult(attach(*state, DEBUG_ATTACH_KERNEL_CONNECTION, "com:port="), E_INVALIDARG);
    assert_int_equal(fake.opens, 0);
}

static void test_attach_fails(void **state)
{
    static const struct {
        enum kdio_status status;
        uint32_t expected;
    } rows[] = {
        { KDIO_NO_CONNECTION, 0x8007048f }, { KDIO_NO_ANSWER, 0x80070079 }, { KDIO_NOT_KDIO, 0x8007003a },
        { KDIO_VERSION, 0x8007051a },       { KDIO_SYSTEM, 0x80004005 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fake.open_status = rows[i].status;
        assert_hresult(attach(*state, 0, "gensio:x"), rows[i].expected);
        assert_int_equal(fake.opens, i + 1);
        assert_int_equal(fake.closes, i + 1);
    }
    fake.open_without_target = true;
    assert_hresult(attach(*state, 0, "gensio:x"), E_OUTOFMEMORY);
}

static void test_release_ends_session(void **state)
{
    void *out = NULL;
    (void)state;
    assert_hresult(DebugCreate(&IID_IDebugClient, &out), S_OK);
    IDebugClient *client = out;
    assert_hresult(CALL(client, AttachKernel, 0, "gensio:x"), S_OK);
    assert_int_equal(CALL(client, Release), 0);
    assert_int_equal(fake.closes, 1);
}

static void test_connection_options(void **state)
{
    struct fixture *fixture = *state;
    char text[16] = "unset";
    ULONG size = 99;
    assert_hresult(CALL(fixture->client, GetKernelConnectionOptions, text, 16, &size), E_UNEXPECTED);
    assert_int_equal(size, 0);
    fixture_attach(fixture);
    assert_hresult(CALL(fixture->client, GetKernelConnectionOptions, text, 16, &size), S_OK);
    assert_string_equal(text, "gensio:fake");
    assert_int_equal(size, 12);
    assert_hresult(CALL(fixture->client, GetKernelConnectionOptions, text, 7, NULL), S_FALSE);
    assert_string_equal(text, "gensio");
    assert_hresult(CALL(fixture->client, GetKernelConnectionOptions, NULL, 0, &size), S_FALSE);
    assert_int_equal(size, 12);
}

/* ---- What there is to say about the target ---- */

static void test_facts_without_target(void **state)
{
    struct fixture *fixture = *state;
    ULONG one = 77, two = 77;
    assert_hresult(CALL(fixture->control, GetExecutionStatus, &one), S_OK);
    assert_int_equal(one, DEBUG_STATUS_NO_DEBUGGEE);
    assert_hresult(CALL(fixture->control, GetDebuggeeType, &one, &two), S_OK);
    assert_int_equal(one, DEBUG_CLASS_UNINITIALIZED);
    one = 77;
    assert_hresult(CALL(fixture->control, GetNumberProcessors, &one), E_UNEXPECTED);
    assert_hresult(CALL(fixture->control, GetPageSize, &one), E_UNEXPECTED);
    assert_hresult(CALL(fixture->control, GetActualProcessorType, &one), E_UNEXPECTED);
    assert_int_equal(one, 77);
    assert_hresult(CALL(fixture->control, IsPointer64Bit), E_UNEXPECTED);
}

static void test_facts_attached(void **state)
{
    struct fixture *fixture = *state;
    ULONG one, two;
    assert_hresult(CALL(fixture->control, GetExecutionStatus, &one), S_OK);
    assert_int_equal(one, DEBUG_STATUS_BREAK);
    assert_hresult(CALL(fixture->control, GetDebuggeeType, &one, &two), S_OK);
    assert_int_equal(one, DEBUG_CLASS_KERNEL);
    assert_int_equal(two, DEBUG_KERNEL_CONNECTION);
    assert_hresult(CALL(fixture->control, GetNumberProcessors, &one), S_OK);
    assert_int_equal(one, 1);
    assert_hresult(CALL(fixture->control, GetPageSize, &one), S_OK);
    assert_int_equal(one, 4096);
    assert_hresult(CALL(fixture->control, IsPointer64Bit), S_OK);
    assert_hresult(CALL(fixture->control, GetActualProcessorType, &one), S_OK);
    assert_int_equal(one, 0x8664);
    assert_hresult(CALL(fixture->control, GetExecutingProcessorType, &one), S_OK);
    assert_int_equal(one, 0x8664);
    assert_hresult(CALL(fixture->control, GetEffectiveProcessorType, &one), S_OK);
    assert_int_equal(one, 0x8664);
    assert_hresult(CALL(fixture->control, GetPageSize, NULL), E_INVALIDARG);
    assert_hresult(CALL(fixture->control, GetExecutionStatus, NULL), E_INVALIDARG);
    assert_hresult(CALL(fixture->control, GetDebuggeeType, NULL, &two), E_INVALIDARG);
}

/* ---- Waiting and interrupts ---- */

static HRESULT wait(struct fixture *fixture, ULONG timeout)
{
    return CALL(fixture->control, WaitForEvent, DEBUG_WAIT_DEFAULT, timeout);
}

static void test_wait(void **state)
{
    struct fixture *fixture = *state;
    assert_hresult(wait(fixture, 0), E_UNEXPECTED);
    fixture_attach(fixture);
    assert_hresult(CALL(fixture->control, WaitForEvent, 1, 0), E_INVALIDARG);
    assert_hresult(wait(fixture, INFINITE), S_OK);
    assert_int_equal(fake.services, 0);
    assert_hresult(wait(fixture, 250), S_FALSE);
    assert_int_equal(fake.service_ms, 250);
    assert_hresult(wait(fixture, 0), S_FALSE);
    fake.service_ms = 0;
    assert_hresult(wait(fixture, 150000), S_FALSE);
    assert_int_equal(fake.service_ms, 150000);
    fake.service_status = KDIO_RESET;
    assert_hresult(wait(fixture, INFINITE), 0x800704d4);
}

static void test_interrupts(void **state)
{
    struct fixture *fixture = *state;
    assert_hresult(CALL(fixture->control, GetInterrupt), S_FALSE);
    assert_hresult(CALL(fixture->control, SetInterrupt, DEBUG_INTERRUPT_PASSIVE), S_OK);
    assert_hresult(CALL(fixture->control, GetInterrupt), S_OK);
    assert_hresult(CALL(fixture->control, GetInterrupt), S_FALSE);
    assert_hresult(CALL(fixture->control, SetInterrupt, 3), E_INVALIDARG);
    assert_hresult(CALL(fixture->control, GetInterrupt), S_FALSE);
}

static void interrupt_wait(void)
{
    assert_hresult(CALL(current->control, SetInterrupt, DEBUG_INTERRUPT_EXIT), S_OK);
}

static void test_interrupt_ends_wait(void **state)
{
    current = *state;
    assert_hresult(wait(current, 0), S_OK);
    fake.during_call = interrupt_wait;
    assert_hresult(wait(current, INFINITE), E_PENDING);
    assert_int_equal(fake.services, 1);
    fake.during_call = NULL;
    assert_hresult(wait(current, 10), S_FALSE);
}

/* An access is never cut short: that would make its outcome unknown. */
static void test_interrupt_leaves_accesses_alone(void **state)
{
    struct fixture *fixture = *state;
    assert_hresult(CALL(fixture->control, SetInterrupt, DEBUG_INTERRUPT_ACTIVE), S_OK);
    assert_false(fake.options.interrupted(fake.options.context));
}

/* ---- Output ---- */

struct sink {
    IDebugOutputCallbacks callbacks;
    ULONG references;
    ULONG mask;
    char text[2048];
};

static HRESULT sink_query(IDebugOutputCallbacks *This, REFIID iid, PVOID *out)
{
    (void)This;
    (void)iid;
    *out = NULL;
    return E_NOINTERFACE;
}

static ULONG sink_hold(IDebugOutputCallbacks *This)
{
    return ++((struct sink *)This)->references;
}

static ULONG sink_drop(IDebugOutputCallbacks *This)
{
    return --((struct sink *)This)->references;
}

static HRESULT sink_output(IDebugOutputCallbacks *This, ULONG Mask, PCSTR Text)
{
    struct sink *sink = (struct sink *)This;
    sink->mask = Mask;
    assert_true(strlen(sink->text) + strlen(Text) < sizeof(sink->text));
    strcat(sink->text, Text);
    return S_OK;
}

static const IDebugOutputCallbacksVtbl sink_methods = { sink_query, sink_hold, sink_drop, sink_output };

static void sink_start(struct sink *sink, struct fixture *fixture)
{
    *sink = (struct sink){ .callbacks = { &sink_methods } };
    assert_hresult(CALL(fixture->client, SetOutputCallbacks, &sink->callbacks), S_OK);
}

static void sink_stop(struct sink *sink, struct fixture *fixture)
{
    assert_hresult(CALL(fixture->client, SetOutputCallbacks, NULL), S_OK);
    assert_int_equal(sink->references, 0);
}

static void expect_output(struct sink *sink, ULONG mask, const char *text)
{
    assert_string_equal(sink->text, text);
    assert_int_equal(sink->mask, mask);
    sink->text[0] = '\0';
}

static HRESULT output_list(struct fixture *fixture, ULONG mask, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    HRESULT result = CALL(fixture->control, OutputVaList, mask, format, args);
    va_end(args);
    return result;
}

static void test_output(void **state)
{
    struct fixture *fixture = *state;
    struct sink sink;
    assert_hresult(CALL(fixture->control, Output, DEBUG_OUTPUT_NORMAL, "nobody listens %d", 1), S_OK);
    sink_start(&sink, fixture);
    assert_hresult(CALL(fixture->control, Output, DEBUG_OUTPUT_NORMAL, "%s %lx %I64x\n", "a", (ULONG)-1, 1ull), S_OK);
    expect_output(&sink, DEBUG_OUTPUT_NORMAL, "a ffffffff 1\n");
    assert_hresult(output_list(fixture, DEBUG_OUTPUT_ERROR, "%u", 7u), S_OK);
    expect_output(&sink, DEBUG_OUTPUT_ERROR, "7");
    assert_hresult(CALL(fixture->control, Output, DEBUG_OUTPUT_NORMAL, NULL), E_INVALIDARG);
    sink_stop(&sink, fixture);
}

static void test_controlled_output(void **state)
{
    struct fixture *fixture = *state;
    struct sink sink;
    sink_start(&sink, fixture);
    assert_hresult(CALL(fixture->control, ControlledOutput, DEBUG_OUTCTL_ALL_CLIENTS, DEBUG_OUTPUT_NORMAL, "x"), S_OK);
    expect_output(&sink, DEBUG_OUTPUT_NORMAL, "x");
    assert_hresult(CALL(fixture->control, ControlledOutput, DEBUG_OUTCTL_AMBIENT, DEBUG_OUTPUT_ERROR, "y"), S_OK);
    expect_output(&sink, DEBUG_OUTPUT_ERROR, "y");
    for (ULONG nobody = DEBUG_OUTCTL_ALL_OTHER_CLIENTS; nobody <= DEBUG_OUTCTL_LOG_ONLY; nobody++)
        assert_hresult(CALL(fixture->control, ControlledOutput, nobody, DEBUG_OUTPUT_ERROR, "z"), S_OK);
    assert_string_equal(sink.text, "");
    sink_stop(&sink, fixture);
}

static void test_output_mask_and_callbacks(void **state)
{
    struct fixture *fixture = *state;
    struct sink sink;
    ULONG mask = 0;
    PDEBUG_OUTPUT_CALLBACKS got = NULL;
    sink_start(&sink, fixture);
    assert_hresult(CALL(fixture->client, GetOutputMask, &mask), S_OK);
    assert_true(mask & DEBUG_OUTPUT_DEBUGGEE);
    assert_hresult(CALL(fixture->client, SetOutputMask, DEBUG_OUTPUT_ERROR), S_OK);
    assert_hresult(CALL(fixture->control, Output, DEBUG_OUTPUT_NORMAL, "masked"), S_OK);
    assert_string_equal(sink.text, "");
    assert_hresult(CALL(fixture->client, GetOutputCallbacks, &got), S_OK);
    assert_ptr_equal(got, &sink.callbacks);
    assert_int_equal(CALL(got, Release), 1);
    assert_hresult(CALL(fixture->client, FlushCallbacks), S_OK);
    sink_stop(&sink, fixture);
}

static void test_console_reaches_callbacks(void **state)
{
    struct fixture *fixture = *state;
    struct sink sink;
    char text[601];
    memset(text, 't', 600);
    text[600] = '\0';
    sink_start(&sink, fixture);
    fake.options.console(fake.options.context, text, 600);
    expect_output(&sink, DEBUG_OUTPUT_DEBUGGEE, text);
    sink_stop(&sink, fixture);
}

static void test_failed_attach_says_why(void **state)
{
    struct fixture *fixture = *state;
    struct sink sink;
    sink_start(&sink, fixture);
    fake.open_status = KDIO_NO_CONNECTION;
    assert_hresult(attach(fixture, 0, "gensio:there"), 0x8007048f);
    expect_output(&sink, DEBUG_OUTPUT_ERROR, "AttachKernel: cannot open there\n");
    sink_stop(&sink, fixture);
}

/* ---- Calls from callbacks ---- */

static void call_again(void)
{
    UCHAR byte = 0;
    ULONG count = 99;
    fake.during_call = NULL;
    assert_hresult(CALL(current->spaces, WriteIo, Isa, 0, 1, 0x80, &byte, 1, &count), E_UNEXPECTED);
    assert_int_equal(count, 0);
    assert_hresult(CALL(current->client, EndSession, 0), E_UNEXPECTED);
    assert_hresult(wait(current, 0), E_UNEXPECTED);
    assert_hresult(attach(current, 0, "gensio:x"), E_UNEXPECTED);
}

static void test_busy_client_refuses(void **state)
{
    UCHAR byte = 0;
    current = *state;
    fake.during_call = call_again;
    assert_hresult(CALL(current->spaces, WriteIo, Isa, 0, 1, 0x80, &byte, 1, NULL), S_OK);
    assert_int_equal(fake.accesses, 1);
    assert_hresult(kdio_win_last_hresult(), S_OK);
    assert_hresult(CALL(current->spaces, WriteIo, Isa, 0, 1, 0x80, &byte, 1, NULL), S_OK);
}

static IDebugDataSpaces *doomed;

static void release_doomed(void)
{
    fake.during_call = NULL;
    CALL(doomed, Release);
    assert_int_equal(fake.closes, 0);
}

/* The client outlives the call in which its last reference goes. */
static void test_release_during_access(void **state)
{
    void *out = NULL;
    UCHAR byte = 0;
    (void)state;
    assert_hresult(DebugCreate(&IID_IDebugClient, &out), S_OK);
    IDebugClient *client = out;
    assert_hresult(CALL(client, AttachKernel, 0, "gensio:x"), S_OK);
    assert_hresult(CALL(client, QueryInterface, &IID_IDebugDataSpaces, &out), S_OK);
    doomed = out;
    CALL(client, Release);
    fake.during_call = release_doomed;
    assert_hresult(CALL(doomed, WriteIo, Isa, 0, 1, 0x80, &byte, 1, NULL), S_OK);
    assert_int_equal(fake.closes, 1);
    assert_hresult(kdio_win_last_hresult(), S_OK);
}

/* ---- Absent methods ---- */

struct slot {
    size_t offset;
    const char *does;
    const char *name;
};
#define SLOT(number, method, what, params) { offsetof(INTERFACE_TABLE, method), #what, #method },

#define INTERFACE_TABLE IDebugClientVtbl
static const struct slot client_slots[] = { KDIO_DEBUG_CLIENT_METHODS(SLOT) };
#undef INTERFACE_TABLE
#define INTERFACE_TABLE IDebugControlVtbl
static const struct slot control_slots[] = { KDIO_DEBUG_CONTROL_METHODS(SLOT) };
#undef INTERFACE_TABLE
#define INTERFACE_TABLE IDebugDataSpaces4Vtbl
static const struct slot spaces_slots[] = { KDIO_DEBUG_DATA_SPACES_METHODS(SLOT) KDIO_DEBUG_DATA_SPACES2_METHODS(SLOT)
                                                KDIO_DEBUG_DATA_SPACES3_METHODS(SLOT)
                                                    KDIO_DEBUG_DATA_SPACES4_METHODS(SLOT) };

#undef INTERFACE_TABLE
#define INTERFACE_TABLE IDebugRegistersVtbl
static const struct slot registers_slots[] = { KDIO_DEBUG_REGISTERS_METHODS(SLOT) };
#undef INTERFACE_TABLE
#define INTERFACE_TABLE IDebugSystemObjectsVtbl
static const struct slot system_slots[] = { KDIO_DEBUG_SYSTEM_OBJECTS_METHODS(SLOT) };

static void check_filled(const void *table, const struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *entry;
        memcpy(&entry, (const char *)table + slots[i].offset, sizeof(entry));
        if (entry == NULL)
            fail_msg("%s is NULL", slots[i].name);
    }
}

static void test_tables_are_filled(void **state)
{
    struct fixture *fixture = *state;
    check_filled(fixture->client->lpVtbl, client_slots, sizeof(client_slots) / sizeof(client_slots[0]));
    check_filled(fixture->control->lpVtbl, control_slots, sizeof(control_slots) / sizeof(control_slots[0]));
    check_filled(fixture->spaces->lpVtbl, spaces_slots, sizeof(spaces_slots) / sizeof(spaces_slots[0]));
    IDebugRegisters *registers = fixture_interface(fixture, &IID_IDebugRegisters);
    IDebugSystemObjects *system = fixture_interface(fixture, &IID_IDebugSystemObjects);
    check_filled(registers->lpVtbl, registers_slots, sizeof(registers_slots) / sizeof(registers_slots[0]));
    check_filled(system->lpVtbl, system_slots, sizeof(system_slots) / sizeof(system_slots[0]));
    CALL(registers, Release);
    CALL(system, Release);
}

/* Absent methods of each shape: no argument, a value, a count, two counts, an interface, variable arguments. */
static void test_absent_counts(void **state)
{
    struct fixture *fixture = *state;
    UCHAR buffer[4] = { 1, 2, 3, 4 };
    UCHAR before[4] = { 1, 2, 3, 4 };
    ULONG one = 9, two = 9;
    ULONG64 value = 9;
    PDEBUG_BREAKPOINT breakpoint = (PDEBUG_BREAKPOINT)(void *)buffer;
    assert_hresult(CALL(fixture->control, GetPromptText, (PSTR)buffer, 4, &one), E_NOTIMPL);
    assert_int_equal(one, 0);
    assert_hresult(CALL(fixture->control, GetPromptText, (PSTR)buffer, 4, NULL), E_NOTIMPL);
    assert_hresult(CALL(fixture->control, GetReturnOffset, &value), E_NOTIMPL);
    assert_int_equal(value, 9);
    assert_hresult(CALL(fixture->control, CloseLogFile), E_NOTIMPL);
    one = 9;
    assert_hresult(CALL(fixture->client, GetRunningProcessDescription, 0, 0, 0, NULL, 0, &one, NULL, 0, &two),
                   E_NOTIMPL);
    assert_int_equal(one + two, 0);
    assert_hresult(CALL(fixture->control, AddBreakpoint, 0, 0, &breakpoint), E_NOTIMPL);
    assert_null(breakpoint);
    assert_hresult(CALL(fixture->control, OutputPrompt, 0, "%d", 1), E_NOTIMPL);
    assert_memory_equal(buffer, before, 4);
}

/* As many methods work as the header says; one that starts to work needs a test of its own. */
static size_t count_working(const struct slot *slots, size_t count)
{
    size_t working = 0;
    for (size_t i = 0; i < count; i++)
        working += strcmp(slots[i].does, "WORKS") == 0;
    return working;
}

static void test_working_methods(void **state)
{
    (void)state;
    assert_int_equal(count_working(client_slots, sizeof(client_slots) / sizeof(client_slots[0])), 8);
    assert_int_equal(count_working(control_slots, sizeof(control_slots) / sizeof(control_slots[0])), 29);
    assert_int_equal(count_working(spaces_slots, sizeof(spaces_slots) / sizeof(spaces_slots[0])), 41);
    assert_int_equal(count_working(registers_slots, sizeof(registers_slots) / sizeof(registers_slots[0])), 6);
    assert_int_equal(count_working(system_slots, sizeof(system_slots) / sizeof(system_slots[0])), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_query_is_total),
        TEST(test_query_refuses),
        TEST(test_references_are_shared),
        TEST(test_create_any_interface),
        TEST(test_create_refuses),
        TEST(test_references_from_threads),
        TEST(test_attach_and_end),
        TEST(test_attach_refuses),
        TEST(test_attach_fails),
        TEST(test_release_ends_session),
        TEST(test_connection_options),
        TEST(test_facts_without_target),
        TEST_ATTACHED(test_facts_attached),
        TEST(test_wait),
        TEST(test_interrupts),
        TEST_ATTACHED(test_interrupt_ends_wait),
        TEST_ATTACHED(test_interrupt_leaves_accesses_alone),
        TEST(test_output),
        TEST(test_controlled_output),
        TEST(test_output_mask_and_callbacks),
        TEST_ATTACHED(test_console_reaches_callbacks),
        TEST(test_failed_attach_says_why),
        TEST_ATTACHED(test_busy_client_refuses),
        TEST(test_release_during_access),
        TEST(test_tables_are_filled),
        TEST(test_absent_counts),
        TEST(test_working_methods),
    };
    return cmocka_run_group_tests_name("win/client", tests, NULL, NULL);
}

/* The helpers of wdbgexts.h want it; this test calls none. */
WINDBG_EXTENSION_APIS ExtensionApis;
