/* SPDX-License-Identifier: MIT */
/* Plain text in columns: 72 wide, amounts at the right, long lines folded at spaces. */
#ifndef FCT_LAYOUT_H
#define FCT_LAYOUT_H

#include "base/bytes.h"

#define FCT_LAYOUT_COLUMNS 72

/*
 * The columns of the text on a terminal: wide East Asian characters take two, combining marks none.
 */
size_t fct_layout_columns(fct_slice text);

/*
 * Append "left ......... right": `left` is folded into its own columns, `right` ends at the last
 * one.
 */
void fct_layout_row(fct_buf *out, fct_slice left, fct_slice right);

/*
 * Append `text` with its long lines folded at spaces.  The rest of a line is indented like its
 * start.
 */
void fct_layout_fold(fct_buf *out, fct_slice text);

#endif
