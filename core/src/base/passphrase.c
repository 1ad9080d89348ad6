/* SPDX-License-Identifier: MIT */
#include "base/passphrase.h"

#include <string.h>

int fct_passphrase_give(char *out, int size, int writing, void *user)
{
    struct fct_passphrase *passphrase = user;
    fct_slice bytes;

    (void)writing;
    passphrase->asked = true;
    if (!passphrase->secret)
        return -1;
    bytes = fct_secret_bytes(passphrase->secret);
    if (bytes.len > (size_t)size)
        return -1;
    memcpy(out, bytes.ptr, bytes.len);
    return (int)bytes.len;
}
