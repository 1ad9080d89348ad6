/* SPDX-License-Identifier: MIT */
/* A walk over the header fields of finished bytes. */
#ifndef FCT_FIELD_H
#define FCT_FIELD_H

#include "base/bytes.h"

/*
 * Take the next field, with its continuation lines and line ends, off `rest`, which must not be
 * empty.
 */
fct_slice fct_field_next(fct_slice *rest);

/* The field's name.  Empty when the field has no colon. */
fct_slice fct_field_name(fct_slice field);

#endif
