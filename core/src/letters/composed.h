/* SPDX-License-Identifier: MIT */
/* A letter composed: its subject and its two parts, before it becomes a message. */
#ifndef FCT_COMPOSED_H
#define FCT_COMPOSED_H

#include "letters/contact.h"
#include "letters/letter.h"
#include "letters/order.h"

/* core/schema/letter_options.json */
struct fct_letter_options {
    struct fct_series to, reply_to; /* fct_slice */
    fct_slice from, locale, subject, message_id, date;
};

extern const struct fct_shape fct_letter_options_shape;

struct fct_composed {
    fct_slice subject; /* in the arena */
    fct_buf text;
    fct_buf html;
};

/*
 * Read and compose.  `order`, `form` are the zeroed structs to read into; `defaults` may be NULL.
 * FACTEUR_EMESSAGE with the path; FACTEUR_ENOMEM.  `composed` is to be freed in either case.
 */
int fct_order_compose(const struct fct_reading *reading, const json_t *json,
                      const struct fct_letter_options *options,
                      const struct fct_letter_defaults *defaults, struct fct_order *order,
                      struct fct_composed *composed);
int fct_contact_compose(const struct fct_reading *reading, const json_t *json,
                        const struct fct_letter_options *options,
                        const struct fct_letter_defaults *defaults, struct fct_contact *form,
                        struct fct_composed *composed);
void fct_composed_done(struct fct_composed *composed);

/* Whether the name is only a name: a link or an address in it would be shown as one by mail
 * clients. */
bool fct_is_plain_name(fct_slice name);

/* The first of the three that says something. */
fct_slice fct_first_of(fct_slice a, fct_slice b, const char *c);

#endif
