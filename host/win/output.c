/* SPDX-License-Identifier: MIT */
/* output.c: text on its way to the output callbacks of a client; without callbacks it goes nowhere. */
#include <stdlib.h>

#include "host/win/client.h"
#include "host/win/format.h"

/* Output holds a reference of its own: the callback may replace itself. */
static void deliver(struct kdio_win_client *client, ULONG mask, PCSTR text)
{
    PDEBUG_OUTPUT_CALLBACKS output = client->output;
    if (output == NULL || (client->output_mask & mask) == 0 || *text == '\0')
        return;
    output->lpVtbl->AddRef(output);
    (void)output->lpVtbl->Output(output, mask, text);
    output->lpVtbl->Release(output);
}

HRESULT kdio_win_output(struct kdio_win_client *client, ULONG mask, PCSTR format, va_list args)
{
    if (format == NULL)
        return E_INVALIDARG;
    char *text = kdio_win_format(format, args);
    if (text == NULL)
        return E_OUTOFMEMORY;
    deliver(client, mask, text);
    free(text);
    return S_OK;
}

void kdio_win_output_console(void *context, const char *text, size_t size)
{
    char piece[256];
    while (size > 0) {
        size_t part = size < sizeof(piece) ? size : sizeof(piece) - 1;
        memcpy(piece, text, part);
        piece[part] = '\0';
        deliver(context, DEBUG_OUTPUT_DEBUGGEE, piece);
        text += part;
        size -= part;
    }
}

void kdio_win_output_error(struct kdio_win_client *client, const char *what, const char *text)
{
    char line[512];
    (void)snprintf(line, sizeof(line), "%s: %s\n", what, text);
    deliver(client, DEBUG_OUTPUT_ERROR, line);
}
