/* SPDX-License-Identifier: MIT */
/* options.h: turns AttachKernel's connection options, in WinDbg's words, into a gensio string. */
#ifndef KDIO_HOST_WIN_OPTIONS_H
#define KDIO_HOST_WIN_OPTIONS_H

#include <kdio/win/windows.h>

/*
 * The forms are those of dbgeng.h's opening comment. S_OK, and *gensio is a string for the caller to free; E_INVALIDARG
 * or E_OUTOFMEMORY, and *gensio is unchanged.
 */
HRESULT kdio_win_options_translate(PCSTR options, char **gensio);

#endif
