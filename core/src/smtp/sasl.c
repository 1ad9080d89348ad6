/* SPDX-License-Identifier: MIT */
#include "smtp/sasl.h"

#include "base/memory.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char *const names[] = {
#define FCT_MECHANISM_NAME(id, name) name,
    FCT_MECHANISMS(FCT_MECHANISM_NAME)
#undef FCT_MECHANISM_NAME
};

int fct_mechanism_named(fct_slice name)
{
    for (int i = 0; i < FCT_MECHANISM_COUNT; i++) {
        if (fct_slice_equal_nocase(name, fct_slice_of(names[i])))
            return i;
    }
    return -1;
}

const char *fct_mechanism_name(enum fct_mechanism mechanism)
{
    return names[mechanism];
}

#define PLUS                                                                                       \
    (1u << FCT_MECHANISM_SCRAM_SHA_512_PLUS | 1u << FCT_MECHANISM_SCRAM_SHA_256_PLUS |             \
     1u << FCT_MECHANISM_SCRAM_SHA_1_PLUS)

static bool is_plus(int mechanism)
{
    return mechanism >= 0 && (PLUS & 1u << mechanism);
}

bool fct_sasl_wanted(const struct fct_session_config *config)
{
    return config->username || config->token ||
           (config->auth &&
            fct_slice_equal_nocase(fct_slice_of(config->auth), FCT_SLICE("EXTERNAL")));
}

bool fct_mechanism_names_another(int mechanism)
{
    return mechanism != FCT_MECHANISM_LOGIN && mechanism != FCT_MECHANISM_CRAM_MD5 &&
           mechanism != FCT_MECHANISM_XOAUTH2;
}

int fct_sasl_choose(const struct fct_session_config *config, unsigned offered, bool can_bind)
{
    int first = FCT_MECHANISM_SCRAM_SHA_512_PLUS, last = FCT_MECHANISM_CRAM_MD5;

    if (config->auth) {
        int named = fct_mechanism_named(fct_slice_of(config->auth));

        if (named < 0 || !(offered & 1u << named) || (is_plus(named) && !can_bind))
            return -1;
        return named;
    }
    if (config->token) {
        first = FCT_MECHANISM_OAUTHBEARER;
        last = FCT_MECHANISM_XOAUTH2;
    }
    for (int i = first; i <= last; i++) {
        if ((offered & 1u << i) && (can_bind || !is_plus(i)) &&
            (!config->authzid || fct_mechanism_names_another(i)))
            return i;
    }
    return -1;
}

void fct_sasl_init(fct_sasl *sasl, enum fct_mechanism mechanism,
                   const struct fct_session_config *config, unsigned offered,
                   const struct fct_tls_facts *facts)
{
    *sasl = (fct_sasl){.mechanism = mechanism,
                       .username = config->username ? config->username : "",
                       .authzid = config->authzid ? config->authzid : "",
                       .host = config->host,
                       .port = config->port,
                       .nonce = config->nonce};
    if (config->password)
        sasl->password = fct_secret_bytes(config->password);
    if (config->token)
        sasl->token = fct_secret_bytes(config->token);
    if (facts && facts->channel_binding) {
        if (is_plus((int)mechanism)) {
            sasl->binding = (fct_slice){facts->channel_binding, facts->channel_binding_len};
            sasl->binding_name = facts->binding_name;
        } else {
            sasl->binding_unoffered = !(offered & PLUS);
        }
    }
}

void fct_sasl_done(fct_sasl *sasl)
{
    fct_buf_wipe(&sasl->first);
    fct_wipe(sasl, sizeof(*sasl));
}

bool fct_sasl_begins(const fct_sasl *sasl)
{
    return sasl->mechanism != FCT_MECHANISM_LOGIN && sasl->mechanism != FCT_MECHANISM_CRAM_MD5;
}

static int refuse(fct_sasl *sasl, const char *problem)
{
    sasl->problem = problem;
    return FACTEUR_EAUTH;
}

/* RFC 4616.  NUL ends a field, so no field can contain it. */
static int plain(fct_sasl *sasl, fct_buf *out)
{
    if (sasl->password.len && memchr(sasl->password.ptr, 0, sasl->password.len))
        return refuse(sasl, "the password contains a NUL byte, which PLAIN cannot carry");
    fct_buf_add_text(out, sasl->authzid);
    fct_buf_add_char(out, '\0');
    fct_buf_add_text(out, sasl->username);
    fct_buf_add_char(out, '\0');
    fct_buf_add_slice(out, sasl->password);
    sasl->done = true;
    return out->failed ? FACTEUR_ENOMEM : 0;
}

/* Microsoft's LOGIN.  Servers word their prompts differently, but all use this order. */
static int login(fct_sasl *sasl, fct_buf *out)
{
    if (sasl->step == 1)
        return fct_buf_add_text(out, sasl->username);
    sasl->done = true;
    return fct_buf_add_slice(out, sasl->password);
}

/* RFC 2195. */
static int cram_md5(fct_sasl *sasl, fct_slice challenge, fct_buf *out)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;

    if (sasl->password.len > INT32_MAX ||
        !HMAC(EVP_md5(), sasl->password.ptr ? sasl->password.ptr : "", (int)sasl->password.len,
              (const unsigned char *)challenge.ptr, challenge.len, digest, &digest_len))
        return refuse(sasl, "this OpenSSL does not provide MD5, which CRAM-MD5 needs");
    fct_buf_add_text(out, sasl->username);
    fct_buf_add_char(out, ' ');
    for (unsigned i = 0; i < digest_len; i++) {
        fct_buf_add_char(out, hex[digest[i] >> 4]);
        fct_buf_add_char(out, hex[digest[i] & 15]);
    }
    sasl->done = true;
    return out->failed ? FACTEUR_ENOMEM : 0;
}

void fct_sasl_add_authzid(fct_buf *out, const char *authzid)
{
    if (*authzid) {
        fct_buf_add_text(out, "a=");
        fct_sasl_add_name(out, fct_slice_of(authzid));
    }
    fct_buf_add_char(out, ',');
}

void fct_sasl_add_name(fct_buf *out, fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == ',')
            fct_buf_add_text(out, "=2C");
        else if (name.ptr[i] == '=')
            fct_buf_add_text(out, "=3D");
        else
            fct_buf_add_char(out, name.ptr[i]);
    }
}

/* XOAUTH2 as its providers document it, OAUTHBEARER as in RFC 7628 section 3.1. */
static int oauth(fct_sasl *sasl, fct_slice challenge, fct_buf *out)
{
    bool bearer = sasl->mechanism == FCT_MECHANISM_OAUTHBEARER;

    if (sasl->step > 1) {
        /*
         * The challenge is the error in JSON.  This answer asks for the reply that ends the login.
         */
        sasl->problem = "the relay refused the token";
        return bearer ? fct_buf_add_char(out, '\1') : 0;
    }
    if (sasl->token.len && memchr(sasl->token.ptr, 1, sasl->token.len))
        return refuse(sasl, "the token contains a control character");
    if (bearer) {
        fct_buf_add_text(out, "n,");
        /* The token says who logs in, so the user name is whom to act as, too. */
        fct_sasl_add_authzid(out, *sasl->authzid ? sasl->authzid : sasl->username);
        fct_buf_add_char(out, '\1');
        if (sasl->host)
            fct_buf_addf(out, "host=%s\1port=%u\1", sasl->host, sasl->port);
        fct_buf_add_text(out, "auth=Bearer ");
    } else {
        fct_buf_addf(out, "user=%s\1auth=Bearer ", sasl->username);
    }
    fct_buf_add_slice(out, sasl->token);
    fct_buf_add_text(out, "\1\1");
    sasl->done = true;
    return out->failed ? FACTEUR_ENOMEM : 0;
}

int fct_sasl_step(fct_sasl *sasl, fct_slice challenge, fct_buf *response)
{
    bool oauth_error =
        sasl->step == 1 && sasl->token.len &&
        (sasl->mechanism == FCT_MECHANISM_OAUTHBEARER || sasl->mechanism == FCT_MECHANISM_XOAUTH2);

    if (sasl->done && !oauth_error)
        return refuse(sasl, "the relay asked for more than the mechanism provides");
    sasl->step++;
    switch (sasl->mechanism) {
    case FCT_MECHANISM_PLAIN:
        return plain(sasl, response);
    case FCT_MECHANISM_LOGIN:
        return login(sasl, response);
    case FCT_MECHANISM_CRAM_MD5:
        return cram_md5(sasl, challenge, response);
    case FCT_MECHANISM_OAUTHBEARER:
    case FCT_MECHANISM_XOAUTH2:
        return oauth(sasl, challenge, response);
    case FCT_MECHANISM_EXTERNAL:
        sasl->done = true;
        return fct_buf_add_text(response, *sasl->authzid ? sasl->authzid : sasl->username);
    default:
        return fct_scram_step(sasl, challenge, response);
    }
}

bool fct_sasl_may_succeed(const fct_sasl *sasl)
{
    return sasl->done;
}
