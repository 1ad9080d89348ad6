/* SPDX-License-Identifier: MIT */
/* Finds the relay's own id of a mail in the text of its last reply. */
#ifndef FCT_QUEUE_ID_H
#define FCT_QUEUE_ID_H

#include "base/bytes.h"

/*
 * Returns a part of `text` (the reply without its codes), or an empty slice when the text has no
 * known form.
 */
fct_slice fct_queue_id_find(fct_slice text);

#endif
