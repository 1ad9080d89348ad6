/* SPDX-License-Identifier: MIT */
/* Media types: the one for a file name's ending, and the parameters of one. */
#ifndef FCT_MEDIA_H
#define FCT_MEDIA_H

#include "base/bytes.h"

/*
 * The media type for a file name's ending, static.  application/octet-stream for an unknown ending.
 */
const char *fct_media_type(fct_slice file_name);

/* The following take types that have passed FCT_TOKEN_MEDIA_TYPE. */

/* Whether "type/subtype; parameters" is of this type and subtype. */
bool fct_type_is(fct_slice type, fct_slice name);

/* Take the type, or the next parameter, off the front of `rest`.  Empty at the end. */
fct_slice fct_type_next(fct_slice *rest);

/*
 * A parameter's value, without the quotation marks around it.  Its ptr is NULL when there is none.
 */
fct_slice fct_type_parameter(fct_slice type, fct_slice name);

#endif
