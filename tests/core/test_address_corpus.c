/* SPDX-License-Identifier: MIT */
/*
 * mime/: every address of tests/corpus/addresses/, alone and in each place where one can stand;
 * what is written of it is read again as the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "mime/address.h"
#include "mime/address_hint.h"
#include "mime/header.h"

#define COLUMNS_MAX 12

struct row {
    fct_slice columns[COLUMNS_MAX];
    size_t count;
    char bytes[2048];
};

/* Unescape a line into the row, cut at its tabs. */
static void read_row(struct row *row, const char *line)
{
    char *to = row->bytes, *start = to;

    row->count = 0;
    for (; *line && *line != '\n'; line++) {
        assert_true((size_t)(to - row->bytes) + 2 < sizeof row->bytes &&
                    row->count < COLUMNS_MAX - 1);
        if (*line == '\t') {
            row->columns[row->count++] = (fct_slice){start, (size_t)(to - start)};
            *to++ = '\0';
            start = to;
        } else if (*line != '\\') {
            *to++ = *line;
        } else if (*++line == 'x') {
            char hex[3] = {line[1], line[2], '\0'};

            *to++ = (char)strtol(hex, NULL, 16);
            line += 2;
        } else {
            *to++ = *line == 't'   ? '\t'
                    : *line == 'n' ? '\n'
                    : *line == 'r' ? '\r'
                    : *line == 's' ? ' '
                                   : *line;
        }
    }
    row->columns[row->count++] = (fct_slice){start, (size_t)(to - start)};
    *to = '\0';
}

/* Told all together: a change of the grammar seldom shows in one row alone. */
static unsigned wrong;

#define WRONG(...) (wrong++, print_error(__VA_ARGS__), print_error("\n"))

typedef void check_row(const struct row *row);

static size_t each_row(const char *name, check_row *check)
{
    char path[400], line[2048];
    const char *corpus = getenv("FCT_CORPUS");
    size_t count = 0;
    FILE *file;
    struct row row;

    snprintf(path, sizeof path, "%s/addresses/%s", corpus ? corpus : "tests/corpus", name);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        read_row(&row, line);
        check(&row);
        count++;
    }
    fclose(file);
    assert_int_equal(wrong, 0);
    return count;
}

static char *show(const fct_address_list *list)
{
    fct_buf out = {0};

    for (size_t i = 0; i < list->count; i++) {
        const fct_address *item = &list->items[i];

        if (i)
            fct_buf_add_char(&out, '\t');
        if (item->kind == FCT_GROUP_END)
            fct_buf_add_text(&out, "}");
        else if (item->kind == FCT_GROUP)
            fct_buf_addf(&out, "%s{", item->name ? item->name : "");
        else
            fct_buf_addf(&out, "%s|%s", item->name ? item->name : "", item->address);
    }
    return fct_buf_take(&out, NULL);
}

/* What is written of the list, unfolded and without "To:", is read as the same list. */
static void check_written(const fct_address_list *list, const char *shown)
{
    fct_buf out = {0}, text = {0};
    fct_address_list again = {0};
    facteur_error *error = NULL;
    fct_header header;
    char *reread;

    fct_header_begin(&header, &out, "To");
    fct_header_addresses(&header, list);
    fct_header_end(&header);
    for (size_t i = 3; i < out.len; i++) {
        if (out.ptr[i] != '\r' && out.ptr[i] != '\n')
            fct_buf_add_char(&text, out.ptr[i]);
    }
    if (fct_address_list_parse(&again, "to", (fct_slice){text.ptr, text.len}, &error))
        WRONG("written \"%.*s\": %s", (int)text.len, text.ptr, facteur_error_message(error));
    reread = show(&again);
    /* Names outside ASCII are encoded words now. */
    if (text.len && !memmem(text.ptr, text.len, "=?utf-8?", 8))
        if (strcmp(reread, shown) != 0)
            WRONG("written \"%.*s\": \"%s\" is not \"%s\"", (int)text.len, text.ptr, reread, shown);
    if (again.count != list->count)
        WRONG("written \"%.*s\": %zu entries", (int)text.len, text.ptr, again.count);
    facteur_error_free(error);
    fct_free(reread);
    fct_address_list_done(&again);
    fct_buf_done(&out);
    fct_buf_done(&text);
}

static void check_list(fct_slice text, const char *expected)
{
    fct_address_list list = {0};
    facteur_error *error = NULL;
    char *shown;

    if (fct_address_list_parse(&list, "to", text, &error)) {
        WRONG("\"%.*s\": %s", (int)text.len, text.ptr, facteur_error_message(error));
        facteur_error_free(error);
        return;
    }
    shown = show(&list);
    if (strcmp(shown, expected) != 0)
        WRONG("\"%.*s\": \"%s\" is not \"%s\"", (int)text.len, text.ptr, shown, expected);
    check_written(&list, shown);
    fct_free(shown);
    fct_address_list_done(&list);
}

static void check_refused(fct_slice text, fct_slice reason)
{
    fct_address_list list = {0};
    facteur_error *error = NULL;
    const char *message;

    if (fct_address_list_parse(&list, "to", text, &error) != FACTEUR_EMESSAGE) {
        WRONG("\"%.*s\" was taken, not refused", (int)text.len, text.ptr);
        fct_address_list_done(&list);
        return;
    }
    message = facteur_error_message(error);
    if (!memmem(message, strlen(message), reason.ptr, reason.len) || list.count)
        WRONG("\"%.*s\": \"%s\"", (int)text.len, text.ptr, message);
    fct_address_list_done(&list);
    facteur_error_free(error);
}

static bool is_refusal(const struct row *row)
{
    return row->count == 3 && fct_slice_equal(row->columns[1], FCT_SLICE("!"));
}

/* The address in each place: "%" stands for it. */
static void check_places(const struct row *row, const char *before, const char *behind)
{
    static const struct {
        const char *text, *expected;
    } places[] = {
        {"%", "|%"},
        {"<%>", "|%"},
        {"Ana B <%>", "Ana B|%"},
        {"\"A, B\" <%>", "A, B|%"},
        {"b@y.example, %, c@z.example", "|b@y.example\t|%\t|c@z.example"},
        {"G: Ana <%>, %;", "G{\tAna|%\t|%\t}"},
        {"<@r.example,@s.example:%>", "|%"},
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        fct_buf text = {0}, expected = {0};
        bool comment = memchr(row->columns[0].ptr, '(', row->columns[0].len) != NULL;

        for (const char *at = places[i].text; *at; at++) {
            if (*at != '%') {
                fct_buf_add_char(&text, *at);
                continue;
            }
            fct_buf_add_text(&text, before);
            fct_buf_add_slice(&text, row->columns[0]);
            fct_buf_add_text(&text, behind);
        }
        for (const char *at = places[i].expected; *at; at++) {
            if (*at != '%') {
                fct_buf_add_char(&expected, *at);
                continue;
            }
            fct_buf_add_text(&expected, before);
            fct_buf_add_slice(&expected, row->columns[1]);
            fct_buf_add_text(&expected, behind);
        }
        fct_buf_add_char(&expected, '\0');
        if (is_refusal(row) && i == 0)
            check_refused((fct_slice){text.ptr, text.len}, row->columns[2]);
        /* The comment beside a bare address is its name: lists.txt. */
        else if (!is_refusal(row) && (!comment || memchr(places[i].text, '<', 2)))
            check_list((fct_slice){text.ptr, text.len}, expected.ptr);
        fct_buf_done(&text);
        fct_buf_done(&expected);
    }
}

static void check_local(const struct row *row)
{
    check_places(row, "", "@x.example");
}

static void check_domain(const struct row *row)
{
    check_places(row, "a@", "");
}

static void check_list_row(const struct row *row)
{
    fct_buf expected = {0};

    if (is_refusal(row)) {
        check_refused(row->columns[0], row->columns[2]);
        return;
    }
    for (size_t i = 1; i < row->count; i++) {
        fct_buf_add_text(&expected, i > 1 ? "\t" : "");
        fct_buf_add_slice(&expected, row->columns[i]);
    }
    fct_buf_add_char(&expected, '\0');
    check_list(row->columns[0], expected.ptr);
    fct_buf_done(&expected);
}

static void check_form(const struct row *row)
{
    fct_buf wire = {0}, hint = {0};
    facteur_error *error = NULL;
    const char *doubt;

    assert_int_equal(row->count, 3);
    if (fct_address_parse_one(&wire, "address", row->columns[0], &error))
        fct_buf_add_char(&wire, '-');
    assert_int_equal(fct_address_hint(&hint, row->columns[0], &doubt), 0);
    if (!hint.len)
        fct_buf_add_char(&hint, '-');
    if (!fct_slice_equal((fct_slice){wire.ptr, wire.len}, row->columns[1]) ||
        !fct_slice_equal((fct_slice){hint.ptr, hint.len}, row->columns[2]))
        WRONG("\"%s\": \"%.*s\", hint \"%.*s\"", row->columns[0].ptr, (int)wire.len, wire.ptr,
              (int)hint.len, hint.ptr);
    facteur_error_free(error);
    fct_buf_done(&wire);
    fct_buf_done(&hint);
}

static void local_parts(void **state)
{
    assert_true(each_row("locals.txt", check_local) > 150);
}

static void domains(void **state)
{
    assert_true(each_row("domains.txt", check_domain) > 150);
}

static void lists(void **state)
{
    assert_true(each_row("lists.txt", check_list_row) > 100);
}

static void forms(void **state)
{
    assert_true(each_row("forms.txt", check_form) > 100);
}

/* Every allocation of a hint fails once. */
static void hints_without_memory(void **state)
{
    for (unsigned long n = 1;; n++) {
        fct_buf hint = {0};
        const char *doubt;
        int result;

        fct_memory_fail_at(n);
        result = fct_address_hint(&hint, FCT_SLICE("\xc3\xa9na@gmial.con"), &doubt);
        fct_memory_fail_at(0);
        assert_true(result == 0 || result == FACTEUR_ENOMEM);
        fct_buf_done(&hint);
        if (!result)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_parts),
        cmocka_unit_test(domains),
        cmocka_unit_test(lists),
        cmocka_unit_test(forms),
        cmocka_unit_test(hints_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
