/* SPDX-License-Identifier: MIT */
/* Any text as a DSN: it is read or refused with a reason, and two readings agree. */
#include "base/memory.h"
#include "config/plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_printable(const char *text)
{
    for (; *text; text++)
        must((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *dsn = fct_strndup((const char *)data, size);
    facteur_error *error = NULL;
    fct_plan plan, again;
    int err;

    must(dsn != NULL);
    err = fct_plan_init(&plan, *dsn ? dsn : "null://", NULL, NULL, 0, &error);
    must(err == 0 || err == FACTEUR_ECONFIG);
    must((err != 0) == (error != NULL));
    if (err) {
        check_printable(facteur_error_message(error));
        facteur_error_free(error);
    } else {
        check_printable(plan.name);
        must((plan.target == FCT_TARGET_RELAY) <=
             (plan.members[0].relay.host || plan.members[0].relay.unix_path));
        must(fct_plan_init(&again, *dsn ? dsn : "null://", NULL, NULL, 0, NULL) == 0);
        must(fct_plan_equal(&plan, &again));
        fct_plan_done(&again);
        fct_plan_done(&plan);
    }
    fct_free(dsn);
    return 0;
}
