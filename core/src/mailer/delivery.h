/* SPDX-License-Identifier: MIT */
/* A mail between its submission and its receipt. */
#ifndef FCT_DELIVERY_H
#define FCT_DELIVERY_H

#include "drive/driver.h"
#include "mailer/engine.h"

#include <stdatomic.h>

struct facteur_delivery {
    struct fct_errand errand; /* without a driver: finished from the start */
    facteur_mailer *mailer;   /* whose callback gives its token; NULL: no relay takes it */
    facteur_receipt *receipt; /* NULL once it was handed out */
    int untried;              /* the error of a mail for which no connection was tried, else 0 */
    bool letter;              /* FACTEUR_LETTER */
    bool held;                /* prepared; its token is to be asked for first */
    bool asked;               /* its token was asked for: not once more */
    atomic_uint refs;         /* the caller's, and the driver's while it is under way */
};

#endif
