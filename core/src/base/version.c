/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "facteur.h"

const char *facteur_version(void)
{
    return FACTEUR_VERSION;
}

void facteur_free(void *bytes)
{
    fct_free(bytes);
}
