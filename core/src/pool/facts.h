/* SPDX-License-Identifier: MIT */
/* What check() learns of a connection.  For pool/ only; pool.h has the struct. */
#ifndef FCT_FACTS_H
#define FCT_FACTS_H

#include "pool/connection.h"

/*
 * Fill in what is known of the connection now, in place of what was there.  Texts for which memory
 * ran out stay NULL.
 */
void fct_check_fill(struct fct_check *check, const fct_connection *connection);

#endif
