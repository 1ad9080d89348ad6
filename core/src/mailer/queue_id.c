/* SPDX-License-Identifier: MIT */
#include "mailer/queue_id.h"

#include <string.h>

#define ID_MAX 200

static bool is_id_byte(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f && !strchr("<>()[]{},;\"'", byte);
}

/* The id at the start of `text`, without the brackets that some servers put around it. */
static fct_slice id_at(fct_slice text)
{
    size_t len = 0;

    while (text.len && strchr(" <([", text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (len < text.len && is_id_byte((unsigned char)text.ptr[len]))
        len++;
    while (len && strchr(".:", text.ptr[len - 1]))
        len--;
    return (fct_slice){text.ptr, len <= ID_MAX ? len : 0};
}

/* The last word before `end`, an offset in `text`. */
static fct_slice id_before(fct_slice text, size_t end)
{
    size_t start;

    while (end && text.ptr[end - 1] == ' ')
        end--;
    start = end;
    while (start && is_id_byte((unsigned char)text.ptr[start - 1]))
        start--;
    return (fct_slice){text.ptr + start, end - start <= ID_MAX ? end - start : 0};
}

/* The offset of the last occurrence of `word`, or text.len. */
static size_t find_last(fct_slice text, fct_slice word)
{
    for (size_t i = text.len; i >= word.len; i--) {
        size_t at = i - word.len;

        if (fct_slice_starts_nocase((fct_slice){text.ptr + at, text.len - at}, word))
            return at;
    }
    return text.len;
}

/*
 * An id has a digit, or is a hexadecimal number without one, like one in 2,500 of OpenSMTPD's.
 * Polite words are neither.
 */
static bool is_likely(fct_slice id)
{
    bool digit = false, hex = true;

    for (size_t i = 0; i < id.len; i++) {
        bool is_digit = fct_is_digit((unsigned char)id.ptr[i]);

        digit |= is_digit;
        hex &= is_digit || (id.ptr[i] >= 'a' && id.ptr[i] <= 'f');
    }
    return digit ? id.len >= 4 : hex && id.len == 8;
}

/* "Ok 0102018f…", alone on its line: Amazon SES and SparkPost. */
static fct_slice id_after_ok(fct_slice text)
{
    fct_slice rest, id;

    if (!fct_slice_starts_nocase(text, FCT_SLICE("ok")) || text.len < 4 ||
        (text.ptr[2] != ' ' && text.ptr[2] != ':'))
        return (fct_slice){"", 0};
    rest = fct_slice_trim((fct_slice){text.ptr + 3, text.len - 3});
    id = id_at(rest);
    return id.ptr + id.len == rest.ptr + rest.len ? id : (fct_slice){"", 0};
}

/* The text before the id, and the text after it. */
static const char *const before[] = {
    "queued as ",  /* Postfix and servers that speak like it; with a content filter the last of
                      several counts */
    " id=",        /* Exim */
    "InternalId=", /* Exchange */
    "queue id ",   /* Courier, Zimbra */
    " qp ",        /* qmail */
    "queued (",    /* Haraka */
    "queue-id: ",
};
static const char *const behind[] = {
    " Message accepted for delivery", /* Sendmail, OpenSMTPD */
    " - gsmtp",                       /* Gmail */
};

fct_slice fct_queue_id_find(fct_slice text)
{
    fct_slice id;
    size_t at;

    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        fct_slice word = fct_slice_of(before[i]);

        at = find_last(text, word);
        if (at == text.len)
            continue;
        id = id_at((fct_slice){text.ptr + at + word.len, text.len - at - word.len});
        if (id.len)
            return id;
    }
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        at = find_last(text, fct_slice_of(behind[i]));
        if (at == text.len)
            continue;
        id = id_before(text, at);
        if (is_likely(id))
            return id;
    }
    id = id_after_ok(text);
    return is_likely(id) ? id : (fct_slice){"", 0};
}
