/* SPDX-License-Identifier: MIT */
/*
 * Content ids of inline parts and the "cid:" URLs that name them (RFC 2392).  An id may be any file
 * name.  On the wire it has only characters that stand for themselves in the header field and in a
 * URL, because not every mail program decodes the URL before it looks for the part.
 */
#ifndef FCT_CONTENT_ID_H
#define FCT_CONTENT_ID_H

#include "base/bytes.h"
#include "facteur.h"

/* Whether the id stands for itself in the field and in a URL. */
bool fct_content_id_is_plain(fct_slice id);

/* Append the id as it is on the wire: any other byte becomes "=" and two hexadecimal digits. */
void fct_content_id_add(fct_buf *out, fct_slice id);

/*
 * Find the next "cid:" of `html` from `at` on.  Returns the offset behind it, or html.len.
 */
size_t fct_content_id_next(fct_slice html, size_t at);

/*
 * The length of the reference to `id` at offset `at` of `html`: the id, whose characters may be
 * percent-encoded or character references, and then what ends a URL there.  0: another reference.
 */
size_t fct_content_id_match(fct_slice html, size_t at, fct_slice id);

#endif
