/* SPDX-License-Identifier: MIT */
/*
 * initguid.h: makes the headers that follow define the GUIDs which they would only declare.
 *
 * Include it after <windows.h> and before <dbgeng.h>, in at least one source file of a program that names an IID_; the
 * library exports none. It may be included in several.
 */
#ifndef KDIO_WIN_INITGUID_H
#define KDIO_WIN_INITGUID_H

#ifndef INITGUID
#define INITGUID
#endif

#include <kdio/win/windows.h>

#undef DEFINE_GUID
#define DEFINE_GUID(name, ...) KDIO_GUID_DEFINE(name, __VA_ARGS__)

#endif
