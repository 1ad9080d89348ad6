/* SPDX-License-Identifier: MIT */
/* Walking over the header fields of finished bytes. */
#ifndef FCT_FIELD_H
#define FCT_FIELD_H

#include "base/bytes.h"

/* The next field with its continuation lines and line ends, taken off `rest`, which is not empty.
 */
fct_slice fct_field_next(fct_slice *rest);

/* Its name; empty without a colon. */
fct_slice fct_field_name(fct_slice field);

#endif
