/* SPDX-License-Identifier: MIT */
/* observation.c: implements observation.h. Each protocol is known by a mark that chance does not make: a checksum, a
 * leader with its fields, a prompt. What has none is text or noise by its share of bytes that are no text. */
#include "host/lib/observation.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "proto/frame.h"
#include "proto/message.h"

#define FRAME_MAX    64u /* Payload of the largest frame that a stub sends to a host it does not know. */
#define NOTE_MIN     (KDIO_MESSAGE_MIN + 1u)
#define NOTE_MAX     (KDIO_MESSAGE_MIN + 5u)
#define NOISE_SHARE  4u  /* Noise has one strange byte in so many. */
#define LINE_MAX     80u
#define HEAD_7BIT    "\x75\x0c\x71" /* The head of HELLO without its eighth bits. */

/* What the transcript is made of. */
struct contents {
    unsigned hellos, answers, notes, echoes;
    unsigned damaged;     /* Frames of a stub that are not whole. */
    size_t damaged_bytes;
    size_t text, other;   /* Bytes outside of frames. */
    size_t line_size;     /* The last line of text, as far as it came. */
    char line[LINE_MAX];
    char line_before[LINE_MAX]; /* The last one that was ended and not empty. */
};

void kdio_observation_clear(struct kdio_observation *observation)
{
    observation->rx_bytes = 0;
    observation->size = 0;
}

/* The older half goes when the space is used up. */
void kdio_observation_add(struct kdio_observation *observation, const uint8_t *bytes, size_t size)
{
    const size_t half = KDIO_OBSERVATION_SIZE / 2;

    observation->rx_bytes += size;
    while (size) {
        size_t room = KDIO_OBSERVATION_SIZE - observation->size;
        size_t count = size < room ? size : room;

        memcpy(observation->bytes + observation->size, bytes, count);
        observation->size += count;
        bytes += count;
        size -= count;
        if (observation->size == KDIO_OBSERVATION_SIZE) {
            memmove(observation->bytes, observation->bytes + half, half);
            observation->size = half;
        }
    }
}

/* ---- kdio's own frames ---- */

static size_t take_head(const uint8_t *bytes, size_t size)
{
    static const char *const heads[] = {
        "\xf5\x0c\xf0",
        "\xf5^L\xf0", /* A terminal shows control characters so, */
        "\xf5\xf0",   /* and a line editor acts on them instead. */
    };

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (size > strlen(heads[i]) && memcmp(bytes, heads[i], strlen(heads[i])) == 0)
            return strlen(heads[i]);
    return 0;
}

/* Our OPEN, sent back: bytes that nobody else says. Returns how many they are. */
static size_t take_echo(const uint8_t *bytes, size_t size)
{
    static const uint8_t versions[] = { KDIO_OPEN_FLOOR + KDIO_PROTOCOL_VERSION, KDIO_OPEN_FLOOR + KDIO_PROTOCOL_VERSION };
    size_t head = take_head(bytes, size);

    if (!head || size - head < sizeof versions || memcmp(bytes + head, versions, sizeof versions) != 0)
        return 0;
    for (unsigned i = 1; i < KDIO_OPEN_SIZE && head < size && bytes[head] >= KDIO_OPEN_FLOOR; i++)
        head++;
    return head;
}

/* To a host that it does not understand the stub says EXPECT, in the session of another. */
static bool is_note(const uint8_t *payload, size_t size)
{
    return (payload[0] & KDIO_KIND_MASK) == KDIO_KIND_NOTE && payload[1] >= KDIO_NOTE_EXPECT &&
           payload[1] <= KDIO_NOTE_UNSUPPORTED && size >= NOTE_MIN && size <= NOTE_MAX;
}

static bool is_of_stub(enum kdio_frame_event event, const uint8_t *payload, size_t size)
{
    if (size < 2 || size == FRAME_MAX)
        return false;
    if (payload[0] == KDIO_FREE_HELLO || payload[0] == KDIO_FREE_ANSWER)
        return event == KDIO_FRAME_DONE || event == KDIO_FRAME_BAD;
    return event == KDIO_FRAME_DONE && is_note(payload, size);
}

static void count_frame(struct contents *contents, enum kdio_frame_event event, const uint8_t *payload, size_t size,
                        size_t taken)
{
    bool whole = event == KDIO_FRAME_DONE;

    if (whole && payload[0] == KDIO_FREE_HELLO && kdio_message_intact(payload, size, KDIO_CRC32C_PLAIN)) {
        contents->hellos++;
    } else if (whole && payload[0] == KDIO_FREE_ANSWER && size == KDIO_ANSWER_SIZE) {
        contents->answers++; /* Its check needs the nonce; its size tells enough. */
    } else if (whole && is_note(payload, size)) {
        contents->notes++; /* Its check needs the key of that session. */
    } else {
        contents->damaged++;
        contents->damaged_bytes += taken;
    }
}

/* A frame of a stub, whole or not, that begins at `bytes`. Returns its bytes, or 0 when it is none. */
static size_t take_frame(struct contents *contents, const uint8_t *bytes, size_t size)
{
    uint8_t payload[FRAME_MAX] = { 0 };
    struct kdio_frame_decoder decoder;
    enum kdio_frame_event event;
    size_t text_at, taken;

    kdio_frame_decoder_init(&decoder, payload, sizeof payload);
    taken = kdio_frame_push(&decoder, bytes, size, 0, &event, &text_at);
    if (!is_of_stub(event, payload, decoder.size))
        return 0;
    count_frame(contents, event, payload, decoder.size, taken);
    return taken;
}

/* ---- Text ---- */

static bool is_text(uint8_t byte)
{
    return (byte >= 0x20 && byte < 0x7f) || (byte >= 0x07 && byte <= 0x0d) || byte == 0x1b;
}

static void end_line(struct contents *contents)
{
    if (contents->line_size)
        memcpy(contents->line_before, contents->line, sizeof contents->line);
    contents->line_size = 0;
    contents->line[0] = 0;
}

static void count_byte(struct contents *contents, uint8_t byte)
{
    contents->text += is_text(byte);
    contents->other += !is_text(byte);
    if (byte == '\n' || byte == '\r')
        end_line(contents);
    else if (byte >= 0x20 && byte < 0x7f && contents->line_size + 1 < LINE_MAX)
        contents->line[contents->line_size++] = (char)byte;
    contents->line[contents->line_size] = 0;
}

/* A terminal control sequence (ECMA-48): ESC [ parameters letter. It is text, but no part of a line; one that moves the
 * cursor elsewhere or erases ends the line. */
static size_t take_control_sequence(struct contents *contents, const uint8_t *bytes, size_t size)
{
    size_t at = 2;

    if (size < 3 || bytes[0] != 0x1b || bytes[1] != '[')
        return 0;
    while (at < size && bytes[at] >= 0x20 && bytes[at] < 0x40)
        at++;
    if (at == size)
        return 0;
    if (bytes[at] == 'H' || bytes[at] == 'J')
        end_line(contents);
    return at + 1;
}

/* Delimiters that stand before an echo or a frame, as themselves or as ^@. */
static size_t take_delimiter(const uint8_t *bytes, size_t size)
{
    if (size > 1 && bytes[0] == KDIO_FRAME_DELIMITER && bytes[1] == KDIO_FRAME_MARK)
        return 1;
    return size > 1 && bytes[0] == '^' && bytes[1] == '@' ? 2 : 0;
}

static size_t take_one(struct contents *contents, const uint8_t *bytes, size_t size)
{
    size_t taken = take_delimiter(bytes, size);

    if (taken)
        return taken;
    taken = take_echo(bytes, size);
    contents->echoes += taken != 0;
    if (taken)
        return taken + (taken < size && bytes[taken] == KDIO_FRAME_DELIMITER);
    if (bytes[0] == KDIO_FRAME_MARK)
        taken = take_frame(contents, bytes, size);
    else
        contents->text += taken = take_control_sequence(contents, bytes, size);
    if (taken)
        return taken;
    count_byte(contents, bytes[0]);
    return 1;
}

static void take_apart(struct contents *contents, const struct kdio_observation *observation)
{
    memset(contents, 0, sizeof *contents);
    for (size_t at = 0; at < observation->size;)
        at += take_one(contents, observation->bytes + at, observation->size - at);
}

/* ---- Other protocols ---- */

static int hex_digit(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *place = byte ? strchr(digits, byte | ('a' - 'A')) : NULL;

    return place ? (int)(place - digits) : -1;
}

/* $ data # and two digits: the sum of the data, modulo 256 (the GDB manual, "Remote Protocol: Overview"). */
static bool is_gdb_packet(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    size_t at = 1;

    while (at < size && bytes[at] != '#' && is_text(bytes[at]))
        sum = (uint8_t)(sum + bytes[at++]);
    if (bytes[0] != '$' || at + 2 >= size || bytes[at] != '#' || hex_digit(bytes[at + 1]) < 0 ||
        hex_digit(bytes[at + 2]) < 0)
        return false;
    return sum == hex_digit(bytes[at + 1]) * 16 + hex_digit(bytes[at + 2]);
}

#define KD_HEADER_SIZE 16u
#define KD_PAYLOAD_MAX 4000u

static uint32_t read_le(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;

    while (size--)
        value = value << 8 | bytes[size];
    return value;
}

/* Leader of four equal bytes, type, byte count, identifier, checksum: data packets carry one of two identifiers,
 * perhaps with the synchronisation bit; control packets have no data. */
static bool is_kd_packet(const uint8_t *bytes, size_t size)
{
    uint32_t leader, type, count;

    if (size < KD_HEADER_SIZE)
        return false;
    leader = read_le(bytes, 4);
    type = read_le(bytes + 4, 2);
    count = read_le(bytes + 6, 2);
    if (leader == 0x69696969u)
        return type >= 4 && type <= 6 && count == 0;
    return leader == 0x30303030u && type >= 1 && type <= 11 && count && count <= KD_PAYLOAD_MAX &&
           (read_le(bytes + 8, 4) & ~0x801u) == 0x80800000u;
}

/* IAC, WILL to DONT, an option (RFC 854); two in a row, as servers say when somebody connects. */
static bool is_telnet(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < 6; at += 3)
        if (size < 6 || bytes[at] != 0xff || bytes[at + 1] < 0xfb || bytes[at + 1] > 0xfe || bytes[at + 2] > 0x2c)
            return false;
    return true;
}

static bool is_seven_bit_hello(const uint8_t *bytes, size_t size)
{
    return size >= sizeof HEAD_7BIT && memcmp(bytes, HEAD_7BIT, sizeof HEAD_7BIT - 1) == 0;
}

static bool is_anywhere(const struct kdio_observation *observation, bool (*is)(const uint8_t *bytes, size_t size))
{
    for (size_t at = 0; at < observation->size; at++)
        if (is(observation->bytes + at, observation->size - at))
            return true;
    return false;
}

/* ---- Prompts ---- */

static bool says(const char *line, const char *word)
{
    for (size_t size = strlen(word); *line; line++)
        if (strncasecmp(line, word, size) == 0)
            return true;
    return false;
}

static bool is_login(const char *line)
{
    return says(line, "login:") || says(line, "username:") || says(line, "password:");
}

/* A line that waits for its end behind one of the usual characters. */
static bool is_shell(const char *line)
{
    size_t size = strlen(line);

    while (size && line[size - 1] == ' ')
        size--;
    return size && strchr("$#>%", line[size - 1]);
}

static enum kdio_finding judge_text(const struct contents *contents)
{
    if (is_login(contents->line) || is_login(contents->line_before))
        return KDIO_FINDING_LOGIN;
    return is_shell(contents->line) ? KDIO_FINDING_SHELL : KDIO_FINDING_TEXT;
}

static bool has_stub(const struct contents *contents)
{
    return contents->hellos || contents->answers || contents->notes ||
           (contents->damaged && contents->damaged_bytes * NOISE_SHARE >= contents->other);
}

enum kdio_finding kdio_observation_judge(const struct kdio_observation *observation)
{
    struct contents contents;
    enum kdio_finding text;

    if (!observation->rx_bytes)
        return KDIO_FINDING_SILENT;
    take_apart(&contents, observation);
    if (is_anywhere(observation, is_telnet)) /* Whatever is behind it: that damages it. */
        return KDIO_FINDING_TELNET;
    if (has_stub(&contents))
        return contents.damaged || contents.answers || contents.notes ? KDIO_FINDING_DAMAGED : KDIO_FINDING_ONE_WAY;
    if (is_anywhere(observation, is_gdb_packet))
        return KDIO_FINDING_GDB;
    if (is_anywhere(observation, is_kd_packet))
        return KDIO_FINDING_KD;
    text = judge_text(&contents);
    if (text == KDIO_FINDING_LOGIN)
        return text;
    if (contents.echoes && !contents.text)
        return KDIO_FINDING_LOOP;
    if (is_anywhere(observation, is_seven_bit_hello))
        return KDIO_FINDING_SEVEN_BITS;
    if (contents.other * NOISE_SHARE >= contents.text + contents.other)
        return KDIO_FINDING_NOISE;
    return text;
}

void kdio_observation_last_line(const struct kdio_observation *observation, char *line, size_t size)
{
    struct contents contents;
    const char *last;

    take_apart(&contents, observation);
    last = contents.line_size ? contents.line : contents.line_before;
    line[0] = 0;
    if (contents.other * NOISE_SHARE < contents.text + contents.other)
        strncat(line, last, size - 1);
}
