/* SPDX-License-Identifier: MIT */
/* Plain text in columns: 72 wide, amounts at the right, long lines folded at spaces. */
#ifndef FCT_LAYOUT_H
#define FCT_LAYOUT_H

#include "base/bytes.h"

#define FCT_LAYOUT_COLUMNS 72

/* The columns that a terminal gives the text: wide East Asian characters take two, marks none. */
size_t fct_layout_columns(fct_slice text);

/* "left ......... right": `left` folded into its own columns, `right` ending at the last one. */
void fct_layout_row(fct_buf *out, fct_slice left, fct_slice right);

/* Append `text` with its long lines folded at spaces, the rest of a line as far in as its start. */
void fct_layout_fold(fct_buf *out, fct_slice text);

#endif
