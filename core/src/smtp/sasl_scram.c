/* SPDX-License-Identifier: MIT */
/*
 * SCRAM-SHA-1, SCRAM-SHA-256 and SCRAM-SHA-512, with and without channel binding (RFC 5802, RFC
 * 7677, RFC 9266).
 * The server, which may be hostile, chooses salt, nonce and iteration count.  Each is checked
 * before the costly derivation; the server's own proof is checked before its 235 is believed.
 */
#include "smtp/sasl.h"

#include "base/base64.h"
#include "base/memory.h"
#include "smtp/saslprep.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define NONCE_LEN 18u
#define SALT_MAX 1024u

static const EVP_MD *hash_of(const fct_sasl *sasl)
{
    switch (sasl->mechanism) {
    case FCT_MECHANISM_SCRAM_SHA_512:
    case FCT_MECHANISM_SCRAM_SHA_512_PLUS:
        return EVP_sha512();
    case FCT_MECHANISM_SCRAM_SHA_1:
    case FCT_MECHANISM_SCRAM_SHA_1_PLUS:
        return EVP_sha1();
    default:
        return EVP_sha256();
    }
}

static int refuse(fct_sasl *sasl, const char *problem)
{
    sasl->problem = problem;
    return FACTEUR_EAUTH;
}

static int add_base64(fct_buf *out, const void *bytes, size_t len)
{
    if (fct_buf_reserve(out, FCT_BASE64_LEN(len)))
        return FACTEUR_ENOMEM;
    out->len += fct_base64_encode(out->ptr + out->len, bytes, len);
    out->ptr[out->len] = '\0';
    return 0;
}

static void add_gs2_header(const fct_sasl *sasl, fct_buf *out)
{
    if (sasl->binding_name)
        fct_buf_addf(out, "p=%s,", sasl->binding_name);
    else
        fct_buf_add_text(out, sasl->binding_unoffered ? "y," : "n,");
    fct_sasl_add_authzid(out, sasl->authzid);
}

/*
 * Normalize() of RFC 5802 section 2.2.  A password that cannot be prepared is used as it is,
 * because a server that has stored such a password did the same.
 */
static int normalize(fct_slice text, fct_buf *out)
{
    int result = fct_saslprep(out, text);

    return result == 0 || result == FACTEUR_ENOMEM ? result : fct_buf_add_slice(out, text);
}

static int client_first(fct_sasl *sasl, fct_buf *out)
{
    fct_buf *first = &sasl->first, name = {0};
    int result = normalize(fct_slice_of(sasl->username), &name);

    fct_buf_add_text(first, "n=");
    fct_sasl_add_name(first, (fct_slice){name.ptr, name.len});
    fct_buf_done(&name);
    if (result)
        return result;
    fct_buf_add_text(first, ",r=");
    add_base64(first, sasl->nonce, NONCE_LEN);
    add_gs2_header(sasl, out);
    fct_buf_add(out, first->ptr, first->len);
    return first->failed || out->failed ? FACTEUR_ENOMEM : 0;
}

/* Take the value of the attribute that must come next ("r=…"), with its comma, off the message. */
static bool attribute(fct_slice *message, char name, fct_slice *value)
{
    const char *comma;

    if (message->len < 2 || message->ptr[0] != name || message->ptr[1] != '=')
        return false;
    comma = memchr(message->ptr, ',', message->len);
    *value = (fct_slice){message->ptr + 2,
                         comma ? (size_t)(comma - message->ptr) - 2 : message->len - 2};
    message->ptr = comma ? comma + 1 : message->ptr + message->len;
    message->len = comma ? message->len - value->len - 3 : 0;
    return true;
}

static bool iterations_of(fct_slice text, int *iterations)
{
    int value = 0;

    if (text.len > 7)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!fct_is_digit(text.ptr[i]))
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    *iterations = value;
    return value >= FCT_SCRAM_ITERATIONS_MIN && value <= FCT_SCRAM_ITERATIONS_MAX;
}

static bool hmac(const EVP_MD *hash, const unsigned char *key, fct_slice text, unsigned char *out)
{
    unsigned len = 0;

    return HMAC(hash, key, EVP_MD_get_size(hash), (const unsigned char *)text.ptr, text.len, out,
                &len) != NULL;
}

/*
 * Make the ClientProof, and the ServerSignature that the server must send later (RFC 5802 section
 * 3).
 */
static bool prove(fct_sasl *sasl, fct_slice password, fct_slice salt, int iterations,
                  unsigned char *proof)
{
    const EVP_MD *hash = hash_of(sasl);
    int size = EVP_MD_get_size(hash);
    fct_slice auth = {sasl->first.ptr, sasl->first.len};
    struct {
        unsigned char salted[EVP_MAX_MD_SIZE], client[EVP_MAX_MD_SIZE], stored[EVP_MAX_MD_SIZE];
        unsigned char server[EVP_MAX_MD_SIZE];
    } key;
    bool ok;

    ok = password.len <= INT32_MAX &&
         PKCS5_PBKDF2_HMAC(password.ptr ? password.ptr : "", (int)password.len,
                           (const unsigned char *)salt.ptr, (int)salt.len, iterations, hash, size,
                           key.salted) == 1 &&
         hmac(hash, key.salted, FCT_SLICE("Client Key"), key.client) &&
         EVP_Digest(key.client, (size_t)size, key.stored, NULL, hash, NULL) == 1 &&
         hmac(hash, key.stored, auth, proof) &&
         hmac(hash, key.salted, FCT_SLICE("Server Key"), key.server) &&
         hmac(hash, key.server, auth, sasl->server_key);
    for (int i = 0; ok && i < size; i++)
        proof[i] ^= key.client[i];
    fct_wipe(&key, sizeof(key));
    return ok;
}

/* The client-final-message without its proof. */
static int add_final(const fct_sasl *sasl, fct_slice nonce, fct_buf *out)
{
    fct_buf binding = {0};
    int result;

    add_gs2_header(sasl, &binding);
    fct_buf_add_slice(&binding, sasl->binding);
    fct_buf_add_text(out, "c=");
    result = binding.failed ? FACTEUR_ENOMEM : add_base64(out, binding.ptr, binding.len);
    fct_buf_done(&binding);
    fct_buf_add_text(out, ",r=");
    fct_buf_add_slice(out, nonce);
    return result ? result : out->failed ? FACTEUR_ENOMEM : 0;
}

static int check_nonce(fct_sasl *sasl, fct_slice nonce)
{
    char mine[FCT_BASE64_LEN(NONCE_LEN)];
    size_t len = fct_base64_encode(mine, sasl->nonce, NONCE_LEN);

    if (nonce.len <= len || memcmp(nonce.ptr, mine, len) != 0)
        return refuse(sasl, "the relay's SCRAM nonce does not continue ours");
    for (size_t i = 0; i < nonce.len; i++) {
        if (nonce.ptr[i] < 0x21 || nonce.ptr[i] > 0x7e)
            return refuse(sasl, "the relay's SCRAM nonce is not printable");
    }
    return 0;
}

static int prove_password(fct_sasl *sasl, fct_slice salt, int iterations, unsigned char *proof)
{
    fct_buf password = {0};
    int result = normalize(sasl->password, &password);

    if (result == 0 &&
        !prove(sasl, (fct_slice){password.ptr, password.len}, salt, iterations, proof))
        result = refuse(sasl, "this OpenSSL does not provide the hash that the mechanism needs");
    fct_buf_wipe(&password);
    return result;
}

static int client_final(fct_sasl *sasl, fct_slice challenge, fct_buf *out)
{
    fct_slice rest = challenge, nonce, salt64, count;
    unsigned char proof[EVP_MAX_MD_SIZE];
    fct_buf salt = {.max = SALT_MAX};
    size_t start = out->len;
    int iterations = 0, result;

    if (!attribute(&rest, 'r', &nonce) || !attribute(&rest, 's', &salt64) ||
        !attribute(&rest, 'i', &count))
        return refuse(sasl, "the relay's SCRAM message lacks nonce, salt or iteration count");
    result = check_nonce(sasl, nonce);
    if (result)
        return result;
    if (!iterations_of(count, &iterations))
        return refuse(sasl, "the relay's SCRAM iteration count is not between 4096 and 1000000");
    result = fct_base64_decode(&salt, salt64);
    if (result == FACTEUR_EPROTOCOL || (result == 0 && salt.len == 0))
        result = refuse(sasl, "the relay's SCRAM salt is empty or not base64");
    if (result == 0)
        result = add_final(sasl, nonce, out);
    if (result == 0) {
        fct_buf_add_char(&sasl->first, ',');
        fct_buf_add_slice(&sasl->first, challenge);
        fct_buf_add_char(&sasl->first, ',');
        fct_buf_add(&sasl->first, out->ptr + start, out->len - start);
        result = sasl->first.failed ? FACTEUR_ENOMEM : 0;
    }
    if (result == 0)
        result = prove_password(sasl, (fct_slice){salt.ptr, salt.len}, iterations, proof);
    fct_buf_done(&salt);
    if (result)
        return result;
    fct_buf_add_text(out, ",p=");
    return add_base64(out, proof, (size_t)EVP_MD_get_size(hash_of(sasl)));
}

static int check_server(fct_sasl *sasl, fct_slice challenge)
{
    size_t size = (size_t)EVP_MD_get_size(hash_of(sasl));
    fct_buf signature = {.max = EVP_MAX_MD_SIZE};
    fct_slice value;
    int result;

    if (challenge.len && challenge.ptr[0] == 'e')
        return refuse(sasl, "the relay refused the SCRAM proof: wrong user name or password");
    if (!attribute(&challenge, 'v', &value) || value.len > FCT_BASE64_LEN(EVP_MAX_MD_SIZE))
        return refuse(sasl, "the relay did not prove that it knows the password");
    result = fct_base64_decode(&signature, value);
    if (result == FACTEUR_EPROTOCOL)
        result = refuse(sasl, "the relay's SCRAM signature is not base64");
    else if (result == 0 &&
             (signature.len != size || CRYPTO_memcmp(signature.ptr, sasl->server_key, size) != 0))
        result =
            refuse(sasl, "the relay's SCRAM signature is wrong: it does not know the password");
    fct_buf_done(&signature);
    sasl->done = result == 0;
    return result;
}

int fct_scram_step(fct_sasl *sasl, fct_slice challenge, fct_buf *response)
{
    if (sasl->step == 1)
        return client_first(sasl, response);
    if (sasl->step == 2)
        return client_final(sasl, challenge, response);
    return check_server(sasl, challenge);
}
