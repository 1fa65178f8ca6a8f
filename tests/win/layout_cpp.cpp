/* SPDX-License-Identifier: MIT */
/*
 * layout_cpp.cpp: the C++ classes have the C tables' slots. A pointer to a virtual member function holds its slot: the
 * Itanium C++ ABI (2.3) stores 1 plus the offset in the table on x86.
 */
#include <windows.h>

#include <initguid.h>

#include <dbgeng.h>

#include <cstdio>
#include <cstring>

static int failures;

template <typename Method> static void expect_slot(const char *name, Method method, size_t slot)
{
    size_t code;
    std::memcpy(&code, &method, sizeof(code));
    if (code == slot * sizeof(void *) + 1)
        return;
    std::printf("%s: not in slot %zu\n", name, slot);
    failures++;
}

#define IN_CLASS(iface, slot, name) expect_slot(#iface "::" #name, &iface::name, slot);
#define IN_CLIENT(slot, name, does, params) IN_CLASS(IDebugClient, slot, name)
#define IN_CONTROL(slot, name, does, params) IN_CLASS(IDebugControl, slot, name)
#define IN_SPACES(slot, name, does, params) IN_CLASS(IDebugDataSpaces, slot, name)
#define IN_SPACES2(slot, name, does, params) IN_CLASS(IDebugDataSpaces2, slot, name)
#define IN_SPACES3(slot, name, does, params) IN_CLASS(IDebugDataSpaces3, slot, name)
#define IN_SPACES4(slot, name, does, params) IN_CLASS(IDebugDataSpaces4, slot, name)

#define IN_REGISTERS(slot, name, does, params) IN_CLASS(IDebugRegisters, slot, name)
#define IN_SYSTEM(slot, name, does, params) IN_CLASS(IDebugSystemObjects, slot, name)

static void check_iid(const char *name, const IID &by_name, const IID &by_type)
{
    if (by_name == by_type)
        return;
    std::printf("%s: __uuidof and IID_ differ\n", name);
    failures++;
}
#define CHECK_IID(iface, ...) check_iid(#iface, IID_##iface, __uuidof(iface));

int main()
{
    IN_CLASS(IUnknown, 0, QueryInterface)
    IN_CLASS(IDebugDataSpaces4, 1, AddRef)
    IN_CLASS(IDebugClient, 2, Release)
    IN_CLASS(IDebugOutputCallbacks, 3, Output)
    KDIO_DEBUG_CLIENT_METHODS(IN_CLIENT)
    KDIO_DEBUG_CONTROL_METHODS(IN_CONTROL)
    KDIO_DEBUG_REGISTERS_METHODS(IN_REGISTERS)
    KDIO_DEBUG_SYSTEM_OBJECTS_METHODS(IN_SYSTEM)
    KDIO_DEBUG_DATA_SPACES_METHODS(IN_SPACES)
    KDIO_DEBUG_DATA_SPACES_METHODS(IN_SPACES4)
    KDIO_DEBUG_DATA_SPACES2_METHODS(IN_SPACES2)
    KDIO_DEBUG_DATA_SPACES3_METHODS(IN_SPACES3)
    KDIO_DEBUG_DATA_SPACES4_METHODS(IN_SPACES4)
    KDIO_DEBUG_IIDS(CHECK_IID)
    static_assert(sizeof(IDebugDataSpaces4) == sizeof(void *), "an interface is one pointer");
    static_assert(sizeof(WCHAR) == 2 && sizeof(ULONG) == 4, "Windows' widths");
    return failures == 0 ? 0 : 1;
}
