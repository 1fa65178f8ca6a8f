/* SPDX-License-Identifier: MIT */
/*
 * test_observation.c: the judgement of observation.h on transcripts, and that it depends on nothing but the bytes.
 *
 * A transcript is a text file: `finding NAME`, `line "TEXT"` (what the last line of text is to be; none means none),
 * and the bytes in quotes, with \r \n \" \\ and \xHH. The directory of transcripts is the program's argument; each file
 * is a test of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/observation.h"

#define BYTES_MAX       65536
#define LINE_MAX        4096
#define TRANSCRIPTS_MAX 64
#define PATH_SIZE       512

struct transcript {
    char path[PATH_SIZE];
    char finding[32];
    char line[128];
    size_t size;
    uint8_t bytes[BYTES_MAX];
};

/* ---- Reading a transcript ---- */

static const char *read_escape(const char *at, uint8_t *byte)
{
    char digits[3] = { 0 };

    *byte = (uint8_t)*at;
    if (*at == 'r')
        *byte = '\r';
    else if (*at == 'n')
        *byte = '\n';
    else if (*at == 'x') {
        digits[0] = at[1];
        digits[1] = at[2];
        *byte = (uint8_t)strtoul(digits, NULL, 16);
        at += 2;
    }
    return at + 1;
}

static void read_bytes(struct transcript *transcript, const char *at)
{
    while (*at != '"') {
        uint8_t byte = (uint8_t)*at;

        assert_true(*at != 0 && transcript->size < BYTES_MAX);
        at = *at == '\\' ? read_escape(at + 1, &byte) : at + 1;
        transcript->bytes[transcript->size++] = byte;
    }
}

/* Up to the closing quote, or to the end of the line. */
static void read_word(char *word, size_t size, const char *from)
{
    size_t count = strcspn(from, "\"");

    assert_true(count < size);
    memcpy(word, from, count);
    word[count] = 0;
}

static void read_transcript(struct transcript *transcript)
{
    FILE *file = fopen(transcript->path, "r");
    char line[LINE_MAX];

    assert_non_null(file);
    transcript->size = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "finding ", 8) == 0)
            read_word(transcript->finding, sizeof transcript->finding, line + 8);
        else if (strncmp(line, "line \"", 6) == 0)
            read_word(transcript->line, sizeof transcript->line, line + 6);
        else if (line[0] == '"')
            read_bytes(transcript, line + 1);
        else
            assert_true(line[0] == '#' || line[0] == 0);
    }
    fclose(file);
    assert_true(transcript->finding[0] != 0);
}

/* ---- Tests ---- */

static struct kdio_observation *observe(const struct transcript *transcript, size_t slice)
{
    static struct kdio_observation observation;

    kdio_observation_clear(&observation);
    for (size_t at = 0; at < transcript->size; at += slice)
        kdio_observation_add(&observation, transcript->bytes + at,
                             transcript->size - at < slice ? transcript->size - at : slice);
    return &observation;
}

static void is_judged_as_it_says(void **state)
{
    static const size_t slices[] = { BYTES_MAX, 1, 7, 4096 };
    struct transcript *transcript = *state;
    char line[128];

    read_transcript(transcript);
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
        const struct kdio_observation *observation = observe(transcript, slices[i]);

        assert_string_equal(kdio_finding_name(kdio_observation_judge(observation)), transcript->finding);
        kdio_observation_last_line(observation, line, sizeof line);
        assert_string_equal(line, transcript->line);
    }
}

/* Under the sanitizers: nothing is read that is not there, wherever the line falls silent. */
static void is_judged_however_it_ends(void **state)
{
    struct transcript *transcript = *state;
    size_t whole;

    read_transcript(transcript);
    whole = transcript->size < 600 ? transcript->size : 600;
    for (transcript->size = 0; transcript->size < whole; transcript->size++)
        (void)kdio_observation_judge(observe(transcript, BYTES_MAX));
}

/* A stream without end is judged by its end. */
static void the_last_bytes_count(void **state)
{
    static const char prompt[] = "\r\ntarget login: ";
    struct kdio_observation observation;
    uint8_t noise[1000];

    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(0x80 + i * 37);
    kdio_observation_clear(&observation);
    for (int i = 0; i < 10000; i++)
        kdio_observation_add(&observation, noise, sizeof noise);
    assert_int_equal(kdio_observation_judge(&observation), KDIO_FINDING_NOISE);
    kdio_observation_add(&observation, (const uint8_t *)prompt, sizeof prompt - 1);
    assert_int_equal(kdio_observation_judge(&observation), KDIO_FINDING_LOGIN);
    assert_int_equal(observation.rx_bytes, 10000 * sizeof noise + sizeof prompt - 1);
}

static void each_finding_has_words(void **state)
{
    (void)state;
    for (enum kdio_finding finding = KDIO_FINDING_WELL; finding <= KDIO_FINDING_RESET; finding++) {
        assert_true(strlen(kdio_finding_text(finding)) > 4);
        assert_true((kdio_finding_advice(finding, 0) != NULL) == (finding != KDIO_FINDING_WELL));
        assert_true((kdio_finding_whose(finding) == KDIO_FINDING_OF_NONE) == (finding == KDIO_FINDING_WELL));
        assert_null(kdio_finding_advice(finding, KDIO_FINDING_ADVICE_COUNT));
    }
}

/* ---- One test a file ---- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct transcript *)a)->path, ((const struct transcript *)b)->path);
}

static size_t find_transcripts(const char *directory, struct transcript *transcripts)
{
    DIR *open = opendir(directory);
    const struct dirent *entry;
    size_t count = 0;

    while (open && (entry = readdir(open)) != NULL && count < TRANSCRIPTS_MAX)
        if (entry->d_name[0] != '.')
            snprintf(transcripts[count++].path, PATH_SIZE, "%s/%s", directory, entry->d_name);
    if (open)
        closedir(open);
    qsort(transcripts, count, sizeof *transcripts, by_path);
    return count;
}

int main(int argc, char **argv)
{
    static struct transcript transcripts[TRANSCRIPTS_MAX];
    struct CMUnitTest tests[2 * TRANSCRIPTS_MAX + 2] = {
        cmocka_unit_test(the_last_bytes_count),
        cmocka_unit_test(each_finding_has_words),
    };
    size_t count = argc > 1 ? find_transcripts(argv[1], transcripts) : 0, used = 2;

    if (!count)
        return 2;
    for (size_t i = 0; i < count; i++) {
        tests[used++] = (struct CMUnitTest){ transcripts[i].path, is_judged_as_it_says, NULL, NULL, &transcripts[i] };
        tests[used++] = (struct CMUnitTest){ transcripts[i].path, is_judged_however_it_ends, NULL, NULL,
                                             &transcripts[i] };
    }
    return _cmocka_run_group_tests("observation", tests, used, NULL, NULL);
}
