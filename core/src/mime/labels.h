/* SPDX-License-Identifier: MIT */
/* Tags and metadata of a mail: the application's own words, for the relay's statistics and
 * webhooks. */
#ifndef FCT_LABELS_H
#define FCT_LABELS_H

#include "base/bytes.h"
#include "facteur.h"

/* All-zero is empty. */
typedef struct fct_labels {
    fct_buf text; /* name NUL value NUL, in the order they were set; a tag's name is empty */
    size_t tag_count, metadata_count;
} fct_labels;

struct fct_label {
    const char *name; /* "" for a tag */
    const char *value;
};

void fct_labels_done(fct_labels *labels);
int fct_labels_copy(fct_labels *to, const fct_labels *from); /* 0 or FACTEUR_ENOMEM */

/*
 * Add a tag (its name is empty) or a metadatum.  The caller has checked a metadatum's name.
 *
 * field   The `where` of an error.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE when the value has a control character, is not
 * UTF-8 or is too long, when there are too many labels, or when the name is there already.
 */
int fct_labels_add(fct_labels *labels, const char *field, fct_slice name, fct_slice value,
                   facteur_error **error);

/* The next label.  `*at` begins at 0.  Returns false at the end. */
bool fct_labels_next(const fct_labels *labels, size_t *at, struct fct_label *label);

#endif
