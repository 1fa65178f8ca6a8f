/* SPDX-License-Identifier: MIT */
/* test_options.c: AttachKernel's options become gensio strings, and what is not understood is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/win/options.h"

static void test_translated(void **state)
{
    static const struct {
        const char *options;
        const char *gensio;
    } rows[] = {
        { "com:port=/dev/ttyS0,baud=115200", "serialdev,/dev/ttyS0,115200n81" },
        { "com:port=/dev/ttyUSB3", "serialdev,/dev/ttyUSB3,115200n81" },
        { "com:baud=921600,port=/dev/ttyUSB0", "serialdev,/dev/ttyUSB0,921600n81" },
        { "COM:PORT=com1,Baud=57600", "serialdev,/dev/ttyS0,57600n81" },
        { "com:port=COM256", "serialdev,/dev/ttyS255,115200n81" },
        { "com:pipe,port=/run/t/com1", "unix,/run/t/com1" },
        { "com:pipe,port=/run/t/com1,resets=0,reconnect", "unix,/run/t/com1" },
        { "com:port=/run/a b=c,pipe", "unix,/run/a b=c" },
        { "com:ipport=4444,port=host.example", "tcp,host.example,4444" },
        { "com:port=::1,ipport=65535", "tcp,::1,65535" },
        { "gensio:serialdev,/dev/ttyS1,9600n81", "serialdev,/dev/ttyS1,9600n81" },
        { "GENSIO:unix,/run/%s%n", "unix,/run/%s%n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *gensio = NULL;
        assert_int_equal(kdio_win_options_translate(rows[i].options, &gensio), S_OK);
        assert_string_equal(gensio, rows[i].gensio);
        free(gensio);
    }
}

static void test_refused(void **state)
{
    static const char *const rows[] = {
        "", "com", "com:", "com:,", "port=/dev/ttyS0", "gensio:", "net:port=50000,key=1.2.3.4", "usb:targetname=x",
        "com:baud=115200", "com:port=", "com:port", "com:port=/dev/ttyS0,", "com:port=/dev/ttyS0,,baud=9600",
        "com:port=/dev/ttyS0,port=/dev/ttyS1", "com:port=/dev/ttyS0,speed=9600", "com:port=/dev/ttyS0,baud=fast",
        "com:port=/dev/ttyS0,baud=0", "com:port=/dev/ttyS0,baud=", "com:port=/dev/ttyS0,baud=4000001",
        "com:port=/dev/ttyS0,baud=0x2580", "com:port=/dev/ttyS0,baud=-1", "com:port=ttyS0", "com:port=com0",
        "com:port=com257", "com:port=com", "com:port=com1x", "com:pipe", "com:pipe=1,port=/run/x",
        "com:pipe=,port=/run/x",
        "com:pipe,port=\\\\.\\pipe\\kd", "com:pipe,port=/run/x,baud=9600", "com:pipe,port=/run/x,ipport=1",
        "com:ipport=0,port=h", "com:ipport=65536,port=h", "com:ipport=44a,port=h", "com:ipport=4444",
        "com:ipport=4444,port=h,baud=9600", "com:pipe,port=/run/x,resets=many", "com:pipe,pipe,port=/run/x",
        "com:pipe,port=/run/x,reconnect=1", "com:port=/dev/ttyS0,baud=99999999999999999999",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *gensio = NULL;
        if (kdio_win_options_translate(rows[i], &gensio) != E_INVALIDARG || gensio != NULL)
            fail_msg("not refused: %s", rows[i]);
    }
}

static void test_null(void **state)
{
    char *gensio = NULL;
    (void)state;
    assert_int_equal(kdio_win_options_translate(NULL, &gensio), E_INVALIDARG);
    assert_null(gensio);
}

/* A device path that does not fit is refused, not cut. */
static void test_long_path(void **state)
{
    static char options[8192];
    char *gensio = NULL;
    (void)state;
    memset(options, 'x', sizeof(options) - 1);
    memcpy(options, "com:port=/", 10);
    assert_int_equal(kdio_win_options_translate(options, &gensio), E_INVALIDARG);
    assert_null(gensio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_translated),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_long_path),
    };
    return cmocka_run_group_tests_name("win/options", tests, NULL, NULL);
}
