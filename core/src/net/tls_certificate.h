/* SPDX-License-Identifier: MIT */
/* What a certificate says, for people to read.  For net/tls*.c only. */
#ifndef FCT_TLS_CERTIFICATE_H
#define FCT_TLS_CERTIFICATE_H

#include "net/tls.h"

#include <openssl/x509.h>

/* False when memory ran out; there is nothing to free then. */
bool fct_tls_certificate_read(X509 *certificate, struct fct_tls_certificate *out);

#endif
