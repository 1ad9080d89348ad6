/* SPDX-License-Identifier: MIT */
/* The passphrase of an encrypted key, for OpenSSL: it must never ask for one at the terminal. */
#ifndef FCT_PASSPHRASE_H
#define FCT_PASSPHRASE_H

#include "base/secret.h"

struct fct_passphrase {
    const fct_secret *secret; /* NULL: there is none */
    bool asked;               /* the key is encrypted */
};

/* OpenSSL's pem_password_cb; `user` is the struct. */
int fct_passphrase_give(char *out, int size, int writing, void *user);

#endif
