/* SPDX-License-Identifier: MIT */
#include "mime/address_hint.h"

#include "base/utf8.h"
#include "facteur.h"
#include "mime/address.h"
#include "mime/idna.h"
#include "mime/token.h"

#include <string.h>

#define NEAR_MIN 8 /* shorter domains are near to too many others */

/*
 * Domains where people have their mail.  A domain of this list is never taken for a misspelling of
 * another.
 */
static const char *const mailboxes[] = {
    "gmail.com",      "googlemail.com",  "hotmail.com",    "hotmail.fr",     "hotmail.de",
    "hotmail.it",     "hotmail.es",      "hotmail.co.uk",  "outlook.com",    "outlook.fr",
    "outlook.de",     "outlook.es",      "live.com",       "live.fr",        "live.nl",
    "live.co.uk",     "msn.com",         "yahoo.com",      "yahoo.fr",       "yahoo.de",
    "yahoo.it",       "yahoo.es",        "yahoo.co.uk",    "yahoo.co.jp",    "yahoo.co.in",
    "yahoo.com.br",   "ymail.com",       "rocketmail.com", "aol.com",        "icloud.com",
    "me.com",         "mac.com",         "mail.com",       "email.com",      "gmx.com",
    "gmx.net",        "gmx.de",          "gmx.at",         "gmx.ch",         "web.de",
    "t-online.de",    "freenet.de",      "posteo.de",      "mailbox.org",    "orange.fr",
    "wanadoo.fr",     "free.fr",         "sfr.fr",         "laposte.net",    "bbox.fr",
    "neuf.fr",        "libero.it",       "virgilio.it",    "tiscali.it",     "alice.it",
    "telefonica.net", "ziggo.nl",        "kpnmail.nl",     "planet.nl",      "skynet.be",
    "telenet.be",     "bluewin.ch",      "seznam.cz",      "onet.pl",        "interia.pl",
    "btinternet.com", "virginmedia.com", "sky.com",        "comcast.net",    "verizon.net",
    "att.net",        "sbcglobal.net",   "cox.net",        "bigpond.com",    "uol.com.br",
    "bol.com.br",     "terra.com.br",    "proton.me",      "protonmail.com", "tutanota.com",
    "fastmail.com",   "zoho.com",        "mail.ru",        "yandex.ru",      "rambler.ru",
    "qq.com",         "163.com",         "126.com",        "foxmail.com",    "naver.com",
    "hanmail.net",    "docomo.ne.jp",    "ezweb.ne.jp",    "softbank.ne.jp",
};

/* Endings that do not exist, and the ones that were meant. */
static const struct {
    const char *typed, *meant;
} endings[] = {
    {".con", ".com"},  {".cmo", ".com"},  {".ocm", ".com"}, {".comm", ".com"},
    {".coom", ".com"}, {".vom", ".com"},  {".xom", ".com"}, {".cpm", ".com"},
    {".nte", ".net"},  {".nett", ".net"}, {".ogr", ".org"}, {".orgg", ".org"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool ends_with(fct_slice text, fct_slice end)
{
    return text.len > end.len &&
           fct_slice_equal_nocase((fct_slice){text.ptr + text.len - end.len, end.len}, end);
}

/*
 * Whether `b` becomes `a` by one typing error: a character too many, one missing, one wrong, or two
 * swapped.
 */
static bool is_near(fct_slice a, fct_slice b)
{
    while (a.len && b.len && a.ptr[0] == b.ptr[0]) {
        a = (fct_slice){a.ptr + 1, a.len - 1};
        b = (fct_slice){b.ptr + 1, b.len - 1};
    }
    while (a.len && b.len && a.ptr[a.len - 1] == b.ptr[b.len - 1]) {
        a.len--;
        b.len--;
    }
    if (a.len == 2 && b.len == 2)
        return a.ptr[0] == b.ptr[1] && a.ptr[1] == b.ptr[0];
    return a.len <= 1 && b.len <= 1;
}

static fct_slice near_mailbox(fct_slice domain)
{
    for (size_t i = 0; i < COUNT(mailboxes); i++) {
        if (fct_slice_equal(domain, fct_slice_of(mailboxes[i])))
            return domain;
    }
    /* Gmail has only one domain. */
    if (fct_slice_starts_nocase(domain, FCT_SLICE("gmail.")))
        return FCT_SLICE("gmail.com");
    for (size_t i = 0; i < COUNT(mailboxes); i++) {
        fct_slice known = fct_slice_of(mailboxes[i]);

        if (known.len >= NEAR_MIN && is_near(domain, known))
            return known;
        /* "gmail" alone. */
        if (fct_slice_starts_nocase(known, domain) && known.ptr[domain.len] == '.')
            return known;
    }
    return domain;
}

/*
 * Make it lower case, turn commas into dots, and leave one dot between two labels and none at the
 * ends.
 */
static void add_domain(fct_buf *out, fct_slice domain)
{
    size_t start = out->len;

    if (fct_slice_starts_nocase(domain, FCT_SLICE("www.")))
        domain = (fct_slice){domain.ptr + 4, domain.len - 4};
    for (size_t i = 0; i < domain.len; i++) {
        char byte = (char)fct_ascii_lower((unsigned char)domain.ptr[i]);

        if (byte == ',' || byte == ';')
            byte = '.';
        if (byte != '.' || (out->len > start && out->ptr[out->len - 1] != '.'))
            fct_buf_add_char(out, byte);
    }
    while (out->len > start && strchr("./:!?>)'\"", out->ptr[out->len - 1]))
        out->len--;
}

static void mend_domain(fct_buf *out, fct_slice domain)
{
    fct_buf mended = {0};
    fct_slice meant;

    add_domain(&mended, domain);
    for (size_t i = 0; i < COUNT(endings); i++) {
        fct_slice typed = fct_slice_of(endings[i].typed);

        if (ends_with((fct_slice){mended.ptr, mended.len}, typed)) {
            mended.len -= typed.len;
            fct_buf_add_text(&mended, endings[i].meant);
        }
    }
    meant = (fct_slice){mended.ptr, mended.len};
    if (meant.len)
        meant = near_mailbox(meant);
    fct_buf_add_slice(out, meant);
    out->failed |= mended.failed;
    fct_buf_done(&mended);
}

/* Ways to write an "@" so that robots do not find the address. */
static size_t at_sign(fct_slice text)
{
    static const char *const signs[] = {"(at)", "[at]", "{at}", "\xef\xbc\xa0", "\xef\xb9\xab"};

    for (size_t i = 0; i < COUNT(signs); i++) {
        if (fct_slice_starts_nocase(text, fct_slice_of(signs[i])))
            return strlen(signs[i]);
    }
    return 0;
}

/*
 * Copy what was typed without blanks, without characters that cannot be seen, and without signs
 * that people often put around an address.
 */
static void strip(fct_buf *out, fct_slice text)
{
    const char *angle = text.len ? memchr(text.ptr, '<', text.len) : NULL;
    const char *end = text.len ? memrchr(text.ptr, '>', text.len) : NULL;

    if (angle && end > angle)
        text = (fct_slice){angle + 1, (size_t)(end - angle - 1)};
    if (fct_slice_starts_nocase(text, FCT_SLICE("mailto:")))
        text = (fct_slice){text.ptr + 7, text.len - 7};
    for (size_t i = 0; i < text.len;) {
        fct_slice rest = {text.ptr + i, text.len - i};
        size_t len = at_sign(rest);
        uint32_t code_point;

        if (len) {
            fct_buf_add_char(out, '@');
        } else {
            len = fct_utf8_next(rest, &code_point);
            if (!len)
                return; /* it is not text at all */
            if (code_point != ' ' && code_point != '<' && code_point != '>' &&
                !fct_is_control(code_point) && !fct_is_invisible(code_point))
                fct_buf_add(out, rest.ptr, len);
        }
        i += len;
    }
}

static void add_local(fct_buf *out, fct_slice local)
{
    while (local.len && (local.ptr[0] == '\'' || local.ptr[0] == '@'))
        local = (fct_slice){local.ptr + 1, local.len - 1};
    while (local.len && local.ptr[local.len - 1] == '@')
        local.len--;
    for (size_t i = 0; i < local.len; i++)
        fct_buf_add_char(out, (char)(local.ptr[i] == ',' ? '.' : local.ptr[i]));
}

/* "anagmail.com": the "@" before a well-known domain was lost. */
static size_t lost_at(fct_slice text)
{
    size_t longest = 0;

    for (size_t i = 0; i < COUNT(mailboxes); i++) {
        fct_slice known = fct_slice_of(mailboxes[i]);

        if (fct_slice_equal_nocase(text, known))
            return text.len;
        if (known.len >= NEAR_MIN && known.len > longest && ends_with(text, known))
            longest = known.len;
    }
    return text.len - longest;
}

static void mend(fct_buf *out, fct_slice text)
{
    const char *at = text.len ? memrchr(text.ptr, '@', text.len) : NULL;
    size_t local = at ? (size_t)(at - text.ptr) : lost_at(text);
    size_t domain = at ? local + 1 : local;

    while (!at && local && strchr(".#", text.ptr[local - 1]))
        local--;
    if (domain == text.len)
        return;
    add_local(out, (fct_slice){text.ptr, local});
    fct_buf_add_char(out, '@');
    mend_domain(out, (fct_slice){text.ptr + domain, text.len - domain});
}

static const char *doubt_of(fct_slice wire)
{
    const char *at = memrchr(wire.ptr, '@', wire.len);
    fct_slice domain = {at + 1, wire.len - (size_t)(at + 1 - wire.ptr)};

    if (domain.ptr[0] != '[' && !memchr(domain.ptr, '.', domain.len))
        return "the domain has no ending such as \".com\"";
    return NULL;
}

int fct_address_hint(fct_buf *hint, fct_slice typed, const char **doubt)
{
    fct_buf wire = {0}, stripped = {0}, mended = {0}, meant = {0};
    int result = fct_address_parse_one(&wire, "address", typed, NULL);

    *doubt = NULL;
    if (result != FACTEUR_ENOMEM) {
        *doubt = result == 0 ? doubt_of((fct_slice){wire.ptr, wire.len}) : NULL;
        strip(&stripped, typed);
        mend(&mended, (fct_slice){stripped.ptr, stripped.len});
        result = stripped.failed || mended.failed ? FACTEUR_ENOMEM : 0;
    }
    if (!result && mended.len)
        result =
            fct_address_parse_one(&meant, "address", (fct_slice){mended.ptr, mended.len}, NULL);
    if (result == FACTEUR_EMESSAGE)
        result = 0;
    /* A hint that differs in case alone is useless. */
    if (!result && meant.len && !doubt_of((fct_slice){meant.ptr, meant.len}) &&
        !fct_slice_equal_nocase((fct_slice){meant.ptr, meant.len},
                                (fct_slice){wire.ptr, wire.len})) {
        result = fct_buf_add(hint, meant.ptr, meant.len);
        if (wire.len)
            *doubt = "the domain looks like a slip of the finger";
    }
    fct_buf_done(&wire);
    fct_buf_done(&stripped);
    fct_buf_done(&mended);
    fct_buf_done(&meant);
    return result;
}
