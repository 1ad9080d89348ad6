/* SPDX-License-Identifier: MIT */
/* The outgoing side: contents in runs of any length, dot-stuffed, held, counted; and the
 * transcript. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "smtp/transcript.h"
#include "smtp/wire.h"

/* A reader whose runs are as long as the test wants, and whose memory is reused when not stable. */
struct fct_mail_reader {
    const char *content;
    size_t len, at, run;
    bool stable;
    int error;
    char *buffer;
};

int fct_mail_reader_next(fct_mail_reader *reader, fct_slice *run, bool *stable)
{
    size_t len = reader->len - reader->at < reader->run ? reader->len - reader->at : reader->run;

    free(reader->buffer);
    reader->buffer = NULL;
    if (len == 0 || reader->error)
        return reader->error;
    *stable = reader->stable;
    *run = (fct_slice){reader->content + reader->at, len};
    if (!reader->stable) {
        reader->buffer = malloc(len);
        memcpy(reader->buffer, run->ptr, len);
        run->ptr = reader->buffer;
    }
    reader->at += len;
    return 1;
}

struct sink {
    char bytes[4096];
    size_t len;
    unsigned lines;
};

/* Take everything, at most `step` bytes a time. */
static int take(fct_wire *wire, struct sink *sink, size_t step, int max)
{
    struct fct_wire_progress progress;
    fct_slice slices[8];
    int count;

    while ((count = fct_wire_output(wire, slices, max)) > 0) {
        size_t total = 0;

        for (int i = 0; i < count && total < step; i++) {
            size_t part = slices[i].len < step - total ? slices[i].len : step - total;

            assert_true(sink->len + part <= sizeof(sink->bytes));
            memcpy(sink->bytes + sink->len, slices[i].ptr, part);
            sink->len += part;
            total += part;
        }
        fct_wire_sent(wire, total, 1, &progress);
        sink->lines += progress.lines;
    }
    return count;
}

static const struct {
    const char *content, *stuffed;
} contents[] = {
    {"", ".\r\n"},
    {".\r\n", "..\r\n.\r\n"},
    {".", "...\r\n"}, /* no mail ends so; the wire does not care */
    {"..\r\n", "...\r\n.\r\n"},
    {"a.b\r\n.c\r\n.\r\n\r\n..\r\n", "a.b\r\n..c\r\n..\r\n\r\n...\r\n.\r\n"},
    {"a\r\n.\r\n.\r\n.\r\n", "a\r\n..\r\n..\r\n..\r\n.\r\n"},
    {"plain\r\ntext\r\n", "plain\r\ntext\r\n.\r\n"},
};

static void stuffing_in_any_runs(void **state)
{
    for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
        size_t len = strlen(contents[i].content);

        for (size_t run = 1; run <= len + 1; run++) {
            for (size_t step = 1; step < 40; step += 3) {
                for (int variant = 0; variant < 4; variant++) {
                    struct fct_mail_reader reader = {contents[i].content, len, 0,   run,
                                                     variant & 1,         0,   NULL};
                    fct_outgoing body = {.reader = &reader, .left = len, .stuff = true};
                    struct sink sink = {.len = 0};
                    fct_wire wire;

                    assert_int_equal(fct_wire_init(&wire, 8), 0);
                    assert_int_equal(fct_wire_body(&wire, &body), 0);
                    assert_int_equal(take(&wire, &sink, step, variant & 2 ? 1 : 8), 0);
                    assert_int_equal(sink.len, strlen(contents[i].stuffed));
                    assert_memory_equal(sink.bytes, contents[i].stuffed, sink.len);
                    assert_int_equal(sink.lines, 1);
                    assert_true(body.handed && !body.shown && fct_wire_empty(&wire));
                    fct_wire_done(&wire);
                    free(reader.buffer);
                }
            }
        }
    }
}

static void a_dot_is_handed_with_its_first_byte(void **state)
{
    struct fct_mail_reader reader = {"x\r\n", 3, 0, 3, true, 0, NULL};
    fct_outgoing body = {.reader = &reader, .left = 3, .stuff = true};
    struct fct_wire_progress progress;
    fct_slice slices[4];
    fct_wire wire;

    fct_wire_init(&wire, 8);
    fct_wire_body(&wire, &body);
    assert_int_equal(fct_wire_output(&wire, slices, 4), 2);
    fct_wire_sent(&wire, 3, 1, &progress);
    assert_false(body.handed);
    fct_wire_sent(&wire, 1, 1, &progress);
    assert_true(body.handed && body.shown);
    assert_int_equal(progress.lines, 0);
    fct_wire_sent(&wire, 2, 1, &progress);
    assert_int_equal(progress.lines, 1);
    assert_false(body.shown);
    fct_wire_done(&wire);
}

static void bdat_is_handed_with_its_last_byte(void **state)
{
    struct fct_mail_reader reader = {"x\r\n", 3, 0, 2, true, 0, NULL};
    fct_outgoing body = {.reader = &reader, .left = 3};
    struct fct_wire_progress progress;
    fct_slice slices[4];
    fct_wire wire;

    fct_wire_init(&wire, 8);
    fct_wire_body(&wire, &body);
    assert_int_equal(fct_wire_output(&wire, slices, 4), 2);
    fct_wire_sent(&wire, 2, 1, &progress);
    assert_false(body.handed || progress.body_ended);
    fct_wire_sent(&wire, 1, 1, &progress);
    assert_true(body.handed && progress.body_ended);
    fct_wire_done(&wire);
}

static void the_last_octets_are_held(void **state)
{
    struct fct_mail_reader reader = {"xyz\r\n", 5, 0, 100, true, 0, NULL};
    fct_outgoing body = {.reader = &reader, .left = 5, .hold = 1};
    struct sink sink = {.len = 0};
    fct_wire wire;

    fct_wire_init(&wire, 8);
    fct_wire_line(&wire, FCT_SLICE("BDAT 5 LAST\r\n"), false, NULL);
    fct_wire_body(&wire, &body);
    fct_wire_line(&wire, FCT_SLICE("RSET\r\n"), false, NULL);
    assert_int_equal(take(&wire, &sink, 100, 8), 0);
    assert_int_equal(sink.len, 16);
    assert_true(fct_wire_waits(&wire) && !fct_wire_empty(&wire) && !body.handed);
    body.hold = 0;
    assert_int_equal(take(&wire, &sink, 100, 8), 0);
    assert_memory_equal(sink.bytes, "BDAT 5 LAST\r\nxyz\r\nRSET\r\n", sink.len);
    assert_int_equal(sink.lines, 2);
    assert_true(body.handed && fct_wire_empty(&wire));
    fct_wire_done(&wire);
}

static void a_reader_that_breaks_its_word_is_an_error(void **state)
{
    for (int i = 0; i < 3; i++) {
        struct fct_mail_reader reader = {"xyz\r\n", 5, 0, 100, true, i == 2 ? FACTEUR_EIO : 0,
                                         NULL};
        fct_outgoing body = {.reader = &reader, .left = i ? 6 : 4};
        struct sink sink = {.len = 0};
        fct_wire wire;

        fct_wire_init(&wire, 8);
        fct_wire_body(&wire, &body);
        assert_int_equal(take(&wire, &sink, 100, 8), FACTEUR_EIO);
        assert_false(body.handed);
        fct_wire_done(&wire);
    }
}

static void lines_do_not_move_while_they_are_shown(void **state)
{
    struct fct_wire_progress progress;
    fct_slice slices[4];
    const char *first;
    fct_wire wire;
    char big[6000];

    fct_wire_init(&wire, 8);
    memset(big, 'b', sizeof(big));
    big[sizeof(big) - 1] = '\n';
    fct_wire_line(&wire, FCT_SLICE("NOOP\r\n"), true, NULL);
    assert_int_equal(fct_wire_output(&wire, slices, 4), 1);
    first = slices[0].ptr;
    for (int i = 0; i < 4; i++)
        assert_int_equal(fct_wire_line(&wire, (fct_slice){big, sizeof(big)}, false, NULL), 0);
    assert_memory_equal(first, "NOOP\r\n", 6);
    assert_int_equal(fct_wire_output(&wire, slices, 4), 4);
    assert_ptr_equal(slices[0].ptr, first);
    fct_wire_sent(&wire, 6 + sizeof(big) * 4, 1, &progress);
    assert_int_equal(progress.lines, 5);
    assert_true(fct_wire_empty(&wire));
    fct_wire_done(&wire);
}

/* As few octets as there are: a last run of one byte is held whole. */
static void a_run_shorter_than_what_is_held(void **state)
{
    struct fct_mail_reader reader = {"xy\n", 3, 0, 2, true, 0, NULL};
    fct_outgoing body = {.reader = &reader, .left = 3, .hold = 1};
    struct sink sink = {.len = 0};
    fct_wire wire;

    fct_wire_init(&wire, 8);
    fct_wire_body(&wire, &body);
    assert_int_equal(take(&wire, &sink, 100, 8), 0);
    assert_int_equal(sink.len, 2);
    assert_true(fct_wire_waits(&wire) && !fct_wire_empty(&wire) && !body.handed);
    body.hold = 0;
    assert_int_equal(take(&wire, &sink, 100, 8), 0);
    assert_true(sink.len == 3 && body.handed);
    fct_wire_done(&wire);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct fct_mail_reader reader = {"x\r\n", 3, 0, 3, true, 0, NULL};
    fct_outgoing bodies[3] = {{.reader = &reader, .left = 3}};
    struct fct_wire_progress progress;
    struct sink sink = {.len = 0};
    fct_wire wire;

    fct_wire_init(&wire, 2);
    assert_int_equal(fct_wire_body(&wire, &bodies[0]), 0);
    assert_int_equal(fct_wire_line(&wire, FCT_SLICE("NOOP\r\n"), false, NULL), 0);
    assert_int_equal(fct_wire_body(&wire, &bodies[1]), FACTEUR_ENOMEM);
    /* A line behind a line needs no place of its own. */
    assert_int_equal(fct_wire_line(&wire, FCT_SLICE("NOOP\r\n"), false, NULL), 0);
    assert_int_equal(take(&wire, &sink, 100, 8), 0);
    assert_memory_equal(sink.bytes, "x\r\nNOOP\r\nNOOP\r\n", sink.len);
    reader.at = 0;
    bodies[0] = (fct_outgoing){.reader = &reader, .left = 3};
    assert_int_equal(fct_wire_body(&wire, &bodies[0]), 0);
    assert_int_equal(fct_wire_body(&wire, &bodies[2]), 0);
    assert_int_equal(fct_wire_line(&wire, FCT_SLICE("NOOP\r\n"), false, NULL), FACTEUR_ENOMEM);
    /* More than was shown is as much as was shown. */
    fct_wire_sent(&wire, 50, 1, &progress);
    assert_true(progress.lines == 0 && progress.body_bytes == 0);
    fct_wire_done(&wire);
}

/* More dots than there are places for pieces: each doubled dot is a piece's end. */
static void more_pieces_than_places(void **state)
{
    struct fct_mail_reader reader = {NULL, 900, 0, 900, true, 0, NULL};
    fct_outgoing body = {.reader = &reader, .left = 900, .stuff = true};
    struct sink sink = {.len = 0};
    char content[900];
    fct_wire wire;

    for (size_t i = 0; i < sizeof(content); i += 3)
        memcpy(content + i, ".\r\n", 3);
    reader.content = content;
    fct_wire_init(&wire, 8);
    fct_wire_body(&wire, &body);
    fct_wire_line(&wire, FCT_SLICE("QUIT\r\n"), false, NULL);
    assert_int_equal(take(&wire, &sink, 4096, 8), 0);
    assert_int_equal(sink.len, 1200 + 3 + 6);
    for (size_t i = 0; i < 1200; i += 4)
        assert_memory_equal(sink.bytes + i, "..\r\n", 4);
    assert_memory_equal(sink.bytes + 1200, ".\r\nQUIT\r\n", 9);
    fct_wire_done(&wire);
}

/* A content ends with two pieces, the last octet's or the dot's being one: both have a place. */
static void the_last_pieces_have_their_places(void **state)
{
    for (size_t lines = 40; lines < 70; lines++) {
        for (int stuff = 0; stuff < 2; stuff++) {
            char content[400];
            struct fct_mail_reader reader = {content, lines * 5, 0, 3, true, 0, NULL};
            fct_outgoing body = {
                .reader = &reader, .left = reader.len, .stuff = stuff, .hold = !stuff};
            struct sink sink = {.len = 0};
            fct_slice slices[FCT_WIRE_PIECES + 1];
            fct_wire wire;

            for (size_t i = 0; i < lines; i++)
                memcpy(content + 5 * i, i % 2 ? ".ab\r\n" : "abc\r\n", 5);
            fct_wire_init(&wire, 8);
            fct_wire_line(&wire, FCT_SLICE("DATA\r\n"), false, NULL);
            fct_wire_body(&wire, &body);
            assert_true(fct_wire_output(&wire, slices, FCT_WIRE_PIECES + 1) <=
                        (int)FCT_WIRE_PIECES);
            assert_memory_equal(slices[0].ptr, "DATA\r\n", 6);
            body.hold = 0;
            assert_int_equal(take(&wire, &sink, 4096, 8), 0);
            assert_int_equal(sink.len, 6 + 5 * lines + (stuff ? lines / 2 + 3 : 0));
            fct_wire_done(&wire);
        }
    }
}

/* Three mails of 9 octets: a line, a content, and its dot where there is one. */
struct three {
    struct fct_mail_reader readers[3];
    fct_outgoing bodies[3];
    struct fct_wire_share shares[3];
    fct_wire wire;
};

static void three_init(struct three *t, bool stuff)
{
    memset(t, 0, sizeof(*t));
    assert_int_equal(fct_wire_init(&t->wire, 8), 0);
    for (int i = 0; i < 3; i++) {
        char line[] = "0\r\n";

        line[0] = (char)('0' + i);
        t->readers[i] = (struct fct_mail_reader){
            stuff ? "x\r\n" : "x.,;\r\n", stuff ? 3 : 6, 0, 2, true, 0, NULL};
        t->bodies[i] = (fct_outgoing){.reader = &t->readers[i],
                                      .left = t->readers[i].len,
                                      .share = &t->shares[i],
                                      .stuff = stuff};
        assert_int_equal(fct_wire_line(&t->wire, (fct_slice){line, 3}, false, &t->shares[i]), 0);
        assert_int_equal(fct_wire_body(&t->wire, &t->bodies[i]), 0);
    }
    assert_int_equal(t->wire.body_count, 3);
}

/* What is before the mail that is cut off goes out; it and what is behind it does not. */
static void a_mail_is_cut_off_wherever_it_is(void **state)
{
    static const char whole[2][28] = {"0\r\nx.,;\r\n1\r\nx.,;\r\n2\r\nx.,;\r\n",
                                      "0\r\nx\r\n.\r\n1\r\nx\r\n.\r\n2\r\nx\r\n.\r\n"};

    for (unsigned cut = 0; cut <= 3; cut++) {
        for (size_t sent = 0; sent <= 9 * (size_t)cut && sent < 27; sent++) {
            for (int variant = 0; variant < 4; variant++) {
                struct fct_wire_share nobody = {0};
                struct fct_wire_progress progress;
                struct sink sink = {.len = 0};
                fct_slice slices[16];
                struct three t;

                three_init(&t, variant & 1);
                /* Nothing of them is in pieces yet, or all. */
                if (sent || variant & 2)
                    fct_wire_output(&t.wire, slices, 16);
                fct_wire_sent(&t.wire, sent, 1, &progress);
                fct_wire_cut(&t.wire, cut < 3 ? &t.shares[cut] : &nobody);
                assert_int_equal(t.wire.body_count, cut - sent / 9);
                assert_int_equal(take(&t.wire, &sink, 100, 8), 0);
                assert_int_equal(sink.len, 9 * cut - sent);
                assert_memory_equal(sink.bytes, whole[variant & 1] + sent, sink.len);
                assert_int_equal(t.wire.body_count, 0);
                fct_wire_done(&t.wire);
            }
        }
    }
}

static void each_mail_counts_its_octets_and_flights(void **state)
{
    struct fct_wire_progress progress;
    fct_slice slices[16];
    struct three t;

    three_init(&t, true);
    assert_int_equal(fct_wire_output(&t.wire, slices, 16), 12);
    fct_wire_sent(&t.wire, 4, 1, &progress);
    assert_int_equal(progress.body_bytes, 1);
    assert_true(progress.lines == 1 && !progress.body_ended);
    fct_wire_sent(&t.wire, 1, 1, &progress);
    fct_wire_sent(&t.wire, 8, 2, &progress); /* to the first octet of the second content */
    assert_true(progress.lines == 2 && progress.body_ended);
    assert_int_equal(progress.body_bytes, 1 + 3 + 1);
    fct_wire_sent(&t.wire, 14, 0, &progress);
    assert_int_equal(progress.lines, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(t.bodies[i].written, 3);
    assert_true(t.shares[0].flights == 2 && t.shares[0].last == 2);
    assert_true(t.shares[1].flights == 1 && t.shares[1].last == 2);
    assert_int_equal(t.shares[2].flights, 0);
    fct_wire_done(&t.wire);
}

static void a_secret_is_wiped_as_it_is_written(void **state)
{
    struct fct_wire_progress progress;
    fct_slice slices[4];
    const char *at;
    fct_wire wire;

    fct_wire_init(&wire, 8);
    fct_wire_line(&wire, FCT_SLICE("secret\r\n"), true, NULL);
    assert_int_equal(fct_wire_output(&wire, slices, 4), 1);
    at = slices[0].ptr;
    fct_wire_sent(&wire, 3, 1, &progress);
    assert_memory_equal(at, "\0\0\0ret\r\n", 8);
    fct_wire_sent(&wire, 5, 1, &progress);
    assert_memory_equal(at, "\0\0\0\0\0\0\0\0", 8);
    /* The same memory, whose next text is no secret. */
    fct_wire_line(&wire, FCT_SLICE("public\r\n"), false, NULL);
    assert_int_equal(fct_wire_output(&wire, slices, 4), 1);
    assert_ptr_equal(slices[0].ptr, at);
    fct_wire_sent(&wire, 8, 1, &progress);
    assert_memory_equal(at, "public\r\n", 8);
    fct_wire_done(&wire);
}

static void a_transcript_cuts_what_is_too_long(void **state)
{
    fct_transcript *transcript = calloc(1, sizeof(*transcript));
    char *text = malloc(20001);

    memset(text, 'x', 20000);
    text[20000] = '\0';
    fct_transcript_add(transcript, "S: ", (fct_slice){text, 20000});
    /* No whole line of it is left. */
    assert_string_equal(fct_transcript_text(transcript), "");
    free(text);
    free(transcript);
}

static void a_transcript_keeps_the_last_whole_lines(void **state)
{
    fct_transcript *transcript = calloc(1, sizeof(*transcript));
    char last[40] = "";

    fct_transcript_add(transcript, "S: ", FCT_SLICE("a\nb"));
    assert_string_equal(fct_transcript_text(transcript), "S: a\nS: b\n");
    for (int i = 0; i < 3000; i++) {
        snprintf(last, sizeof(last), "C: line %d\n", i);
        fct_transcript_add(transcript, "C: ", (fct_slice){last + 3, strlen(last) - 4});
        if (i % 700 == 0) {
            const char *text = fct_transcript_text(transcript);

            assert_true(strlen(text) <= FCT_TRANSCRIPT_MAX);
            assert_true(text[0] == 'C' || text[0] == 'S');
            assert_string_equal(text + strlen(text) - strlen(last), last);
        }
    }
    free(transcript);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stuffing_in_any_runs),
        cmocka_unit_test(a_dot_is_handed_with_its_first_byte),
        cmocka_unit_test(bdat_is_handed_with_its_last_byte),
        cmocka_unit_test(the_last_octets_are_held),
        cmocka_unit_test(a_reader_that_breaks_its_word_is_an_error),
        cmocka_unit_test(lines_do_not_move_while_they_are_shown),
        cmocka_unit_test(a_run_shorter_than_what_is_held),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(more_pieces_than_places),
        cmocka_unit_test(the_last_pieces_have_their_places),
        cmocka_unit_test(a_mail_is_cut_off_wherever_it_is),
        cmocka_unit_test(each_mail_counts_its_octets_and_flights),
        cmocka_unit_test(a_secret_is_wiped_as_it_is_written),
        cmocka_unit_test(a_transcript_cuts_what_is_too_long),
        cmocka_unit_test(a_transcript_keeps_the_last_whole_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
