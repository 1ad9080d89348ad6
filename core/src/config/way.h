/* SPDX-License-Identifier: MIT */
/* How a relay is reached: the proxy, the ports, the address to go out by. */
#ifndef FCT_WAY_H
#define FCT_WAY_H

#include "config/dsn.h"
#include "pool/relay.h"

/*
 * Read proxy, local_address and address_family into the relay.  FACTEUR_ECONFIG, FACTEUR_ENOMEM:
 * the relay may have a part of them.
 */
int fct_way_settle(const fct_options *options, const fct_dsn *dsn, fct_relay *relay,
                   facteur_error **error);

/*
 * Read ports into the relay once option tls is settled.  With ports that option becomes the plan of
 * the first one, and relay->session.tls that of those which do not begin with TLS.
 */
int fct_way_settle_ports(fct_options *options, const fct_dsn *dsn, fct_relay *relay,
                         facteur_error **error);

#endif
