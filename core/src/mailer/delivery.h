/* SPDX-License-Identifier: MIT */
/* A mail between its submission and its receipt. */
#ifndef FCT_DELIVERY_H
#define FCT_DELIVERY_H

#include "mailer/driver.h"

#include <stdatomic.h>

struct facteur_delivery {
    struct fct_errand errand; /* without a driver: finished from the start */
    facteur_receipt *receipt; /* NULL once it was handed out */
    int untried;              /* the error of a mail for which no connection was tried, else 0 */
    bool letter;              /* FACTEUR_LETTER */
    atomic_uint refs;         /* the caller's, and the driver's while it is under way */
};

#endif
