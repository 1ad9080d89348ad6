/* SPDX-License-Identifier: MIT */
/* A composed letter: its subject and its two parts, before it becomes a message. */
#ifndef FCT_COMPOSED_H
#define FCT_COMPOSED_H

#include "letters/letter_kind.h"
#include "letters/letter.h"

/* core/schema/letter_options.json */
struct fct_letter_options {
    struct fct_series to, reply_to; /* fct_slice */
    fct_slice from, locale, subject, message_id, date, key;
    const json_t *words; /* own_words.h; NULL: not given */
};

extern const struct fct_shape fct_letter_options_shape;

struct fct_composed {
    void *data;        /* the struct of the kind's shape; it and its texts are in the arena */
    fct_slice subject; /* in the arena */
    fct_buf text;
    fct_buf html;
};

/*
 * Read and compose into the zeroed `composed`, which the caller frees also after an error.
 * `defaults` may be NULL.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE with the path as `where`.
 */
int fct_composed_make(struct fct_composed *composed, const struct fct_letter_kind *kind,
                      const struct fct_reading *reading, const json_t *json,
                      const struct fct_letter_options *options,
                      const struct fct_letter_defaults *defaults);
void fct_composed_done(struct fct_composed *composed);

/* The first of the three that is not empty. */
fct_slice fct_first_of(fct_slice a, fct_slice b, const char *c);

#endif
