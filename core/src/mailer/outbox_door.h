/* SPDX-License-Identifier: MIT */
/* The object behind facteur_outbox; facteur.h has the contract. */
#ifndef FCT_OUTBOX_DOOR_H
#define FCT_OUTBOX_DOOR_H

#include "outbox/store.h"

struct facteur_outbox {
    fct_store *store;
};

#endif
