/* SPDX-License-Identifier: MIT */
#include "config/preset.h"

#include <string.h>

#define TLS FCT_TLS_IMPLICIT
#define STARTTLS FCT_TLS_STARTTLS

/*
 * Hosts, ports and user names are those of the providers' own pages (docs/dsn.md).  TLS is implicit
 * if the provider offers it (RFC 8314 section 3.3; it saves two round trips).  Idle limits are
 * below those that a provider's pages give (SparkPost: a minute) or users report (SES: about ten
 * seconds).
 */
static const struct fct_preset table[] = {
    {"brevo", "smtp-relay.brevo.com", "", 465, TLS, FCT_LOGIN_GIVEN, NULL, "brevo://LOGIN:KEY", 0,
     0, "465,587,2525"},
    {"fastmail", "smtp.fastmail.com", "", 465, TLS, FCT_LOGIN_GIVEN, NULL,
     "fastmail://USER:APP-PASSWORD", 0, 0, NULL},
    {"gandi", "mail.gandi.net", "", 465, TLS, FCT_LOGIN_GIVEN, NULL, "gandi://USER:PASSWORD", 0, 0,
     NULL},
    {"gmail", "smtp.gmail.com", "", 465, TLS, FCT_LOGIN_GIVEN, NULL, "gmail://USER:APP-PASSWORD", 0,
     0, NULL},
    {"infomaniak", "mail.infomaniak.com", "", 465, TLS, FCT_LOGIN_GIVEN, NULL,
     "infomaniak://USER:PASSWORD", 0, 0, NULL},
    {"ionos", "smtp.ionos.com",
     "com=smtp.ionos.com de=smtp.ionos.de es=smtp.ionos.es fr=smtp.ionos.fr it=smtp.ionos.it "
     "uk=smtp.ionos.co.uk",
     465, TLS, FCT_LOGIN_GIVEN, NULL, "ionos://USER:PASSWORD@fr", 0, 0, NULL},
    {"mailgun", "smtp.mailgun.org", "us=smtp.mailgun.org eu=smtp.eu.mailgun.org", 465, TLS,
     FCT_LOGIN_GIVEN, NULL, "mailgun://USER:PASSWORD@eu", 0, 0, "465,587,2525"},
    {"mailjet", "in-v3.mailjet.com", "", 465, TLS, FCT_LOGIN_GIVEN, NULL, "mailjet://KEY:SECRET", 0,
     0, "465,587,2525"},
    {"mandrill", "smtp.mandrillapp.com", "", 465, TLS, FCT_LOGIN_FIXED, "facteur", "mandrill://KEY",
     0, 0, "465,587,2525"},
    {"office365", "smtp.office365.com", "", 587, STARTTLS, FCT_LOGIN_GIVEN, NULL,
     "office365://USER?token=TOKEN", 0, 0, NULL},
    {"ovh", "ssl0.ovh.net", "", 465, TLS, FCT_LOGIN_GIVEN, NULL, "ovh://USER:PASSWORD", 0, 0, NULL},
    {"postmark", "smtp.postmarkapp.com", "", 587, STARTTLS, FCT_LOGIN_SAME, NULL,
     "postmark://TOKEN", 0, 0, "587,2525"},
    {"resend", "smtp.resend.com", "", 465, TLS, FCT_LOGIN_FIXED, "resend", "resend://KEY", 0, 0,
     "465,2465,587,2587"},
    {"scaleway", "smtp.tem.scaleway.com", "", 465, TLS, FCT_LOGIN_GIVEN, NULL,
     "scaleway://PROJECT-ID:SECRET", 0, 0, "465,2465,587,2587"},
    {"sendgrid", "smtp.sendgrid.net", "", 465, TLS, FCT_LOGIN_FIXED, "apikey", "sendgrid://KEY", 0,
     0, "465,587,2525"},
    {"ses", "email-smtp.%s.amazonaws.com", "*", 465, TLS, FCT_LOGIN_GIVEN, NULL,
     "ses://SMTP-USER:SMTP-PASSWORD@eu-west-3", 8, 0, "465,2465,587,2587"},
    {"sparkpost", "smtp.sparkpostmail.com",
     "us=smtp.sparkpostmail.com eu=smtp.eu.sparkpostmail.com", 587, STARTTLS, FCT_LOGIN_FIXED,
     "SMTP_Injection", "sparkpost://KEY@eu", 50, 100, "587,2525"},
};

const struct fct_preset *fct_preset_at(size_t index)
{
    return index < sizeof table / sizeof table[0] ? &table[index] : NULL;
}

const struct fct_preset *fct_preset_find(fct_slice name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (fct_slice_equal_nocase(name, fct_slice_of(table[i].name)))
            return &table[i];
    }
    return NULL;
}

/* AWS's form: "eu-west-3", "us-gov-east-1". */
static bool is_region(fct_slice region)
{
    size_t hyphens = 0, digits = 0;

    for (size_t i = 0; i < region.len; i++) {
        unsigned char byte = (unsigned char)region.ptr[i];

        if (!fct_is_alnum(byte) && byte != '-')
            return false;
        hyphens += byte == '-';
        digits = fct_is_digit(byte) ? digits + 1 : 0;
    }
    return region.len < 40 && hyphens >= 2 && digits >= 1 && digits <= 2 &&
           region.ptr[region.len - digits - 1] == '-';
}

/* One "name=host" of the list; false at its end. */
static bool next_region(const char **at, fct_slice *name, fct_slice *host)
{
    size_t len = strcspn(*at, " "), name_len = strcspn(*at, "=");

    if (name_len >= len)
        return false;
    *name = (fct_slice){*at, name_len};
    *host = (fct_slice){*at + name_len + 1, len - name_len - 1};
    *at += len + ((*at)[len] == ' ');
    return true;
}

bool fct_preset_host(const struct fct_preset *preset, fct_slice region, fct_buf *host)
{
    const char *place = strstr(preset->host, "%s"), *at = preset->regions;
    fct_slice name, own;

    if (place) {
        if (!is_region(region))
            return false;
        fct_buf_add(host, preset->host, (size_t)(place - preset->host));
        fct_buf_add_slice(host, region);
        fct_buf_add_text(host, place + 2);
        return true;
    }
    if (!region.len || fct_slice_equal_nocase(region, FCT_SLICE("default"))) {
        fct_buf_add_text(host, preset->host);
        return true;
    }
    while (next_region(&at, &name, &own)) {
        if (fct_slice_equal_nocase(region, name)) {
            fct_buf_add_slice(host, own);
            return true;
        }
    }
    return false;
}

bool fct_preset_has_host(const struct fct_preset *preset, fct_slice name)
{
    const char *place = strstr(preset->host, "%s"), *at = preset->regions;
    fct_slice region, own;

    if (place) {
        fct_slice before = {preset->host, (size_t)(place - preset->host)};
        fct_slice behind = fct_slice_of(place + 2);

        return name.len > before.len + behind.len && fct_slice_starts_nocase(name, before) &&
               fct_slice_equal_nocase((fct_slice){name.ptr + name.len - behind.len, behind.len},
                                      behind);
    }
    while (next_region(&at, &region, &own)) {
        if (fct_slice_equal_nocase(name, own))
            return true;
    }
    return fct_slice_equal_nocase(name, fct_slice_of(preset->host));
}

void fct_preset_add_regions(const struct fct_preset *preset, fct_buf *out)
{
    const char *at = preset->regions;
    fct_slice name, own;

    while (next_region(&at, &name, &own)) {
        fct_buf_add_slice(out, name);
        if (*at)
            fct_buf_add_text(out, ", ");
    }
}
