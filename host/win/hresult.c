/* SPDX-License-Identifier: MIT */
/* hresult.c: one row for every status; a status without a row fails the unit test that walks the list of statuses. */
#include "host/win/hresult.h"

#define WIN32(error) HRESULT_FROM_WIN32(ERROR_##error)
#define NT(status) HRESULT_FROM_NT(STATUS_##status)

static const struct {
    enum kdio_status status;
    HRESULT hresult;
} table[] = {
    { KDIO_DONE, S_OK },
    { KDIO_BAD_WIDTH, E_INVALIDARG },
    { KDIO_BAD_PORT, E_INVALIDARG },
    { KDIO_BAD_VALUE, E_INVALIDARG },
    { KDIO_BAD_ARGUMENT, E_INVALIDARG },
    { KDIO_BAD_OPERAND, E_INVALIDARG },
    { KDIO_TOO_LARGE, E_INVALIDARG },
    { KDIO_TOO_LONG, E_INVALIDARG },
    { KDIO_MISALIGNED, NT(DATATYPE_MISALIGNMENT) },
    { KDIO_LINK_UART, WIN32(ACCESS_DENIED) },
    { KDIO_DENIED, WIN32(ACCESS_DENIED) },
    { KDIO_READ_ONLY, WIN32(ACCESS_DENIED) },
    { KDIO_UNSUPPORTED, E_NOTIMPL },
    { KDIO_FAULT, NT(NO_SUCH_DEVICE) },
    { KDIO_STUB_FAULT, E_UNEXPECTED },
    { KDIO_NOT_STOPPED, E_UNEXPECTED },
    { KDIO_NO_BREAKPOINT, E_FAIL },
    { KDIO_NOT_FOUND, NT(NO_MORE_ENTRIES) },
    { KDIO_CANCELLED, NT(CONTROL_C_EXIT) },
    { KDIO_INTERRUPTED, NT(CONTROL_C_EXIT) },
    { KDIO_MALFORMED, WIN32(INVALID_DATA) },
    { KDIO_BAD_REPLY, WIN32(INVALID_DATA) },
    { KDIO_VERSION, WIN32(REVISION_MISMATCH) },
    { KDIO_NO_ANSWER, WIN32(SEM_TIMEOUT) },
    { KDIO_NOT_KDIO, WIN32(BAD_NET_RESP) },
    { KDIO_NO_CONNECTION, WIN32(DEVICE_NOT_CONNECTED) },
    { KDIO_TIMEOUT, WIN32(TIMEOUT) },
    { KDIO_LOST, WIN32(TIMEOUT) },
    { KDIO_RESET, WIN32(CONNECTION_ABORTED) },
    { KDIO_TAKEN, WIN32(CONNECTION_INVALID) },
    { KDIO_NO_MEMORY, E_OUTOFMEMORY },
    { KDIO_NO_MATCH, E_FAIL },
    { KDIO_SKIPPED, E_FAIL },
    { KDIO_SYSTEM, E_FAIL },
};

HRESULT kdio_win_hresult(enum kdio_status status)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].status == status)
            return table[i].hresult;
    return E_FAIL;
}
