/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdint.h>

bool fct_digest(fct_slice bytes, unsigned char digest[FCT_DIGEST_SIZE])
{
    return EVP_Digest(bytes.ptr, bytes.len, digest, NULL, EVP_sha256(), NULL) == 1;
}

static bool add(EVP_MD_CTX *context, const fct_slice *part)
{
    uint64_t len = part->len;

    /* With the lengths, "ab" and "c" are not "a" and "bc". */
    return EVP_DigestUpdate(context, &len, sizeof len) == 1 &&
           EVP_DigestUpdate(context, part->ptr, part->len) == 1;
}

bool fct_digest_text(const fct_slice *parts, size_t count, char text[FCT_DIGEST_TEXT])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; good && i < count; i++)
        good = add(context, &parts[i]);
    good = good && EVP_DigestFinal_ex(context, digest, &len) == 1;
    EVP_MD_CTX_free(context);
    if (good)
        *fct_hex(text, digest, len) = '\0';
    return good;
}
