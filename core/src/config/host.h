/* SPDX-License-Identifier: MIT */
/* Names and addresses of hosts: their form, whether they are this machine, and what to call
 * ourselves. */
#ifndef FCT_HOST_H
#define FCT_HOST_H

#include "base/bytes.h"

/* localhost and the names below it (RFC 6761 section 6.3), 127.0.0.0/8, ::1; an address perhaps
 * with its zone. */
bool fct_host_is_loopback(fct_slice host);

/* A domain that may stand in EHLO and means something outside this machine: two labels, none
 * reserved. */
bool fct_host_is_public_name(fct_slice name);

/* What EHLO may carry: letters, digits and hyphens in labels, or an address literal in brackets. */
bool fct_host_is_helo(fct_slice text);

#endif
