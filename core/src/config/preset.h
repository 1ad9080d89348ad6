/* SPDX-License-Identifier: MIT */
/* The relays that facteur knows by name: where they are, how one logs in, what they bear. */
#ifndef FCT_PRESET_H
#define FCT_PRESET_H

#include "base/bytes.h"
#include "smtp/session.h"

#include <stdint.h>

/* What stands in the userinfo of the DSN. */
enum fct_preset_login {
    FCT_LOGIN_GIVEN, /* user:password */
    FCT_LOGIN_FIXED, /* the key alone; the user name is always the same */
    FCT_LOGIN_SAME   /* the key alone; it is user name and password */
};

struct fct_preset {
    const char *name;
    const char *host;    /* "%s" stands for the region */
    const char *regions; /* "": none; "*": any, required; else "region=host …", none required */
    uint16_t port;
    enum fct_tls_plan tls;
    enum fct_preset_login login;
    const char *user;    /* with FCT_LOGIN_FIXED */
    const char *example; /* the DSN to write */
    unsigned idle_s;    /* the relay closes a connection idle for a little longer; 0: the default */
    unsigned max_mails; /* mails it takes on one connection; 0: the default */
};

/* NULL when there is none called so. */
const struct fct_preset *fct_preset_find(fct_slice name);

/* index from 0; NULL behind the last. */
const struct fct_preset *fct_preset_at(size_t index);

/*
 * The host for a region into `host` (an empty region: the default one).
 * False: no such region, or one is required.
 */
bool fct_preset_host(const struct fct_preset *preset, fct_slice region, fct_buf *host);

#endif
