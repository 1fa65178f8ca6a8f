/* SPDX-License-Identifier: MIT */
/* terminal.c: implements terminal.h. */
#include "host/cmd/terminal.h"

#include <termios.h>
#include <unistd.h>

static bool adds_cr(int fd)
{
    struct termios settings;

    return tcgetattr(fd, &settings) == 0 && (settings.c_oflag & OPOST) != 0 && (settings.c_oflag & ONLCR) != 0;
}

void terminal_init(struct terminal *terminal, FILE *stream)
{
    *terminal = (struct terminal){ .stream = stream, .adds_cr = adds_cr(fileno(stream)) };
}

static bool write_byte(struct terminal *terminal, char byte)
{
    bool held = terminal->held_cr;

    terminal->held_cr = byte == '\r';
    if (held && byte != '\r' && byte != '\n' && fputc('\r', terminal->stream) == EOF)
        return false;
    return byte == '\r' || fputc(byte, terminal->stream) != EOF;
}

bool terminal_write(struct terminal *terminal, const char *text, size_t size)
{
    if (!terminal->adds_cr)
        return fwrite(text, 1, size, terminal->stream) == size;
    for (size_t i = 0; i < size; i++) {
        if (!write_byte(terminal, text[i]))
            return false;
    }
    return true;
}

bool terminal_end(struct terminal *terminal)
{
    bool held = terminal->held_cr;

    terminal->held_cr = false;
    return !held || fputc('\r', terminal->stream) != EOF;
}
