/* SPDX-License-Identifier: MIT */
#include "mime/idna.h"

#include "base/ip.h"
#include "base/utf8.h"
#include "facteur.h"

#include <unicode/uchar.h>
#include <unicode/uidna.h>

#include <stdint.h>
#include <string.h>

#define DOMAIN_MAX 253 /* RFC 1035 section 2.3.4, in text form */
#define LABEL_MAX 63
#define MAPPED_MAX 1024

bool fct_is_address_literal(fct_slice text)
{
    unsigned char address[16];
    fct_slice inside;

    if (text.len < 2 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
        return false;
    inside = (fct_slice){text.ptr + 1, text.len - 2};
    if (fct_slice_starts_nocase(inside, FCT_SLICE("IPv6:")))
        return fct_ip_v6((fct_slice){inside.ptr + 5, inside.len - 5}, address);
    return fct_ip_v4(inside, address);
}

/*
 * Host names have no underscores, but the DNS has names with them, and mail to these is delivered.
 */
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

/*
 * Registered names have hyphens at the third and fourth place (RFC 5891 forbids them in new ones).
 * How a label begins and ends is checked afterwards.
 */
#define IGNORED (UIDNA_ERROR_HYPHEN_3_4)

static int map_label(const UIDNA *idna, fct_buf *out, fct_slice label)
{
    UErrorCode status = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    char mapped[MAPPED_MAX];
    int32_t len = uidna_labelToASCII_UTF8(idna, label.ptr, (int32_t)label.len, mapped, MAPPED_MAX,
                                          &info, &status);

    if (status == U_MEMORY_ALLOCATION_ERROR)
        return FACTEUR_ENOMEM;
    if (U_FAILURE(status) || info.errors & ~(uint32_t)IGNORED)
        return FACTEUR_EMESSAGE;
    return fct_buf_add(out, mapped, (size_t)len);
}

/* The full stops of East Asia that end a label, too (UTS 46 section 2.3); the length, or 0. */
static size_t full_stop(fct_slice text)
{
    static const char *const stops[] = {".", "\u3002", "\uff0e", "\uff61"};

    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        if (fct_slice_starts_nocase(text, fct_slice_of(stops[i])))
            return strlen(stops[i]);
    }
    return 0;
}

/* Label by label: a label in ASCII stays as it is, even an A-label that UTS 46 rejects. */
static int map_labels(const UIDNA *idna, fct_buf *out, fct_slice domain)
{
    int result = 0;

    for (size_t at = 0, start = 0; !result && at <= domain.len; at++) {
        fct_slice label = {domain.ptr + start, at - start};
        size_t stop = full_stop((fct_slice){domain.ptr + at, domain.len - at});

        if (!stop && at < domain.len)
            continue;
        result = fct_is_ascii(label) ? fct_buf_add_slice(out, label) : map_label(idna, out, label);
        if (!result && stop)
            result = fct_buf_add_char(out, '.');
        start = at + stop;
        at += stop ? stop - 1 : 0;
    }
    return result;
}

static int map(fct_buf *out, fct_slice domain)
{
    UErrorCode status = U_ZERO_ERROR;
    UIDNA *idna;
    int result = FACTEUR_EMESSAGE;

    if (domain.len > MAPPED_MAX)
        return result;
    idna = uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                               UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
                           &status);
    if (U_SUCCESS(status))
        result = map_labels(idna, out, domain);
    else if (status == U_MEMORY_ALLOCATION_ERROR)
        result = FACTEUR_ENOMEM;
    uidna_close(idna);
    return result;
}

static fct_slice without_final_dot(fct_slice domain)
{
    if (domain.len > 1 && domain.ptr[domain.len - 1] == '.')
        domain.len--;
    return domain;
}

int fct_idna_domain(fct_buf *out, fct_slice domain, const char **why)
{
    fct_buf mapped = {0};
    int result = 0;

    if (domain.len && domain.ptr[0] == '[') {
        *why = "an address literal is written like [192.0.2.1] or [IPv6:2001:db8::1]";
        return fct_is_address_literal(domain) ? fct_buf_add_slice(out, domain) : FACTEUR_EMESSAGE;
    }
    if (!fct_is_ascii(domain)) {
        *why = "the domain is no internationalised domain name (UTS 46)";
        result = map(&mapped, domain);
        domain = (fct_slice){mapped.ptr, mapped.len};
    }
    if (!result) {
        domain = without_final_dot(domain);
        *why = refuse_ascii(domain);
        result = *why ? FACTEUR_EMESSAGE : fct_buf_add_slice(out, domain);
    }
    fct_buf_done(&mapped);
    return result;
}

bool fct_is_invisible(uint32_t code_point)
{
    int8_t type = u_charType((UChar32)code_point);

    return type == U_SPACE_SEPARATOR ||
           (type == U_FORMAT_CHAR && code_point != 0x200c && code_point != 0x200d);
}
