/* SPDX-License-Identifier: MIT */
#include "net/tls_certificate.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/tls_verify.h"

#include <openssl/bio.h>
#include <string.h>
#include <time.h>

#define NAME_MAX_LEN 1024
#define DAY_S 86400

/* "CN=mail.example.com, O=Example": UTF-8, control characters escaped. */
static char *name_text(const X509_NAME *name)
{
    unsigned long flags = (XN_FLAG_RFC2253 & ~XN_FLAG_SEP_MASK & ~ASN1_STRFLGS_ESC_MSB) |
                          XN_FLAG_SEP_CPLUS_SPC | ASN1_STRFLGS_UTF8_CONVERT;
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL, *text = NULL;
    long len;

    if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
        len = BIO_get_mem_data(bio, &bytes);
        text = fct_strndup(len > 0 ? bytes : "",
                           len > 0 ? (size_t)(len < NAME_MAX_LEN ? len : NAME_MAX_LEN) : 0);
    }
    BIO_free(bio);
    return text;
}

/* Returns the time in seconds since 1970; 0 when it cannot be read. */
static int64_t time_text(const ASN1_TIME *time, char text[24])
{
    struct tm tm;

    text[0] = '\0';
    if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
        return 0;
    strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return timegm(&tm);
}

static int64_t whole_days(int64_t seconds)
{
    return seconds >= 0 ? seconds / DAY_S : -((-seconds + DAY_S - 1) / DAY_S);
}

bool fct_tls_certificate_read(X509 *certificate, struct fct_tls_certificate *out)
{
    unsigned char digest[FCT_TLS_PIN_LEN];
    int64_t end_s;

    memset(out, 0, sizeof *out);
    out->subject = name_text(X509_get_subject_name(certificate));
    out->issuer = name_text(X509_get_issuer_name(certificate));
    if (!out->subject || !out->issuer || !fct_tls_pin_of(certificate, digest)) {
        fct_tls_certificate_done(out);
        return false;
    }
    time_text(X509_get0_notBefore(certificate), out->not_before);
    end_s = time_text(X509_get0_notAfter(certificate), out->not_after);
    out->days_left = out->not_after[0] ? whole_days(end_s - fct_clock_date_s()) : 0;
    out->pin_sha256[fct_base64_encode(out->pin_sha256, digest, sizeof digest)] = '\0';
    return true;
}

void fct_tls_certificate_done(struct fct_tls_certificate *certificate)
{
    fct_free(certificate->subject);
    fct_free(certificate->issuer);
    memset(certificate, 0, sizeof *certificate);
}
