/* SPDX-License-Identifier: MIT */
/*
 * The relays of a worker that get no mail for a while: they refuse the site (its SPF, DKIM, DMARC
 * or address), which no other try of a mail can change.  The bars are in the outbox, so that all
 * workers keep them and one of them tells of it.  Also how often each asked for fewer mails.
 */
#ifndef FCT_PAUSE_H
#define FCT_PAUSE_H

#include "config/plan.h"
#include "outbox/store.h"

#define FCT_PAUSE_FIRST_US INT64_C(300000000)
#define FCT_PAUSE_MOST_US INT64_C(7200000000)

struct fct_pause {
    int64_t until_us;   /* no mail before; 0: none was refused since the last one was taken */
    unsigned times;     /* pauses in a row */
    unsigned throttled; /* mails in a row that it asked us to send later */
};

struct fct_pauses {
    const fct_plan *plan;
    struct fct_pause relays[FCT_MEMBERS_MAX + 1]; /* the last: of a mail that had none */
};

/* Read the bars.  It only reads. */
int fct_pauses_read(struct fct_pauses *pauses, fct_store *store, facteur_error **error);

/* Bits of the relays that may not get a mail now. */
uint32_t fct_pauses_closed(const struct fct_pauses *pauses, int64_t now_us);
uint32_t fct_pauses_all(const struct fct_pauses *pauses);

/*
 * How many mails may be tried now: none while all relays are paused, one while each is paused or
 * was just before, so that one mail shows whether it takes mails again; else `most`.
 */
unsigned fct_pauses_allow(const struct fct_pauses *pauses, int64_t now_us, unsigned most);

/*
 * A relay refused the site.  In a transaction.
 *
 * reason   What it said.
 * first    Whether nobody knew it yet.
 * next_us  When another try makes sense: at once, if another relay may take the mail.
 */
int fct_pauses_refused(struct fct_pauses *pauses, unsigned relay, fct_store *store,
                       const char *reason, int64_t mail_id, int64_t now_us, uint32_t random,
                       bool *first, int64_t *next_us, facteur_error **error);

/* A relay took a mail.  In a transaction if it was paused before (`until_us`). */
int fct_pauses_taken(struct fct_pauses *pauses, unsigned relay, fct_store *store,
                     facteur_error **error);

/* The sentence that tells of a pause; NULL when memory ran out. */
facteur_error *fct_pauses_alarm(const struct fct_pauses *pauses, unsigned relay,
                                const char *reason);

#endif
