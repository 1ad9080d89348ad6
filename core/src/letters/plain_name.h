/* SPDX-License-Identifier: MIT */
/*
 * Strangers choose their own names.  One with a link must not be sent by the site: in a header
 * field or a greeting it would be the sender's words.
 */
#ifndef FCT_PLAIN_NAME_H
#define FCT_PLAIN_NAME_H

#include "base/bytes.h"

/*
 * NULL when the name is only a name.  Else why not, as the end of a sentence that begins with the
 * field: it has something that mail programs show as a link or an address, in any script, also when
 * it is written so that only people read it as one ("evil[.]com", "http:// evil . com"), or it is
 * too long for a name.
 */
const char *fct_plain_name_fault(fct_slice name);

#endif
