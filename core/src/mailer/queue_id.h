/* SPDX-License-Identifier: MIT */
/* The relay's own id of a mail, found in the text of its last reply. */
#ifndef FCT_QUEUE_ID_H
#define FCT_QUEUE_ID_H

#include "base/bytes.h"

/* A part of `text` (the reply without its codes), or empty where no known form is met. */
fct_slice fct_queue_id_find(fct_slice text);

#endif
