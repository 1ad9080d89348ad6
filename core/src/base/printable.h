/* SPDX-License-Identifier: MIT */
/* Texts of peers and users as they may stand in errors, notes, terminals and logs. */
#ifndef FCT_PRINTABLE_H
#define FCT_PRINTABLE_H

#include "base/bytes.h"

/*
 * Append a text in one line.  Control characters are shown as \xNN, those that break a line or turn
 * its direction round as \uNNNN, and bytes that are not UTF-8 as "?".
 */
void fct_printable_add(fct_buf *out, fct_slice text);

#endif
