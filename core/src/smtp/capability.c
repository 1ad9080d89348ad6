/* SPDX-License-Identifier: MIT */
#include "smtp/capability.h"

#include "facteur.h"

#include <string.h>

static const struct {
    const char *keyword;
    unsigned offer;
} keywords[] = {
    {"PIPELINING", FCT_OFFER_PIPELINING},
    {"CHUNKING", FCT_OFFER_CHUNKING},
    {"SIZE", FCT_OFFER_SIZE},
    {"8BITMIME", FCT_OFFER_8BITMIME},
    {"SMTPUTF8", FCT_OFFER_SMTPUTF8},
    {"STARTTLS", FCT_OFFER_STARTTLS},
    {"AUTH", FCT_OFFER_AUTH},
    {"ENHANCEDSTATUSCODES", FCT_OFFER_ENHANCED},
    {"DSN", FCT_OFFER_DSN},
    {"REQUIRETLS", FCT_OFFER_REQUIRETLS},
    {"DELIVERBY", FCT_OFFER_DELIVERBY},
    {"MT-PRIORITY", FCT_OFFER_MT_PRIORITY},
};

/* Cut the first word off. */
static fct_slice next_word(fct_slice *rest)
{
    fct_slice word;
    size_t len = 0;

    *rest = fct_slice_trim(*rest);
    while (len < rest->len && rest->ptr[len] != ' ' && rest->ptr[len] != '\t')
        len++;
    word = (fct_slice){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return word;
}

/* A decimal number that ends the word.  0 for anything else, and for a number that does not fit. */
static uint64_t number(fct_slice word)
{
    uint64_t value = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (!fct_is_digit(word.ptr[i]) || value > (UINT64_MAX - 9) / 10)
            return 0;
        value = value * 10 + (uint64_t)(word.ptr[i] - '0');
    }
    return value;
}

static void read_limits(fct_capabilities *caps, fct_slice rest)
{
    fct_slice word;

    while ((word = next_word(&rest)).len) {
        const char *equal = memchr(word.ptr, '=', word.len);
        fct_slice name;
        uint64_t value;

        if (!equal)
            continue;
        name = (fct_slice){word.ptr, (size_t)(equal - word.ptr)};
        value = number((fct_slice){equal + 1, word.len - name.len - 1});
        if (value > UINT32_MAX)
            continue;
        if (fct_slice_equal_nocase(name, FCT_SLICE("MAILMAX")))
            caps->mail_max = (unsigned)value;
        else if (fct_slice_equal_nocase(name, FCT_SLICE("RCPTMAX")))
            caps->rcpt_max = (unsigned)value;
        else if (fct_slice_equal_nocase(name, FCT_SLICE("RCPTDOMAINMAX")))
            caps->domain_max = (unsigned)value;
    }
}

static void read_mechanisms(fct_capabilities *caps, fct_slice rest)
{
    fct_slice word;

    while ((word = next_word(&rest)).len) {
        int mechanism = fct_mechanism_named(word);

        if (mechanism >= 0)
            caps->mechanisms |= 1u << mechanism;
    }
}

/* RFC 2852 section 3: at most nine digits; a comma and more may follow in a later version. */
static void read_deliver_by(fct_capabilities *caps, fct_slice rest)
{
    fct_slice word = next_word(&rest);
    const char *comma = word.len ? memchr(word.ptr, ',', word.len) : NULL;
    uint64_t value = number((fct_slice){word.ptr, comma ? (size_t)(comma - word.ptr) : word.len});

    if (value <= 999999999)
        caps->deliver_by_min = (unsigned)value;
}

static void read_keyword(fct_capabilities *caps, fct_slice line)
{
    fct_slice word = next_word(&line);

    /* The form of servers older than RFC 2554: "AUTH=LOGIN PLAIN". */
    if (fct_slice_starts_nocase(word, FCT_SLICE("AUTH="))) {
        caps->offers |= FCT_OFFER_AUTH;
        read_mechanisms(caps, (fct_slice){word.ptr + 5, word.len - 5});
        read_mechanisms(caps, line);
        return;
    }
    if (fct_slice_equal_nocase(word, FCT_SLICE("LIMITS")))
        read_limits(caps, line);
    for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++) {
        if (!fct_slice_equal_nocase(word, fct_slice_of(keywords[i].keyword)))
            continue;
        caps->offers |= keywords[i].offer;
        if (keywords[i].offer == FCT_OFFER_SIZE)
            caps->size_max = number(next_word(&line));
        else if (keywords[i].offer == FCT_OFFER_DELIVERBY)
            read_deliver_by(caps, line);
        else if (keywords[i].offer == FCT_OFFER_AUTH)
            read_mechanisms(caps, line);
        return;
    }
}

int fct_capabilities_read(fct_capabilities *caps, fct_slice text)
{
    const char *end;

    fct_buf_clear(&caps->text);
    *caps = (fct_capabilities){.text = caps->text};
    end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
    if (!end)
        return fct_buf_add(&caps->text, "", 0);
    text.len -= (size_t)(end + 1 - text.ptr);
    text.ptr = end + 1;
    if (fct_buf_add_slice(&caps->text, text))
        return FACTEUR_ENOMEM;
    while (text.len) {
        size_t len;

        end = memchr(text.ptr, '\n', text.len);
        len = end ? (size_t)(end - text.ptr) : text.len;
        read_keyword(caps, (fct_slice){text.ptr, len});
        len += end ? 1 : 0;
        text.ptr += len;
        text.len -= len;
    }
    return 0;
}

void fct_capabilities_done(fct_capabilities *caps)
{
    fct_buf_done(&caps->text);
}
