/* SPDX-License-Identifier: MIT */
/* message.c: the fields of each message stand once, in wire order, as letters or in its writer and its reader. */
#include "proto/message.h"

#include "proto/cursor.h"
#include "proto/session.h"

size_t kdio_message_seal(uint8_t *payload, size_t size, uint32_t start)
{
    uint32_t check = ~kdio_crc32c(start, payload, size);

    for (unsigned i = 0; i < KDIO_CRC32C_SIZE; i++, check >>= 8)
        payload[size++] = (uint8_t)check;
    return size;
}

/* A register that takes in its own complement ends in the same value, whatever was before. */
bool kdio_message_intact(const uint8_t *payload, size_t size, uint32_t start)
{
    return size >= KDIO_MESSAGE_MIN && kdio_crc32c(start, payload, size) == KDIO_CRC32C_RESIDUE;
}

size_t kdio_message_write(uint8_t payload[KDIO_CONTROL_SIZE], uint8_t header, const char *letters,
                          const uint32_t *fields, uint32_t start)
{
    struct kdio_writer writer = kdio_writer_on(payload + KDIO_HEADER_SIZE, KDIO_CONTROL_SIZE - KDIO_MESSAGE_MIN);

    payload[0] = header;
    kdio_write_fields(&writer, letters, fields);
    return kdio_message_seal(payload, (size_t)(writer.at - payload), start);
}

/* Versions are written from KDIO_OPEN_FLOOR up, as all of OPEN. */
bool kdio_open_write(uint8_t payload[KDIO_OPEN_SIZE], uint8_t version_min, uint8_t version_max, uint32_t nonce)
{
    struct kdio_writer writer = kdio_writer_on(payload, KDIO_OPEN_SIZE);

    kdio_write_uint(&writer, 1, KDIO_FREE_OPEN);
    kdio_write_uint(&writer, 1, KDIO_OPEN_FLOOR + version_min);
    kdio_write_uint(&writer, 1, KDIO_OPEN_FLOOR + version_max);
    kdio_write_uint(&writer, 4, nonce);
    kdio_message_seal(payload, KDIO_OPEN_SIZE - KDIO_CRC32C_SIZE, KDIO_CRC32C_PLAIN);
    for (size_t i = 0; i < KDIO_OPEN_SIZE; i++)
        if (payload[i] < KDIO_OPEN_FLOOR)
            return false;
    return true;
}

bool kdio_open_read(const uint8_t *payload, size_t size, uint8_t *version_min, uint8_t *version_max, uint32_t *nonce)
{
    struct kdio_reader reader = kdio_reader_on(payload, size);
    const uint8_t *versions = kdio_read_bytes(&reader, KDIO_HEADER_SIZE + 2);

    *nonce = kdio_read_u32(&reader);
    if (reader.failed)
        return false;
    *version_min = (uint8_t)(versions[1] - KDIO_OPEN_FLOOR);
    *version_max = (uint8_t)(versions[2] - KDIO_OPEN_FLOOR);
    return true;
}

static const char answer_letters[] = KDIO_ANSWER_FIELDS(KDIO_FIELD_LETTER);

size_t kdio_answer_write(uint8_t payload[KDIO_CONTROL_SIZE], const struct kdio_answer *answer, uint32_t nonce)
{
    return kdio_message_write(payload, KDIO_FREE_ANSWER, answer_letters, answer->fields,
                              kdio_session_answer_start(nonce));
}

bool kdio_answer_read(const uint8_t *payload, size_t size, struct kdio_answer *answer)
{
    struct kdio_reader reader = kdio_reader_on(payload, size);

    (void)kdio_read_u8(&reader);
    kdio_read_fields(&reader, answer_letters, answer->fields);
    return !reader.failed;
}

size_t kdio_hello_write(uint8_t payload[KDIO_CONTROL_SIZE], const struct kdio_hello *hello)
{
    const uint32_t fields[] = { hello->version_min, hello->version_max, hello->boot_id };

    return kdio_message_write(payload, KDIO_FREE_HELLO, KDIO_HELLO_LETTERS, fields, KDIO_CRC32C_PLAIN);
}

bool kdio_hello_read(const uint8_t *payload, size_t size, struct kdio_hello *hello)
{
    struct kdio_reader reader = kdio_reader_on(payload, size);
    uint32_t fields[3];

    (void)kdio_read_u8(&reader);
    kdio_read_fields(&reader, KDIO_HELLO_LETTERS, fields);
    *hello = (struct kdio_hello){ fields[0], fields[1], fields[2] };
    return !reader.failed;
}

static const char failure_letters[] = "bwwbwdd";

void kdio_failure_write(uint8_t body[KDIO_FAILED_SIZE], const struct kdio_failure *failure)
{
    struct kdio_writer writer = kdio_writer_on(body, KDIO_FAILED_SIZE);

    kdio_write_fields(&writer, failure_letters, failure->fields);
}

bool kdio_failure_read(const uint8_t *body, size_t size, struct kdio_failure *failure)
{
    struct kdio_reader reader = kdio_reader_on(body, size);

    kdio_read_fields(&reader, failure_letters, failure->fields);
    return !reader.failed;
}
