/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

struct fct_secret {
    atomic_uint refs;
    size_t len;
    char bytes[];
};

fct_secret *fct_secret_new(const char *bytes, size_t len)
{
    fct_secret *secret = fct_malloc(sizeof *secret + len + 1);

    if (!secret)
        return NULL;
    atomic_init(&secret->refs, 1);
    secret->len = len;
    if (len)
        memcpy(secret->bytes, bytes, len);
    secret->bytes[len] = '\0';
    return secret;
}

fct_secret *fct_secret_ref(fct_secret *secret)
{
    if (secret)
        atomic_fetch_add(&secret->refs, 1);
    return secret;
}

void fct_secret_unref(fct_secret *secret)
{
    if (!secret || atomic_fetch_sub(&secret->refs, 1) != 1)
        return;
    fct_wipe(secret->bytes, secret->len);
    fct_free(secret);
}

fct_slice fct_secret_bytes(const fct_secret *secret)
{
    return secret ? (fct_slice){secret->bytes, secret->len} : (fct_slice){"", 0};
}

bool fct_secret_equal(const fct_secret *a, const fct_secret *b)
{
    if (!a || !b)
        return a == b;
    return a->len == b->len && CRYPTO_memcmp(a->bytes, b->bytes, a->len) == 0;
}
