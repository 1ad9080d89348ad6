/* SPDX-License-Identifier: MIT */
/*
 * Words that other mail libraries and programs have for options, for their values and for the
 * schemes of DSNs, and facteur's own words for the same.  For errors, and for docs/coming-from.md.
 */
#ifndef FCT_DIALECT_H
#define FCT_DIALECT_H

#include "base/bytes.h"

/*
 * What facteur calls an option that others call `name`, such as "deadline"; or NULL.  Upper and
 * lower case, "_", "-" and a prefix such as EMAIL_ do not count.
 */
const char *fct_dialect_option(const char *name, size_t len);

/* The value of `option` that others call `value`; or NULL. */
const char *fct_dialect_value(const char *option, fct_slice value);

/*
 * What to write in place of a DSN that begins with this scheme; or NULL.  "ses+smtp" and the like
 * are not here: dsn.c knows the presets.
 */
const char *fct_dialect_scheme(fct_slice scheme);

#endif
