/* SPDX-License-Identifier: MIT */
#include "mailer/queue_id.h"

#include <string.h>

#define ID_MAX 200

static bool is_id_byte(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f && !strchr("<>()[]{},;\"'", byte);
}

/*
 * The length of the id at the start of `text`.  Coremail's has a comma within ("smtp5,D9Gow"), so a
 * comma counts when more of the word follows.
 */
static size_t id_len(fct_slice text)
{
    size_t len = 0;

    while (len < text.len && (is_id_byte((unsigned char)text.ptr[len]) ||
                              (text.ptr[len] == ',' && len && len + 1 < text.len &&
                               is_id_byte((unsigned char)text.ptr[len + 1]))))
        len++;
    while (len && strchr(".:", text.ptr[len - 1]))
        len--;
    return len <= ID_MAX ? len : 0;
}

/* Whether a word ends here: what closes it, then a space or the end of the text. */
static bool is_end(fct_slice text)
{
    while (text.len && strchr(">)].,:;", text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    return !text.len || strchr(" \n", text.ptr[0]);
}

/*
 * The whole id at the start of `text`, without the brackets that some servers put around it.  Empty
 * when the id has no end that is known, or its bracket is not closed: half an id helps nobody.
 */
static fct_slice id_at(fct_slice text, bool in_brackets)
{
    fct_slice id, rest;

    while (text.len && strchr(" <([", text.ptr[0])) {
        in_brackets |= text.ptr[0] != ' ';
        text.ptr++;
        text.len--;
    }
    id = (fct_slice){text.ptr, id_len(text)};
    rest = (fct_slice){text.ptr + id.len, text.len - id.len};
    if (!is_end(rest) || (in_brackets && (!rest.len || !strchr(">)]", rest.ptr[0]))))
        id.len = 0;
    return id;
}

/* The last word before `end`, an offset in `text`; empty when it is not an id from end to end. */
static fct_slice id_before(fct_slice text, size_t end)
{
    size_t start;

    while (end && text.ptr[end - 1] == ' ')
        end--;
    start = end;
    while (start && is_id_byte((unsigned char)text.ptr[start - 1]))
        start--;
    if (end - start > ID_MAX || (start && !strchr(" \n", text.ptr[start - 1])))
        end = start;
    return (fct_slice){text.ptr + start, end - start};
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

static bool is_hex_word(fct_slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (!fct_is_digit((unsigned char)id.ptr[i]) && (id.ptr[i] < 'a' || id.ptr[i] > 'f'))
            return false;
    }
    return id.len == 8;
}

/*
 * An id has a digit, or is a hexadecimal number without one, like one in 2,500 of OpenSMTPD's.
 * Polite words are neither.
 */
static bool is_likely(fct_slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (fct_is_digit((unsigned char)id.ptr[i]))
            return id.len >= 4;
    }
    return is_hex_word(id);
}

/* A word of a language, "freedom" or "Spam", where an id could be. */
static bool is_word(fct_slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (!fct_is_alpha((unsigned char)id.ptr[i]) || (i && id.ptr[i] < 'a'))
            return false;
    }
    return !is_hex_word(id);
}

/* "Ok 0102018f…", alone on its line: Amazon SES and SparkPost. */
static fct_slice id_after_ok(fct_slice text)
{
    fct_slice rest, id;

    if (!fct_slice_starts_nocase(text, FCT_SLICE("ok")) || text.len < 4 ||
        (text.ptr[2] != ' ' && text.ptr[2] != ':'))
        return (fct_slice){"", 0};
    rest = fct_slice_trim((fct_slice){text.ptr + 3, text.len - 3});
    id = id_at(rest, false);
    return id.ptr + id.len == rest.ptr + rest.len ? id : (fct_slice){"", 0};
}

/* "queued on HOST ID" or "queued on HOST as ID": Yandex. */
static fct_slice id_behind_host(fct_slice text)
{
    const fct_slice queued = FCT_SLICE("queued on "), as = FCT_SLICE("as ");
    size_t at = find_last(text, queued), host = 0;
    fct_slice id;

    if (at == text.len)
        return (fct_slice){"", 0};
    text = (fct_slice){text.ptr + at + queued.len, text.len - at - queued.len};
    while (host < text.len && text.ptr[host] != ' ')
        host++;
    text = fct_slice_trim((fct_slice){text.ptr + host, text.len - host});
    if (fct_slice_starts_nocase(text, as))
        text = (fct_slice){text.ptr + as.len, text.len - as.len};
    id = id_at(text, false);
    return is_word(id) ? (fct_slice){"", 0} : id;
}

/* The text before the id, and the text after it.  A form with more words is before its short one.
 */
static const char *const before[] = {
    "###envid=",       /* Alibaba, which queues everything "as freedom" */
    "queued as ",      /* Postfix and servers that speak like it; with a content filter the last of
                          several counts */
    "queued with id ", /* Stalwart */
    " id=",            /* Exim */
    " ids=",           /* KumoMTA */
    "InternalId=",     /* Exchange */
    "queue id ",       /* Courier, Zimbra */
    " qp ",            /* qmail */
    "queued (",        /* Haraka; hMailServer's "(0.4 seconds)" is no id */
    "queue-id: ",
    "Received OK [", /* Mimecast */
    "Message id ",   /* IceWarp */
    "ok:  Message ", /* IronPort */
};
static const char *const behind[] = {
    " Message accepted for delivery", /* Sendmail, OpenSMTPD */
    " mail accepted for delivery",    /* Openwave, Cloudmark */
    " - gsmtp",                       /* Gmail */
};

static fct_slice id_behind(fct_slice text, fct_slice word)
{
    size_t at = find_last(text, word);
    fct_slice id;

    if (at == text.len)
        return (fct_slice){"", 0};
    id = id_at((fct_slice){text.ptr + at + word.len, text.len - at - word.len},
               word.ptr[word.len - 1] == '(' || word.ptr[word.len - 1] == '[');
    return is_word(id) ? (fct_slice){"", 0} : id;
}

fct_slice fct_queue_id_find(fct_slice text)
{
    fct_slice id = id_behind_host(text);

    for (size_t i = 0; !id.len && i < sizeof before / sizeof before[0]; i++)
        id = id_behind(text, fct_slice_of(before[i]));
    for (size_t i = 0; !id.len && i < sizeof behind / sizeof behind[0]; i++) {
        size_t at = find_last(text, fct_slice_of(behind[i]));

        id = at < text.len ? id_before(text, at) : id;
        id.len = is_likely(id) ? id.len : 0;
    }
    if (id.len)
        return id;
    id = id_after_ok(text);
    return is_likely(id) ? id : (fct_slice){"", 0};
}
