/* SPDX-License-Identifier: MIT */
/*
 * The builder's other forms of the text: AMP, calendar invitations and anything else that readers
 * know.
 */
#include "mime/builder.h"

#include "base/error.h"
#include "base/memory.h"
#include "mime/limits.h"
#include "mime/token.h"

#define FIELD "alternatives"

void fct_alternative_done(struct fct_alternative *alternative)
{
    fct_free(alternative->type);
    fct_free(alternative->body.text);
}

bool fct_alternative_is_plain(const struct fct_alternative *alternative)
{
    fct_slice type = fct_slice_of(alternative->type);

    return fct_slice_starts_nocase(type, FCT_SLICE("text/")) &&
           !fct_type_is(type, FCT_SLICE("text/calendar"));
}

static int refuse(facteur_error **error, const char *text)
{
    return fct_error_set(error, FACTEUR_EMESSAGE, FIELD, "%s", text);
}

/* Check a type: the text is always UTF-8, and some types cannot be an alternative. */
static int check_type(fct_slice type, facteur_error **error)
{
    fct_slice charset = fct_type_parameter(type, FCT_SLICE("charset"));

    if (fct_type_is(type, FCT_SLICE("text/plain")) || fct_type_is(type, FCT_SLICE("text/html")))
        return refuse(error, "the plain text and the HTML are the fields text and html");
    if (fct_slice_starts_nocase(type, FCT_SLICE("message/")))
        return refuse(error, "a message cannot be an alternative to a text");
    if (charset.ptr && !fct_slice_equal_nocase(charset, FCT_SLICE("utf-8")))
        return refuse(error, "an alternative is UTF-8: leave the charset out");
    return 0;
}

/* The value of METHOD among the properties of the calendar itself (RFC 5545 section 3.7.2). */
static fct_slice calendar_method(fct_slice text)
{
    size_t depth = 0;

    while (text.len) {
        const char *end = memchr(text.ptr, '\n', text.len);
        fct_slice line = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
        size_t step = line.len + (end != NULL);

        text.ptr += step;
        text.len -= step;
        if (fct_slice_starts_nocase(line, FCT_SLICE("BEGIN:")))
            depth++;
        else if (fct_slice_starts_nocase(line, FCT_SLICE("END:")) && depth)
            depth--;
        else if (depth == 1 && fct_slice_starts_nocase(line, FCT_SLICE("METHOD:")))
            return fct_slice_trim((fct_slice){line.ptr + 7, line.len - 7});
    }
    return (fct_slice){0};
}

static bool is_method(fct_slice method)
{
    for (size_t i = 0; i < method.len; i++) {
        if (!fct_is_alnum((unsigned char)method.ptr[i]) && method.ptr[i] != '-')
            return false;
    }
    return method.len > 0 && method.len <= 60;
}

/* Readers use the parameter, so it must agree with the calendar (RFC 6047 section 2.4). */
static int check_calendar(fct_slice type, fct_slice text, fct_slice *method, facteur_error **error)
{
    fct_slice told = fct_type_parameter(type, FCT_SLICE("method"));

    if (!fct_slice_starts_nocase(text, FCT_SLICE("BEGIN:VCALENDAR\n")))
        return refuse(error, "a text/calendar begins with the line BEGIN:VCALENDAR");
    *method = calendar_method(text);
    if (method->ptr && !is_method(*method))
        return refuse(error, "the calendar's METHOD is not a word of letters, digits and \"-\"");
    if (!told.ptr)
        return 0;
    if (!method->ptr || !fct_slice_equal_nocase(told, *method))
        return fct_error_set(error, FACTEUR_EMESSAGE, FIELD,
                             "the parameter method is \"%.*s\", but the calendar's METHOD is "
                             "\"%.*s\"",
                             (int)told.len, told.ptr, (int)method->len,
                             method->ptr ? method->ptr : "");
    *method = (fct_slice){0};
    return 0;
}

static char *full_type(fct_slice type, fct_slice method)
{
    fct_buf full = {0};
    char *text;

    fct_buf_add_slice(&full, type);
    if (method.ptr)
        fct_buf_addf(&full, "; method=%.*s", (int)method.len, method.ptr);
    if (fct_slice_starts_nocase(type, FCT_SLICE("text/")) &&
        !fct_type_parameter(type, FCT_SLICE("charset")).ptr)
        fct_buf_add_text(&full, "; charset=utf-8");
    text = fct_buf_take(&full, NULL);
    fct_buf_done(&full);
    return text;
}

static int check(const facteur_message *message, fct_slice type, fct_slice content,
                 facteur_error **error)
{
    int result = fct_message_check_open(message, FIELD, error);

    if (!result)
        result = fct_token_check(FCT_TOKEN_MEDIA_TYPE, FIELD, type, error);
    if (!result)
        result = check_type(type, error);
    if (!result)
        result = fct_text_check(FIELD, content, 0, error);
    if (!result && message->alternative_count == FCT_MAX_ALTERNATIVES)
        result = fct_error_set(error, FACTEUR_EMESSAGE, FIELD,
                               "a message has at most %d alternatives", FCT_MAX_ALTERNATIVES);
    return result;
}

int facteur_message_add_alternative(facteur_message *message, const char *type, const char *content,
                                    size_t len, facteur_error **error)
{
    struct fct_alternative made = {0};
    fct_slice name = fct_slice_of(type), text = fct_argument(content, len), method = {0};
    int result = check(message, name, text, error);

    if (!result && !fct_body_copy(&made.body, text))
        result = fct_error_nomem(error);
    text = (fct_slice){made.body.text, made.body.len};
    if (!result && fct_type_is(name, FCT_SLICE("text/calendar")))
        result = check_calendar(name, text, &method, error);
    if (!result) {
        made.type = full_type(name, method);
        result = made.type ? 0 : fct_error_nomem(error);
    }
    if (result) {
        fct_alternative_done(&made);
        return result;
    }
    message->alternatives[message->alternative_count++] = made;
    fct_message_thaw(message);
    return 0;
}
