/* SPDX-License-Identifier: MIT */
/*
 * A mailer's whole configuration, read and settled: where the mail goes, under which policy.  Made
 * once, then only read, but for what the first send completes.
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
    fct_options options; /* for config/ alone: the others read what follows from them */
    uint64_t deadline_us;
    bool background; /* a thread of its own does the work */
    struct fct_bounds bounds;
    const char *default_from, *default_locale, *contact_to; /* NULL: not given */
    fct_group group;     /* in which order the members are tried */
    fct_member *members; /* at least one; several are all relays */
    unsigned member_count;
    fct_policy policy;
    fct_signer *signer;
    enum fct_target target;      /* with mode=capture: of the capture */
    const char *directory;       /* with FCT_TARGET_FILE */
    const char *directory_where; /* what named it: "dsn" or the option */
    char *name;                  /* of the DSN, without secrets */
    char *target_name;           /* of what takes the mail: the name, or the capture's */
} fct_plan;

/* The contract of facteur_mailer_new(); opens no file.  After an error there is nothing to free. */
int fct_plan_init(fct_plan *plan, const char *dsn, const char *const *names,
                  const char *const *values, size_t count, facteur_error **error);
void fct_plan_done(fct_plan *plan);

/* The relays that mails go to, in the order of the DSN; NULL past the last one. */
const fct_relay *fct_plan_relay(const fct_plan *plan, size_t index);

/* Whether both send the same mail the same way under the same policy; secrets in constant time. */
bool fct_plan_equal(const fct_plan *a, const fct_plan *b);

/*
 * What the first send completes: the password of password_file, the files that TLS needs, the EHLO
 * name. Not for several threads at once; once it was through, it does nothing.
 *
 * sender   The SMTP sender of the first mail, or "".
 *
 * FACTEUR_ECONFIG with the option as `where`, FACTEUR_ENOMEM: it may be called again.
 */
int fct_plan_complete(fct_plan *plan, const char *sender, facteur_error **error);

#endif
