/* SPDX-License-Identifier: MIT */
/* output.c: text on its way to the output callbacks of a client; without callbacks it goes nowhere. */
#include <stdio.h>
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

void kdio_win_output_text(struct kdio_win_client *client, ULONG mask, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    deliver(client, mask, line);
}

/* There is one client and no log file, so these kinds of output have no one to go to. */
bool kdio_win_output_is_for_nobody(ULONG output_control)
{
    ULONG to = output_control & DEBUG_OUTCTL_SEND_MASK;
    return output_control != DEBUG_OUTCTL_AMBIENT &&
           (to == DEBUG_OUTCTL_ALL_OTHER_CLIENTS || to == DEBUG_OUTCTL_IGNORE || to == DEBUG_OUTCTL_LOG_ONLY);
}

void kdio_win_output_piece(struct kdio_win_client *client, ULONG mask, const char *text, size_t size)
{
    char piece[256];
    while (size > 0) {
        size_t part = size < sizeof(piece) ? size : sizeof(piece) - 1;
        memcpy(piece, text, part);
        piece[part] = '\0';
        deliver(client, mask, piece);
        text += part;
        size -= part;
    }
}

void kdio_win_output_console(void *context, const char *text, size_t size)
{
    kdio_win_output_piece(context, DEBUG_OUTPUT_DEBUGGEE, text, size);
}

void kdio_win_output_error(struct kdio_win_client *client, const char *what, const char *text)
{
    kdio_win_output_text(client, DEBUG_OUTPUT_ERROR, "%s: %s\n", what, text);
}
