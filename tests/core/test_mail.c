/* SPDX-License-Identifier: MIT */
/* mime/: frozen mails: files read as they go out, sizes told beforehand, files that change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/builder.h"
#include "mime/message.h"

static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};

struct place {
    char folder[64];
    char path[96];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    snprintf(place->folder, sizeof place->folder, "/tmp/fct-mail-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof place->path, "%s/data.bin", place->folder);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    unlink(place->path);
    rmdir(place->folder);
    free(place);
    return 0;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static facteur_message *message_to(void)
{
    facteur_message *message = facteur_message_new();

    assert_int_equal(facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "to", "b@example.com", FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "text", "text", FACTEUR_NTS, NULL), 0);
    return message;
}

static fct_mail *freeze(facteur_message *message)
{
    fct_mail *mail = NULL;

    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    facteur_message_free(message);
    return mail;
}

/* All runs joined; every run out of a file is at most 64 KiB. */
static int read_mail(fct_mail *mail, fct_buf *out)
{
    fct_mail_reader *reader = fct_mail_reader_new(mail);
    fct_slice run;
    bool stable = false;
    int more;

    assert_non_null(reader);
    while ((more = fct_mail_reader_next(reader, &run, &stable)) > 0) {
        assert_true(run.len > 0);
        assert_true(stable || run.len <= 65536);
        fct_buf_add_slice(out, run);
    }
    fct_mail_reader_free(reader);
    return more;
}

static void a_file_gives_the_bytes_of_its_content(void **state)
{
    static const size_t sizes[] = {0,     1,     56,    57,    58,     114,    47879,
                                   47880, 47881, 95760, 95761, 200000, 1000003};
    struct place *place = *state;
    unsigned char *bytes = malloc(1000003);

    for (size_t i = 0; i < 1000003; i++)
        bytes[i] = (unsigned char)(i * 2654435761U >> 13);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        facteur_message *by_path = message_to(), *by_bytes = message_to();
        fct_buf from_path = {0}, from_bytes = {0};
        fct_mail *path_mail, *bytes_mail;

        write_file(place->path, bytes, sizes[i]);
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(
                facteur_message_attach_path(by_path, place->path, NULL, NULL, NULL, NULL), 0);
            assert_int_equal(facteur_message_attach_bytes(by_bytes, bytes, sizes[i], "data.bin",
                                                          NULL, NULL, NULL),
                             0);
        }
        path_mail = freeze(by_path);
        bytes_mail = freeze(by_bytes);
        assert_int_equal(read_mail(path_mail, &from_path), 0);
        assert_int_equal(read_mail(bytes_mail, &from_bytes), 0);
        assert_int_equal(from_path.len, fct_mail_size(path_mail));
        assert_int_equal(from_bytes.len, fct_mail_size(bytes_mail));
        assert_int_equal(from_path.len, from_bytes.len);
        assert_memory_equal(from_path.ptr, from_bytes.ptr, from_path.len);
        fct_buf_done(&from_path);
        fct_buf_done(&from_bytes);
        fct_mail_unref(path_mail);
        fct_mail_unref(bytes_mail);
    }
    free(bytes);
}

/* What a stranger's upload or a program with another encoding calls a file. */
static void a_broken_file_name_is_mended(void **state)
{
    static const struct {
        const char *name, *sent;
    } rows[] = {
        {"half \xf0\x9f\x93.pdf", "half \xef\xbf\xbd.pdf"},
        {"half \xed\xa0\xbd.pdf", "half \xef\xbf\xbd.pdf"},
        {"R\xe9sum\xe9.pdf", "R\xef\xbf\xbdsum\xef\xbf\xbd.pdf"},
        {"a\r\nBcc: x@example.net", "a Bcc: x@example.net"},
        {"a\x1a.pdf", "a .pdf"},
        {"\x01", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_message *message = facteur_message_new();

        assert_int_equal(
            facteur_message_attach_bytes(message, "x", 1, "good.pdf", NULL, NULL, NULL), 0);
        assert_int_equal(facteur_message_note_count(message), 0);
        assert_int_equal(
            facteur_message_attach_bytes(message, "x", 1, rows[i].name, NULL, NULL, NULL), 0);
        assert_int_equal(facteur_message_note_count(message), 1);
        assert_string_equal(facteur_message_note(message, 0),
                            "attachments[1].name: broken and control characters were replaced");
        if (rows[i].sent)
            assert_string_equal(message->parts[1].name, rows[i].sent);
        else
            assert_null(message->parts[1].name);
        facteur_message_free(message);
    }
}

/* Whether a text of this content, from a file and from memory, says that it is UTF-8. */
static void expect_charset(const struct place *place, const char *bytes, size_t len, bool utf8)
{
    facteur_message *message = message_to();

    write_file(place->path, bytes, len);
    assert_int_equal(
        facteur_message_attach_path(message, place->path, "a.csv", "text/csv", NULL, NULL), 0);
    assert_int_equal(
        facteur_message_attach_bytes(message, bytes, len, "a.csv", "text/csv", NULL, NULL), 0);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(message->parts[i].type, utf8 ? "text/csv; charset=utf-8" : "text/csv");
    facteur_message_free(message);
}

/* Wherever a character is cut by the steps in which a file is read, of 64 KiB. */
static void a_text_says_that_it_is_utf8(void **state)
{
    static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xac"};
    struct place *place = *state;
    char *bytes = malloc(140000);

    memset(bytes, 'x', 140000);
    expect_charset(place, bytes, 140000, false);
    for (size_t c = 0; c < 3; c++) {
        size_t len = strlen(characters[c]);

        for (size_t at = 65536 - len; at <= 65536; at++) {
            memset(bytes, 'x', 140000);
            memcpy(bytes + at, characters[c], len);
            expect_charset(place, bytes, 65536 + len, true);
            expect_charset(place, bytes, 140000, true);
            /* A piece of a character at the end, and what no character has. */
            expect_charset(place, bytes, at + len - 1, false);
            bytes[139999] = '\xff';
            expect_charset(place, bytes, 140000, false);
            bytes[139999] = 'x';
            bytes[at + 1] = 'x';
            expect_charset(place, bytes, 140000, false);
        }
    }
    free(bytes);
}

static void a_file_that_changed_is_not_sent(void **state)
{
    struct place *place = *state;
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    for (int change = 0; change < 3; change++) {
        facteur_message *message = message_to();
        fct_buf out = {0};
        fct_mail *mail;

        write_file(place->path, "0123456789", 10);
        assert_int_equal(utimensat(-1, place->path, old, 0), 0);
        assert_int_equal(facteur_message_attach_path(message, place->path, NULL, NULL, NULL, NULL),
                         0);
        mail = freeze(message);
        if (change == 0)
            write_file(place->path, "0123456789x", 11);
        else if (change == 1)
            write_file(place->path, "9876543210", 10);
        else
            unlink(place->path);
        assert_int_equal(read_mail(mail, &out), FACTEUR_EIO);
        assert_true(out.len < fct_mail_size(mail));
        fct_buf_done(&out);
        fct_mail_unref(mail);
    }
}

static void a_file_that_went_before_freezing(void **state)
{
    struct place *place = *state;
    facteur_message *message = message_to();
    facteur_error *error = NULL;
    fct_mail *mail = NULL;

    write_file(place->path, "x", 1);
    assert_int_equal(facteur_message_attach_path(message, place->path, NULL, NULL, NULL, NULL), 0);
    unlink(place->path);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, &error), FACTEUR_EIO);
    assert_string_equal(facteur_error_where(error), "attachments");
    assert_non_null(strstr(facteur_error_message(error), place->path));
    facteur_error_free(error);
    facteur_message_free(message);
}

static void only_regular_files_are_taken(void **state)
{
    struct place *place = *state;
    facteur_message *message = message_to();

    unlink(place->path);
    assert_int_equal(facteur_message_attach_path(message, place->path, NULL, NULL, NULL, NULL),
                     FACTEUR_EIO);
    assert_int_equal(facteur_message_attach_path(message, place->folder, NULL, NULL, NULL, NULL),
                     FACTEUR_EIO);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_int_equal(facteur_message_attach_path(message, place->path, NULL, NULL, NULL, NULL),
                     FACTEUR_EIO);
    unlink(place->path);
    facteur_message_free(message);
}

static void other_recipients_share_the_content(void **state)
{
    static const char *const others[] = {"x@example.org", "\"a b\"@example.org"};
    fct_mail *mail = freeze(message_to());
    fct_mail *other = fct_mail_with_recipients(mail, others, 2);
    fct_buf a = {0}, b = {0};

    assert_non_null(other);
    assert_int_equal(read_mail(mail, &a), 0);
    fct_mail_unref(fct_mail_ref(mail));
    fct_mail_unref(mail);
    assert_int_equal(fct_mail_recipient_count(other), 2);
    assert_string_equal(fct_mail_recipient(other, 1), others[1]);
    assert_string_equal(fct_mail_sender(other), "a@example.com");
    assert_int_equal(read_mail(other, &b), 0);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    fct_mail_unref(other);
    fct_buf_done(&a);
    fct_buf_done(&b);
}

static void fields_stand_before_the_content(void **state)
{
    static const char one[] = "X-One: 1\r\n", two[] = "X-Two: 2\r\n\tmore\r\n";
    static const char *const others[] = {"x@example.org"};
    struct place *place = *state;
    facteur_message *message = message_to();
    fct_mail *mail, *first, *second, *other;
    fct_buf plain = {0}, headed = {0};
    size_t head = strlen(one) + strlen(two);

    write_file(place->path, "0123456789", 10);
    assert_int_equal(facteur_message_attach_path(message, place->path, NULL, NULL, NULL, NULL), 0);
    mail = freeze(message);
    first = fct_mail_with_head(mail, one, strlen(one));
    second = fct_mail_with_head(first, two, strlen(two));
    other = fct_mail_with_recipients(second, others, 1);
    assert_int_equal(read_mail(mail, &plain), 0);
    assert_int_equal(fct_mail_recipient_count(second), 1);
    assert_string_equal(fct_mail_recipient(second, 0), "b@example.com");
    assert_string_equal(fct_mail_recipient(other, 0), others[0]);
    assert_int_equal(fct_mail_needs(other), fct_mail_needs(mail));
    assert_string_equal(fct_mail_message_id(other), fct_mail_message_id(mail));
    fct_mail_unref(mail);
    fct_mail_unref(first);
    fct_mail_unref(second);
    assert_int_equal(read_mail(other, &headed), 0);
    assert_int_equal(fct_mail_size(other), headed.len);
    assert_int_equal(headed.len, head + plain.len);
    assert_memory_equal(headed.ptr, two, strlen(two));
    assert_memory_equal(headed.ptr + strlen(two), one, strlen(one));
    assert_memory_equal(headed.ptr + head, plain.ptr, plain.len);
    fct_mail_unref(other);
    fct_buf_done(&plain);
    fct_buf_done(&headed);
}

static void a_head_without_memory_is_no_mail(void **state)
{
    fct_mail *mail = freeze(message_to()), *headed = NULL;
    unsigned long nth = 0;

    (void)state;
    while (!headed) {
        fct_memory_fail_at(++nth);
        headed = fct_mail_with_head(mail, "A: b\r\n", 6);
        assert_int_equal(fct_memory_failed(), !headed);
        fct_memory_fail_at(0);
    }
    assert_true(nth > 1);
    fct_mail_unref(headed);
    fct_mail_unref(mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_file_name_is_mended),
        cmocka_unit_test(a_file_gives_the_bytes_of_its_content),
        cmocka_unit_test(a_text_says_that_it_is_utf8),
        cmocka_unit_test(a_file_that_changed_is_not_sent),
        cmocka_unit_test(a_file_that_went_before_freezing),
        cmocka_unit_test(only_regular_files_are_taken),
        cmocka_unit_test(other_recipients_share_the_content),
        cmocka_unit_test(fields_stand_before_the_content),
        cmocka_unit_test(a_head_without_memory_is_no_mail),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
