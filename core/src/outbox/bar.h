/* SPDX-License-Identifier: MIT */
/*
 * What bars mails: an address that no mail goes to (the suppression list), and a relay that gets
 * none until a time.
 */
#ifndef FCT_BAR_H
#define FCT_BAR_H

#include "facteur.h"

#include <stddef.h>
#include <stdint.h>

enum fct_bar_what { FCT_BAR_ADDRESS, FCT_BAR_RELAY };

struct fct_bar {
    char *name;       /* of fct_bar_address(); or the relay's name */
    int64_t until_us; /* 0: until somebody drops it */
    unsigned times;   /* how often it was set since it was dropped last */
    char *reason;
    int64_t mail_id; /* the row that was the reason; 0: none */
    int64_t created_us;
};

struct fct_bars {
    struct fct_bar *bars;
    size_t count, room;
};

/* "address", "relay" */
const char *fct_bar_word(enum fct_bar_what what);

/*
 * The name of an address's bar, fct_malloc'ed: its form on the wire in lower case, since hardly a
 * mailbox heeds the case.
 *
 * FACTEUR_EMESSAGE ("address"): it is none.  FACTEUR_ENOMEM.
 */
int fct_bar_address(const char *address, char **name, facteur_error **error);

/* A bar at the end, all empty; NULL when memory ran out. */
struct fct_bar *fct_bars_add(struct fct_bars *bars);
void fct_bars_done(struct fct_bars *bars);

#endif
