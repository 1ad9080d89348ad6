/* SPDX-License-Identifier: MIT */
/* The relays that facteur knows by name: their hosts, their logins, their limits. */
#ifndef FCT_PRESET_H
#define FCT_PRESET_H

#include "base/bytes.h"
#include "smtp/session.h"

#include <stdint.h>

/* The form of the userinfo in the DSN. */
enum fct_preset_login {
    FCT_LOGIN_GIVEN, /* user:password */
    FCT_LOGIN_FIXED, /* the key alone; the user name is always the same */
    FCT_LOGIN_SAME   /* the key alone; it is both user name and password */
};

struct fct_preset {
    const char *name;
    const char *host;    /* "%s" is replaced by the region */
    const char *regions; /* "": none; "*": any, required; else "region=host …", not required */
    uint16_t port;
    enum fct_tls_plan tls;
    enum fct_preset_login login;
    const char *user;    /* with FCT_LOGIN_FIXED */
    const char *example; /* the DSN to write */
    unsigned idle_s;     /* the relay closes a connection idle a little longer; 0: the default */
    unsigned max_mails;  /* mails that it takes on one connection; 0: the default */
    const char *ports;   /* option ports, which begins with `port`; NULL: that port alone */
};

/* The preset of this name, or NULL. */
const struct fct_preset *fct_preset_find(fct_slice name);

/* The preset at an index from 0.  NULL after the last. */
const struct fct_preset *fct_preset_at(size_t index);

/*
 * Append the host for a region (an empty region: the default one).  Returns false when there is no
 * such region, or when one is required.
 */
bool fct_preset_host(const struct fct_preset *preset, fct_slice region, fct_buf *host);

/* Whether the name is a host of this preset, in whichever region. */
bool fct_preset_has_host(const struct fct_preset *preset, fct_slice name);

/* Append the names of the regions: "us, eu".  Nothing when it has none, or takes any. */
void fct_preset_add_regions(const struct fct_preset *preset, fct_buf *out);

#endif
