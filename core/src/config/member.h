/* SPDX-License-Identifier: MIT */
/*
 * One of the DSNs of a mailer, read and settled with its options: a relay with its account, or a
 * place that takes mail without a network.
 */
#ifndef FCT_MEMBER_H
#define FCT_MEMBER_H

#include "config/dsn.h"
#include "config/login.h"
#include "config/bearer.h"
#include "pool/relay.h"

/* Limits for a relay, whatever its pool could take. */
struct fct_lane_config {
    unsigned breaker_failures; /* 0: never */
    uint64_t breaker_pause_us;
    double max_rate; /* mails a second; 0: no limit */
};

typedef struct fct_member {
    fct_options options; /* for config/ only: other rooms read the settled values */
    fct_dsn dsn;
    fct_relay relay; /* if there is one */
    struct fct_lane_config lane;
    unsigned window;                      /* mails that may be in flight on its connections */
    bool asks_caller;                     /* a function of the caller gives the token */
    char *name;                           /* without secrets */
    bool ready;                           /* fct_member_complete() succeeded */
    struct fct_login_stamp password_file; /* as it was when we read it */
    bool key_is_name;                     /* the secret in the file is also the user name */
    fct_bearer *tokens;                   /* NULL: relay.session.token is the configured one */
} fct_member;

/*
 * Read `part` of the text `whole` over a copy of `base`.  Errors give positions in `whole`.  Opens
 * no file.  Returns 0, FACTEUR_ECONFIG or FACTEUR_ENOMEM.  After an error there is nothing to free.
 */
int fct_member_init(fct_member *member, const fct_options *base, const char *whole, fct_slice part,
                    facteur_error **error);
void fct_member_done(fct_member *member);

bool fct_member_has_relay(const fct_member *member);

/* Whether both send in the same way.  Secrets are compared in constant time. */
bool fct_member_equal(const fct_member *a, const fct_member *b);

/* The contract of fct_plan_complete(), for one member. */
int fct_member_complete(fct_member *member, const char *sender, facteur_error **error);

/*
 * Called in the loop's thread before a mail is given to the relay.  If password_file now has
 * another password, it becomes a new generation of the credential.  A file that cannot be read,
 * perhaps because it is being written, changes nothing.  Returns whether there is a new generation.
 */
bool fct_member_renew(fct_member *member);

#endif
