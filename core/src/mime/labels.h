/* SPDX-License-Identifier: MIT */
/* Tags and metadata of a mail: the application's own words, for the relay's statistics and
 * webhooks. */
#ifndef FCT_LABELS_H
#define FCT_LABELS_H

#include "base/bytes.h"
#include "facteur.h"

/* All-zero is empty. */
typedef struct fct_labels {
    fct_buf text; /* name NUL value NUL, in the order of their setting; a tag has no name */
    size_t tag_count, metadata_count;
} fct_labels;

struct fct_label {
    const char *name; /* "" for a tag */
    const char *value;
};

void fct_labels_done(fct_labels *labels);
int fct_labels_copy(fct_labels *to, const fct_labels *from); /* 0 or FACTEUR_ENOMEM */

/*
 * Add a tag (an empty name), or a metadatum, whose name has been checked and stands once.
 *
 * field   The error's where.
 *
 * FACTEUR_EMESSAGE: a control character, no UTF-8, too long, too many, the name again.
 */
int fct_labels_add(fct_labels *labels, const char *field, fct_slice name, fct_slice value,
                   facteur_error **error);

/* Walk: `*at` begins at 0.  False at the end. */
bool fct_labels_next(const fct_labels *labels, size_t *at, struct fct_label *label);

#endif
