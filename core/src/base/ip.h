/* SPDX-License-Identifier: MIT */
/* IP addresses as text.  One reader for DSNs, mail addresses, options and sockets. */
#ifndef FCT_IP_H
#define FCT_IP_H

#include "base/bytes.h"

/* "192.0.2.1".  "010" is eight to some readers and ten to others, so it is no number here. */
bool fct_ip_v4(fct_slice text, unsigned char address[4]);

/* RFC 4291 section 2.2, without brackets and without a zone. */
bool fct_ip_v6(fct_slice text, unsigned char address[16]);

/* Cut "%eth0" (RFC 4007 section 11) off the end of an address.  The zone, empty without a "%". */
fct_slice fct_ip_cut_zone(fct_slice *text);

#endif
