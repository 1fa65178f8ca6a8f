/* SPDX-License-Identifier: MIT */
/* value.c: implements value.h for the integers and the two floats that the host computes with. */
#include "host/win/value.h"

static bool is_float(ULONG type)
{
    return type == DEBUG_VALUE_FLOAT32 || type == DEBUG_VALUE_FLOAT64;
}

static bool is_known(ULONG type)
{
    return type >= DEBUG_VALUE_INT8 && type <= DEBUG_VALUE_FLOAT64;
}

static ULONG64 integer_of(const DEBUG_VALUE *value)
{
    switch (value->Type) {
    case DEBUG_VALUE_INT8: return value->I8;
    case DEBUG_VALUE_INT16: return value->I16;
    case DEBUG_VALUE_INT32: return value->I32;
    default: return value->I64;
    }
}

static double float_of(const DEBUG_VALUE *value)
{
    if (value->Type == DEBUG_VALUE_FLOAT32)
        return value->F32;
    return value->Type == DEBUG_VALUE_FLOAT64 ? value->F64 : (double)integer_of(value);
}

/* What lies outside the integers becomes the nearest of them. */
static ULONG64 rounded(double value)
{
    if (!(value > -0x1p63))
        return value != value ? 0 : 1ull << 63;
    return value >= 0x1p64 ? UINT64_MAX : value < 0 ? (ULONG64)(LONG64)value : (ULONG64)value;
}

static ULONG64 cut(ULONG64 value, ULONG type)
{
    unsigned bits = 8u << (type - DEBUG_VALUE_INT8);
    return bits < 64 ? value & ((1ull << bits) - 1) : value;
}

HRESULT kdio_win_coerce(const DEBUG_VALUE *in, ULONG type, DEBUG_VALUE *out)
{
    DEBUG_VALUE result;
    if (in == NULL || out == NULL || !is_known(in->Type) || !is_known(type))
        return E_INVALIDARG;
    memset(&result, 0, sizeof(result));
    if (type == DEBUG_VALUE_FLOAT32)
        result.F32 = (float)float_of(in);
    else if (type == DEBUG_VALUE_FLOAT64)
        result.F64 = float_of(in);
    else
        result.I64 = cut(is_float(in->Type) ? rounded(float_of(in)) : integer_of(in), type);
    result.Type = type;
    *out = result;
    return S_OK;
}
