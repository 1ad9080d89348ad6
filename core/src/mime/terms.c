/* SPDX-License-Identifier: MIT */
#include "mime/terms.h"

#include "base/error.h"
#include "mime/token.h"

#include <string.h>

#define BY_MAX 999999999u /* RFC 2852 section 4: nine digits */

void fct_xtext_add(fct_buf *out, fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];

        if (byte > ' ' && byte <= '~' && byte != '+' && byte != '=')
            fct_buf_add_char(out, (char)byte);
        else
            fct_buf_addf(out, "+%02X", (unsigned)byte);
    }
}

static int refuse(const char *field, facteur_error **error, const char *form)
{
    return fct_error_set(error, FACTEUR_EMESSAGE, field, "%s is %s", field, form);
}

static bool is_notify(unsigned notify)
{
    const unsigned some = FCT_NOTIFY_SUCCESS | FCT_NOTIFY_FAILURE | FCT_NOTIFY_DELAY;

    return notify == FCT_NOTIFY_NEVER || (notify && !(notify & ~some));
}

static int read_notify(fct_terms *terms, const char *field, fct_slice value, facteur_error **error)
{
    static const char *const names[] = {"never", "success", "failure", "delay"};

    terms->notify = 0;
    for (size_t at = 0; at <= value.len;) {
        const char *comma = memchr(value.ptr + at, ',', value.len - at);
        size_t end = comma ? (size_t)(comma - value.ptr) : value.len, i = 0;
        fct_slice word = fct_slice_trim((fct_slice){value.ptr + at, end - at});

        while (i < 4 && !fct_slice_equal_nocase(word, fct_slice_of(names[i])))
            i++;
        terms->notify |= 1u << i;
        at = end + 1;
    }
    if (is_notify(terms->notify))
        return 0;
    return refuse(field, error, "\"never\", or any of \"success,failure,delay\"");
}

static int read_return(fct_terms *terms, const char *field, fct_slice value, facteur_error **error)
{
    terms->return_full = fct_slice_equal_nocase(value, FCT_SLICE("full"));
    if (terms->return_full || fct_slice_equal_nocase(value, FCT_SLICE("headers")))
        return 0;
    return refuse(field, error, "\"full\" or \"headers\"");
}

static int read_envid(fct_terms *terms, const char *field, fct_slice value, facteur_error **error)
{
    fct_buf text = {0};
    int result = fct_token_check(FCT_TOKEN_ENVELOPE_ID, field, value, error);

    if (result)
        return result;
    fct_xtext_add(&text, value);
    if (text.failed)
        result = fct_error_nomem(error);
    else if (text.len > FCT_ENVID_MAX)
        result = refuse(field, error,
                        "at most 100 characters, of which spaces, \"+\" and \"=\" count three");
    else
        memcpy(terms->envid, text.ptr, text.len);
    terms->envid[result ? 0 : text.len] = '\0';
    fct_buf_done(&text);
    return result;
}

static int read_require_tls(fct_terms *terms, const char *field, fct_slice value,
                            facteur_error **error)
{
    if (fct_slice_equal(value, FCT_SLICE("0")))
        terms->asked = 0;
    else if (!fct_slice_equal(value, FCT_SLICE("1")))
        return refuse(field, error, "\"1\", or \"0\" for not asked");
    return 0;
}

/*
 * Take digits off the front of the value.  False when there are none or the number is above `max`.
 */
static bool take_number(fct_slice *value, uint32_t max, uint32_t *number)
{
    const char *start = value->ptr;
    uint64_t seen = 0;

    for (; value->len && fct_is_digit((unsigned char)value->ptr[0]); value->ptr++, value->len--) {
        seen = seen * 10 + (uint64_t)(value->ptr[0] - '0');
        if (seen > max)
            return false;
    }
    *number = (uint32_t)seen;
    return value->ptr > start;
}

static int read_deliver_by(fct_terms *terms, const char *field, fct_slice value,
                           facteur_error **error)
{
    bool good = take_number(&value, BY_MAX, &terms->by_s) && terms->by_s > 0;

    terms->by_notify = fct_slice_equal_nocase(value, FCT_SLICE(";N"));
    if (good && (!value.len || terms->by_notify || fct_slice_equal_nocase(value, FCT_SLICE(";R"))))
        return 0;
    return refuse(field, error,
                  "the seconds within which the mail is delivered or returned, 1 to 999999999 "
                  "(with \";N\" behind them: delivered late, too, but told)");
}

static int read_priority(fct_terms *terms, const char *field, fct_slice value,
                         facteur_error **error)
{
    bool minus = value.len && value.ptr[0] == '-';
    uint32_t number;

    if (minus) {
        value.ptr++;
        value.len--;
    }
    if (!take_number(&value, 9, &number) || value.len)
        return refuse(field, error, "a number from -9 to 9");
    terms->priority = minus ? -(int)number : (int)number;
    return 0;
}

static const struct {
    const char *field;
    enum fct_term term;
    int (*read)(fct_terms *terms, const char *field, fct_slice value, facteur_error **error);
} table[] = {
    {"dsn_notify", FCT_TERM_NOTIFY, read_notify},
    {"dsn_return", FCT_TERM_RETURN, read_return},
    {"envelope_id", FCT_TERM_ENVID, read_envid},
    {"require_tls", FCT_TERM_REQUIRETLS, read_require_tls},
    {"deliver_by", FCT_TERM_DELIVERBY, read_deliver_by},
    {"mt_priority", FCT_TERM_MT_PRIORITY, read_priority},
};

int fct_terms_set(fct_terms *terms, const char *field, fct_slice value, facteur_error **error)
{
    fct_terms changed = *terms;
    size_t i = 0;
    bool waived;
    int result = 0;

    while (strcmp(table[i].field, field) != 0)
        i++;
    value = fct_slice_trim(value);
    waived = value.len > 1 && value.ptr[value.len - 1] == '?';
    if (waived)
        value.len--;
    /* Secrecy that a relay may leave out is worth nothing. */
    if (waived && table[i].term == FCT_TERM_REQUIRETLS)
        return refuse(field, error, "never optional: write it without the \"?\"");
    changed.asked = value.len ? table[i].term : 0;
    if (value.len)
        result = table[i].read(&changed, field, value, error);
    if (result)
        return result;
    changed.asked |= terms->asked & ~(unsigned)table[i].term;
    changed.waived &= ~(unsigned)table[i].term;
    if (waived)
        changed.waived |= table[i].term;
    *terms = changed;
    return 0;
}

/* xtext is checked when it is set (fct_terms_good()). */
static void add_from_xtext(fct_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '+') {
            fct_buf_add_char(out, (char)(fct_hex_digit(text[1]) * 16 + fct_hex_digit(text[2])));
            text += 2;
        } else {
            fct_buf_add_char(out, *text);
        }
    }
}

static void add_notify(fct_buf *out, unsigned notify)
{
    static const char *const names[] = {"never", "success", "failure", "delay"};

    for (unsigned i = 0; i < 4; i++) {
        if (notify & 1u << i)
            fct_buf_addf(out, "%s%s", out->len ? "," : "", names[i]);
    }
}

static enum fct_term add_term(fct_buf *out, const fct_terms *terms, const char *name)
{
    if (strcmp(name, "dsn_notify") == 0) {
        add_notify(out, terms->notify);
        return FCT_TERM_NOTIFY;
    }
    if (strcmp(name, "dsn_return") == 0) {
        fct_buf_add_text(out, terms->return_full ? "full" : "headers");
        return FCT_TERM_RETURN;
    }
    if (strcmp(name, "envelope_id") == 0) {
        add_from_xtext(out, terms->envid);
        return FCT_TERM_ENVID;
    }
    if (strcmp(name, "deliver_by") == 0) {
        fct_buf_addf(out, "%u%s", (unsigned)terms->by_s, terms->by_notify ? ";N" : "");
        return FCT_TERM_DELIVERBY;
    }
    fct_buf_addf(out, "%d", terms->priority);
    return FCT_TERM_MT_PRIORITY;
}

bool fct_terms_text(const fct_terms *terms, const char *field, fct_buf *out)
{
    enum fct_term term = add_term(out, terms, field);

    if (terms->waived & (unsigned)term)
        fct_buf_add_char(out, '?');
    return terms->asked & (unsigned)term;
}

static bool is_hex(char byte)
{
    return fct_is_digit(byte) || (byte >= 'A' && byte <= 'F');
}

static bool is_xtext(fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char *hex = text.ptr + i + 1;

        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || text.ptr[i] == '=')
            return false;
        if (text.ptr[i] == '+' && (i + 2 >= text.len || !is_hex(hex[0]) || !is_hex(hex[1])))
            return false;
    }
    return text.len > 0;
}

bool fct_terms_good(const fct_terms *terms)
{
    unsigned known = 0;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        known |= table[i].term;
    if ((terms->asked & ~known) || (terms->waived & ~terms->asked) ||
        (terms->waived & FCT_TERM_REQUIRETLS))
        return false;
    if ((terms->asked & FCT_TERM_NOTIFY) && !is_notify(terms->notify))
        return false;
    if ((terms->asked & FCT_TERM_DELIVERBY) && (terms->by_s == 0 || terms->by_s > BY_MAX))
        return false;
    if ((terms->asked & FCT_TERM_MT_PRIORITY) && (terms->priority < -9 || terms->priority > 9))
        return false;
    return !(terms->asked & FCT_TERM_ENVID) || is_xtext(fct_slice_of(terms->envid));
}
