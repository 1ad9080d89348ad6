/* SPDX-License-Identifier: MIT */
/*
 * One DSN among those of a mailer, read and settled with its options: a relay with its account, or
 * one of the places that take mail without a network.
 */
#ifndef FCT_MEMBER_H
#define FCT_MEMBER_H

#include "config/dsn.h"
#include "config/login.h"
#include "config/bearer.h"
#include "pool/relay.h"

/* What the relay gets, whatever its pool could bear. */
struct fct_lane_config {
    unsigned breaker_failures; /* 0: never */
    uint64_t breaker_pause_us;
    double max_rate; /* mails a second; 0: no limit */
};

typedef struct fct_member {
    fct_options options; /* for config/ alone: the others read what follows from them */
    fct_dsn dsn;
    fct_relay relay; /* where there is one */
    struct fct_lane_config lane;
    unsigned window;                      /* mails that its connections bear in flight */
    bool asks_caller;                     /* the token comes from the caller's function */
    char *name;                           /* without secrets */
    bool ready;                           /* fct_member_complete() was through */
    struct fct_login_stamp password_file; /* as it was when it was read */
    bool key_is_name;                     /* what the file holds is the user name, too */
    fct_bearer *tokens;                   /* or NULL: relay.session.token is as it was configured */
} fct_member;

/*
 * Read `part` of the text `whole`, in which positions are told, over a copy of `base`.  Opens no
 * file.  FACTEUR_ECONFIG, FACTEUR_ENOMEM: there is nothing to free.
 */
int fct_member_init(fct_member *member, const fct_options *base, const char *whole, fct_slice part,
                    facteur_error **error);
void fct_member_done(fct_member *member);

bool fct_member_has_relay(const fct_member *member);

/* Whether both send the same way; secrets in constant time. */
bool fct_member_equal(const fct_member *a, const fct_member *b);

/* The contract of fct_plan_complete(), for one. */
int fct_member_complete(fct_member *member, const char *sender, facteur_error **error);

/*
 * In the loop's thread, before a mail is given to the relay: a password_file that holds another
 * password by now makes a new generation of the credential.  One that cannot be read, as when it is
 * just being written, leaves all as it is.  Whether there is a new generation.
 */
bool fct_member_renew(fct_member *member);

#endif
