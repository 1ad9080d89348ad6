/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses of hosts: their form, whether they mean this machine, and the name that we
 * give in EHLO.
 */
#ifndef FCT_HOST_H
#define FCT_HOST_H

#include "base/bytes.h"

/*
 * Whether it is localhost or a name below it (RFC 6761 section 6.3), 127.0.0.0/8 or ::1.  An
 * address may have a zone.
 */
bool fct_host_is_loopback(fct_slice host);

/*
 * Whether a domain may be used in EHLO and is known outside this machine: two labels or more, none
 * reserved.
 */
bool fct_host_is_public_name(fct_slice name);

/*
 * Whether EHLO may carry the text: letters, digits and hyphens in labels, or an address literal in
 * brackets.
 */
bool fct_host_is_helo(fct_slice text);

#endif
