/* SPDX-License-Identifier: MIT */
/* listener.c: implements listener.h. Text is kept whole; what no longer fits is counted only. */
#define NOEXTAPI
#define INITGUID
#include "host/demo/listener.h"

#include <string.h>

#define TEXT_SIZE 65536u
#define LINE_SIZE 128u

static struct {
    char text[TEXT_SIZE];
    size_t size;
    ULONG64 bytes;
    char line[LINE_SIZE];
} heard;

static HRESULT STDMETHODCALLTYPE query(IDebugOutputCallbacks *This, REFIID iid, PVOID *interface_out)
{
    *interface_out = NULL;
    if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IDebugOutputCallbacks))
        return E_NOINTERFACE;
    *interface_out = This;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE count_none(IDebugOutputCallbacks *This)
{
    (void)This;
    return 1;
}

static HRESULT STDMETHODCALLTYPE output(IDebugOutputCallbacks *This, ULONG Mask, PCSTR Text)
{
    size_t size = strlen(Text);

    (void)This;
    if ((Mask & DEBUG_OUTPUT_DEBUGGEE) == 0)
        return S_OK;
    heard.bytes += size;
    if (size > TEXT_SIZE - heard.size)
        size = TEXT_SIZE - heard.size;
    memcpy(heard.text + heard.size, Text, size);
    heard.size += size;
    return S_OK;
}

IDebugOutputCallbacks *listener_callbacks(void)
{
    static const IDebugOutputCallbacksVtbl methods = {
        .QueryInterface = query, .AddRef = count_none, .Release = count_none, .Output = output,
    };
    static IDebugOutputCallbacks callbacks = { &methods };

    return &callbacks;
}

ULONG64 listener_bytes(void)
{
    return heard.bytes;
}

static void keep_line(const char *begin, const char *end, const char *prefix)
{
    size_t size = (size_t)(end - begin);

    if (size > 0 && begin[size - 1] == '\r')
        size--;
    if (size < strlen(prefix) || size >= LINE_SIZE || memcmp(begin, prefix, strlen(prefix)) != 0)
        return;
    memcpy(heard.line, begin, size);
    heard.line[size] = '\0';
}

const char *listener_last_line(const char *prefix)
{
    const char *begin = heard.text;
    const char *end;

    heard.line[0] = '\0';
    while ((end = memchr(begin, '\n', heard.size - (size_t)(begin - heard.text))) != NULL) {
        keep_line(begin, end, prefix);
        begin = end + 1;
    }
    return heard.line;
}
