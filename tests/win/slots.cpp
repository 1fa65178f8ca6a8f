// SPDX-License-Identifier: MIT
// slots.cpp: a witness of the C++ classes, compiled and not run. One source against two dbgeng.h: mingw-w64's, by its
// compiler, and kdio's. Signatures are judged while compiling; a method in another slot than the lists say leaves a
// call of slot_is_wrong in the optimised object, which nm finds.
#include <windows.h>

#include <dbgeng.h>

#include <kdio/win/dbgeng_methods.h>

#include <cstddef>
#include <cstring>
#include <type_traits>

void slot_is_wrong();

// The Itanium ABI: a pointer to a virtual method holds its offset in the table, plus one.
template <typename Method> inline void expect_slot(Method method, std::size_t slot)
{
    std::size_t code;
    std::memcpy(&code, &method, sizeof(code));
    if (code != slot * sizeof(void *) + 1)
        slot_is_wrong();
}

#define CHECK(slot, name, does, params) \
    expect_slot(&INTERFACE::name, slot); \
    static_assert(std::is_same<decltype(&INTERFACE::name), \
                               decltype(same_type(static_cast<HRESULT(STDMETHODCALLTYPE *) params>(nullptr)))>::value, \
                  #name);

// The pointer to a method with the parameters of a function, fixed or with more to follow.
template <typename Class, typename... Parameters>
HRESULT (STDMETHODCALLTYPE Class::*method_of(HRESULT(STDMETHODCALLTYPE *)(Parameters...)))(Parameters...);
template <typename Class, typename... Parameters>
HRESULT (Class::*method_of(HRESULT (*)(Parameters..., ...)))(Parameters..., ...);
#define same_type(function) method_of<INTERFACE>(function)

#undef THIS
#undef THIS_
#define THIS void
#define THIS_

#define LIST(iface, list) \
    void check_##iface##_##list(); \
    void check_##iface##_##list() \
    { \
        KDIO_DEBUG_##list##_METHODS(CHECK) \
    }

#undef INTERFACE
#define INTERFACE IDebugClient
LIST(IDebugClient, CLIENT)
#undef INTERFACE
#define INTERFACE IDebugControl
LIST(IDebugControl, CONTROL)
#undef INTERFACE
#define INTERFACE IDebugRegisters
LIST(IDebugRegisters, REGISTERS)
#undef INTERFACE
#define INTERFACE IDebugSystemObjects
LIST(IDebugSystemObjects, SYSTEM_OBJECTS)

// In kdio's header a class inherits, in mingw-w64's each declares all.
#undef CHECK
#define CHECK(slot, name, does, params) expect_slot(&INTERFACE::name, slot);
#undef INTERFACE
#define INTERFACE IDebugDataSpaces
LIST(IDebugDataSpaces, DATA_SPACES)
#undef INTERFACE
#define INTERFACE IDebugDataSpaces2
LIST(IDebugDataSpaces2, DATA_SPACES)
LIST(IDebugDataSpaces2, DATA_SPACES2)
#undef INTERFACE
#define INTERFACE IDebugDataSpaces3
LIST(IDebugDataSpaces3, DATA_SPACES)
LIST(IDebugDataSpaces3, DATA_SPACES2)
LIST(IDebugDataSpaces3, DATA_SPACES3)
