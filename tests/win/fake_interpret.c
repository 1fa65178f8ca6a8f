/* SPDX-License-Identifier: MIT */
/* fake_interpret.c: an interpreter that notes the line, and knows a few words. */
#include "tests/win/fake_interpret.h"

#include <stdio.h>
#include <string.h>

#include "host/cmd/interpret.h"
#include "tests/win/fake_kdio.h"

struct fake_interpreter fake_interpreter;

static void print(const struct interpreter *interpreter, bool error, const char *text)
{
    interpreter->print(interpreter->context, error, text, strlen(text));
}

enum exit_status interpret(const struct interpreter *interpreter, const char *line, enum kdio_status *status)
{
    (void)snprintf(fake_interpreter.line, sizeof(fake_interpreter.line), "%s", line);
    fake_interpreter.calls++;
    fake_interpreter.read_only = interpreter->read_only;
    if (fake.during_call != NULL)
        fake.during_call();
    if (interpreter->interrupted(interpreter->context)) {
        *status = KDIO_INTERRUPTED;
        return EXIT_STATUS_SYSTEM;
    }
    if (strcmp(line, "nonsense") == 0) {
        print(interpreter, true, "unknown command 'nonsense'");
        return EXIT_STATUS_USAGE;
    }
    if (strcmp(line, "refused") == 0 || interpreter->read_only) {
        *status = interpreter->read_only ? KDIO_READ_ONLY : KDIO_FAULT;
        print(interpreter, true, "refused");
        return EXIT_STATUS_REFUSED;
    }
    print(interpreter, false, "one\n");
    print(interpreter, false, "two\n");
    return EXIT_STATUS_DONE;
}
