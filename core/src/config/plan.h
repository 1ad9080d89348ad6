/* SPDX-License-Identifier: MIT */
/*
 * A mailer's whole configuration, read and settled: where the mail goes, and under which policy.
 * It is made once and then only read, except for the values that the first send completes.
 */
#ifndef FCT_PLAN_H
#define FCT_PLAN_H

#include "config/group.h"
#include "config/member.h"
#include "config/policy.h"
#include "config/signer.h"
#include "mime/bounds.h"

enum fct_target { FCT_TARGET_RELAY, FCT_TARGET_FILE, FCT_TARGET_MEMORY, FCT_TARGET_NULL };

typedef struct fct_plan {
    fct_options options; /* for config/ only: other rooms read the settled values */
    uint64_t deadline_us;
    bool background; /* a thread of the mailer does the work */
    struct fct_bounds bounds;
    const char *default_from, *default_locale, *contact_to; /* NULL: not given */
    unsigned syslog;                                        /* of FCT_SYSLOG_WORDS; 0: no */
    const char *logfile;                                    /* NULL: none */
    bool bounces;                                           /* sendmail_bounce */
    const fct_secret *outbox;                               /* its address, or NULL */
    bool hold_doubts;                                       /* in_doubt=hold */
    fct_group group;     /* the order in which members are tried */
    fct_member *members; /* at least one; several are all relays */
    unsigned member_count;
    fct_policy policy;
    fct_signer *signer;
    const char *dsn_source;      /* as facteur_path() tells it: "dsn", "FACTEUR_DSN", or: */
    const char *conf_source;     /* what named the configuration file */
    enum fct_target target;      /* with mode=capture: the target of the capture */
    const char *directory;       /* with FCT_TARGET_FILE */
    const char *directory_where; /* its source: "dsn" or the option */
    char *name;                  /* of the DSN, without secrets */
    char *target_name;           /* the name of what takes the mail: `name`, or the capture's */
} fct_plan;

/*
 * The contract of facteur_mailer_new().  Opens no file but the configuration's.  After an error
 * there is nothing to free.
 */
int fct_plan_init(fct_plan *plan, const char *dsn, const char *const *names,
                  const char *const *values, size_t count, facteur_error **error);
void fct_plan_done(fct_plan *plan);

/* The relays to which mails go, in the order of the DSN.  NULL past the last one. */
const fct_relay *fct_plan_relay(const fct_plan *plan, size_t index);

/*
 * Whether both send mails in the same way under the same policy.  Secrets are compared in constant
 * time.
 */
bool fct_plan_equal(const fct_plan *a, const fct_plan *b);

/*
 * Complete the plan at the first send: read password_file and the files that TLS needs, and choose
 * the EHLO name.  One thread at a time may call it.  After it has succeeded, it does nothing.
 *
 * sender   The SMTP sender of the first mail, or "".
 *
 * Returns 0, FACTEUR_ECONFIG with the option as `where`, or FACTEUR_ENOMEM.  After an error it may
 * be called again.
 */
int fct_plan_complete(fct_plan *plan, const char *sender, facteur_error **error);

#endif
