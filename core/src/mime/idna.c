/* SPDX-License-Identifier: MIT */
#include "mime/idna.h"

#include "base/utf8.h"
#include "facteur.h"

#include <unicode/uidna.h>

#include <stdint.h>

#define DOMAIN_MAX 253 /* RFC 1035 section 2.3.4, in text form */
#define LABEL_MAX 63
#define MAPPED_MAX 1024

static bool is_ipv4(fct_slice text)
{
    unsigned numbers = 0, value = 0, digits = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i == text.len || text.ptr[i] == '.') {
            if (!digits || value > 255)
                return false;
            numbers++;
            value = digits = 0;
        } else if (!fct_is_digit((unsigned char)text.ptr[i]) || ++digits > 3) {
            return false;
        } else {
            value = value * 10 + (unsigned)(text.ptr[i] - '0');
        }
    }
    return numbers == 4;
}

static bool is_hex(char byte)
{
    int lower = fct_ascii_lower((unsigned char)byte);

    return fct_is_digit(lower) || (lower >= 'a' && lower <= 'f');
}

/* RFC 4291 section 2.2: eight groups, one run of zero groups as "::", perhaps IPv4 for the last
 * two. */
static bool is_ipv6(fct_slice text)
{
    unsigned groups = 0;
    bool gap = false;
    size_t at = 0;

    if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
        gap = true;
        at = 2;
    }
    while (at < text.len) {
        size_t start = at;

        while (at < text.len && is_hex(text.ptr[at]))
            at++;
        if (at < text.len && text.ptr[at] == '.') {
            groups += 2;
            return is_ipv4((fct_slice){text.ptr + start, text.len - start}) &&
                   (gap ? groups < 8 : groups == 8);
        }
        if (at == start || at - start > 4)
            return false;
        groups++;
        if (at == text.len)
            break;
        if (text.ptr[at++] != ':' || at == text.len)
            return false;
        if (text.ptr[at] == ':') {
            if (gap)
                return false;
            gap = true;
            at++;
        }
    }
    return gap ? groups < 8 : groups == 8;
}

bool fct_is_address_literal(fct_slice text)
{
    fct_slice inside;

    if (text.len < 2 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
        return false;
    inside = (fct_slice){text.ptr + 1, text.len - 2};
    if (fct_slice_starts_nocase(inside, FCT_SLICE("IPv6:")))
        return is_ipv6((fct_slice){inside.ptr + 5, inside.len - 5});
    return is_ipv4(inside);
}

/* Underscores are no host name's, but they are in the DNS, and mail to them is delivered. */
static const char *refuse_ascii(fct_slice domain)
{
    size_t label = 0;

    if (!domain.len)
        return "the domain is empty";
    if (domain.len > DOMAIN_MAX)
        return "the domain is longer than 253 characters";
    for (size_t i = 0; i <= domain.len; i++) {
        unsigned char byte = i < domain.len ? (unsigned char)domain.ptr[i] : '.';

        if (byte == '.') {
            if (!label)
                return "the domain has an empty label";
            if (domain.ptr[i - 1] == '-')
                return "a label of the domain ends with a hyphen";
            label = 0;
        } else if (!fct_is_alnum(byte) && byte != '_' && (byte != '-' || !label)) {
            return "the domain has a character that no domain can have";
        } else if (++label > LABEL_MAX) {
            return "a label of the domain is longer than 63 characters";
        }
    }
    return NULL;
}

static int map(char *mapped, size_t *len, fct_slice domain, const char **why)
{
    UErrorCode status = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UIDNA *idna;
    int32_t got = 0;

    *why = "the domain is no internationalised domain name (UTS 46)";
    if (domain.len > MAPPED_MAX)
        return FACTEUR_EMESSAGE;
    idna = uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                               UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
                           &status);
    if (U_SUCCESS(status))
        got = uidna_nameToASCII_UTF8(idna, domain.ptr, (int32_t)domain.len, mapped, MAPPED_MAX,
                                     &info, &status);
    uidna_close(idna);
    if (status == U_MEMORY_ALLOCATION_ERROR)
        return FACTEUR_ENOMEM;
    if (U_FAILURE(status) || info.errors)
        return FACTEUR_EMESSAGE;
    *len = (size_t)got;
    return 0;
}

static fct_slice without_final_dot(fct_slice domain)
{
    if (domain.len > 1 && domain.ptr[domain.len - 1] == '.')
        domain.len--;
    return domain;
}

int fct_idna_domain(fct_buf *out, fct_slice domain, const char **why)
{
    char mapped[MAPPED_MAX];
    int result;

    if (domain.len && domain.ptr[0] == '[') {
        *why = "an address literal is written like [192.0.2.1] or [IPv6:2001:db8::1]";
        return fct_is_address_literal(domain) ? fct_buf_add_slice(out, domain) : FACTEUR_EMESSAGE;
    }
    if (!fct_is_ascii(domain)) {
        size_t len = 0;

        result = map(mapped, &len, domain, why);
        if (result)
            return result;
        domain = (fct_slice){mapped, len};
    }
    domain = without_final_dot(domain);
    *why = refuse_ascii(domain);
    return *why ? FACTEUR_EMESSAGE : fct_buf_add_slice(out, domain);
}
