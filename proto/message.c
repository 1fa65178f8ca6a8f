/* SPDX-License-Identifier: MIT */
/* message.c: the fields of each message stand once, in wire order, in its writer and its reader. */
#include "proto/message.h"

#include "proto/cursor.h"
#include "proto/session.h"

size_t kdio_message_seal(uint8_t *payload, size_t size, uint32_t start)
{
    struct kdio_writer writer = kdio_writer_on(payload + size, KDIO_CRC32C_SIZE);

    kdio_write_uint(&writer, KDIO_CRC32C_SIZE, ~kdio_crc32c(start, payload, size));
    return size + KDIO_CRC32C_SIZE;
}

bool kdio_message_intact(const uint8_t *payload, size_t size, uint32_t start)
{
    struct kdio_reader reader;

    if (size < KDIO_MESSAGE_MIN)
        return false;
    size -= KDIO_CRC32C_SIZE;
    reader = kdio_reader_on(payload + size, KDIO_CRC32C_SIZE);
    return kdio_read_u32(&reader) == (uint32_t)~kdio_crc32c(start, payload, size);
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

    (void)kdio_read_u8(&reader);
    *version_min = (uint8_t)(kdio_read_u8(&reader) - KDIO_OPEN_FLOOR);
    *version_max = (uint8_t)(kdio_read_u8(&reader) - KDIO_OPEN_FLOOR);
    *nonce = kdio_read_u32(&reader);
    return !reader.failed;
}

size_t kdio_answer_write(uint8_t payload[KDIO_CONTROL_SIZE], const struct kdio_answer *answer, uint32_t nonce)
{
    struct kdio_writer writer = kdio_writer_on(payload, KDIO_CONTROL_SIZE - KDIO_CRC32C_SIZE);

    kdio_write_uint(&writer, 1, KDIO_FREE_ANSWER);
    kdio_write_uint(&writer, 1, answer->status);
    kdio_write_uint(&writer, 1, answer->version);
    kdio_write_uint(&writer, 1, answer->version_min);
    kdio_write_uint(&writer, 1, answer->version_max);
    kdio_write_uint(&writer, 4, answer->boot_id);
    kdio_write_uint(&writer, 4, answer->challenge);
    kdio_write_uint(&writer, 2, answer->frame_max);
    kdio_write_uint(&writer, 2, answer->request_window);
    kdio_write_uint(&writer, 2, answer->reply_window);
    kdio_write_uint(&writer, 2, answer->results_max);
    kdio_write_uint(&writer, 2, answer->program_max);
    kdio_write_uint(&writer, 1, answer->frame_window);
    kdio_write_uint(&writer, 1, answer->burst);
    kdio_write_uint(&writer, 4, answer->capabilities);
    kdio_write_uint(&writer, 4, answer->previous_session);
    kdio_write_uint(&writer, 4, answer->previous_requests);
    kdio_write_uint(&writer, 4, answer->previous_operations);
    kdio_write_uint(&writer, 2, answer->link_port);
    kdio_write_uint(&writer, 2, answer->link_ports);
    return kdio_message_seal(payload, (size_t)(writer.at - payload), kdio_session_answer_start(nonce));
}

bool kdio_answer_read(const uint8_t *payload, size_t size, struct kdio_answer *answer)
{
    struct kdio_reader reader = kdio_reader_on(payload, size);

    (void)kdio_read_u8(&reader);
    answer->status = kdio_read_u8(&reader);
    answer->version = kdio_read_u8(&reader);
    answer->version_min = kdio_read_u8(&reader);
    answer->version_max = kdio_read_u8(&reader);
    answer->boot_id = kdio_read_u32(&reader);
    answer->challenge = kdio_read_u32(&reader);
    answer->frame_max = kdio_read_u16(&reader);
    answer->request_window = kdio_read_u16(&reader);
    answer->reply_window = kdio_read_u16(&reader);
    answer->results_max = kdio_read_u16(&reader);
    answer->program_max = kdio_read_u16(&reader);
    answer->frame_window = kdio_read_u8(&reader);
    answer->burst = kdio_read_u8(&reader);
    answer->capabilities = kdio_read_u32(&reader);
    answer->previous_session = kdio_read_u32(&reader);
    answer->previous_requests = kdio_read_u32(&reader);
    answer->previous_operations = kdio_read_u32(&reader);
    answer->link_port = kdio_read_u16(&reader);
    answer->link_ports = kdio_read_u16(&reader);
    return !reader.failed;
}

size_t kdio_hello_write(uint8_t payload[KDIO_CONTROL_SIZE], const struct kdio_hello *hello)
{
    struct kdio_writer writer = kdio_writer_on(payload, KDIO_CONTROL_SIZE - KDIO_CRC32C_SIZE);

    kdio_write_uint(&writer, 1, KDIO_FREE_HELLO);
    kdio_write_uint(&writer, 1, hello->version_min);
    kdio_write_uint(&writer, 1, hello->version_max);
    kdio_write_uint(&writer, 4, hello->boot_id);
    return kdio_message_seal(payload, (size_t)(writer.at - payload), KDIO_CRC32C_PLAIN);
}

bool kdio_hello_read(const uint8_t *payload, size_t size, struct kdio_hello *hello)
{
    struct kdio_reader reader = kdio_reader_on(payload, size);

    (void)kdio_read_u8(&reader);
    hello->version_min = kdio_read_u8(&reader);
    hello->version_max = kdio_read_u8(&reader);
    hello->boot_id = kdio_read_u32(&reader);
    return !reader.failed;
}

void kdio_failure_write(uint8_t body[KDIO_FAILED_SIZE], const struct kdio_failure *failure)
{
    struct kdio_writer writer = kdio_writer_on(body, KDIO_FAILED_SIZE);

    kdio_write_uint(&writer, 1, failure->status);
    kdio_write_uint(&writer, 2, failure->index);
    kdio_write_uint(&writer, 2, failure->done);
    kdio_write_uint(&writer, 8, failure->detail);
}

bool kdio_failure_read(const uint8_t *body, size_t size, struct kdio_failure *failure)
{
    struct kdio_reader reader = kdio_reader_on(body, size);

    failure->status = kdio_read_u8(&reader);
    failure->index = kdio_read_u16(&reader);
    failure->done = kdio_read_u16(&reader);
    failure->detail = kdio_read_uint(&reader, 8);
    return !reader.failed;
}
