/* SPDX-License-Identifier: MIT */
/* TLS as a filter over memory BIOs: bytes in, bytes out, no socket.  Verification is on. */
#ifndef FCT_TLS_H
#define FCT_TLS_H

#include "base/bytes.h"
#include "facteur.h"

/* How the relay must prove itself; NULL strings mean "not set". */
struct fct_tls_config {
    const char *name;        /* the name or address the certificate must carry; default: the host */
    const char *ca_file;     /* PEM; default: the system's store */
    const char *pin_sha256;  /* base64 SHA-256 of the SPKI; several separated by commas */
    const char *client_cert; /* PEM files */
    const char *client_key;
    bool no_verify;          /* dangerous_no_verify */
};

#endif
