/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include "facteur.h"

#include <errno.h>
#include <sys/random.h>

/* The kernel's generator and not OpenSSL's: it needs no care after fork(). */
int fct_random(void *bytes, size_t len)
{
    char *out = bytes;

    while (len) {
        ssize_t got = getrandom(out, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FACTEUR_EIO;
        out += got;
        len -= (size_t)got;
    }
    return 0;
}
