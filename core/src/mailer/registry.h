/* SPDX-License-Identifier: MIT */
/*
 * The engines behind shared mailers, one for each configuration.  One without a handle stays for
 * the next caller who asks for its configuration.  It leaves when it was not used for some minutes,
 * or when there are too many such engines and it was used the longest ago.
 */
#ifndef FCT_REGISTRY_H
#define FCT_REGISTRY_H

#include "mailer/engine.h"

/*
 * The engine with this plan, which is taken over, also on failure.  It has one handle more, to be
 * given back with fct_registry_give().  NULL: no memory.
 */
fct_engine *fct_registry_take(fct_plan *plan);

/* A handle goes.  With the last one the engine waits for the next, and may leave. */
void fct_registry_give(fct_engine *engine);

/*
 * Close the engines whose time has come: QUIT, without a wait for its answer.  It costs a look at
 * the clock when there is none.  From any thread that is in no driver.
 */
void fct_registry_sweep(void);

/* The same with every engine that has no handle and no mail under way; whether there was one. */
bool fct_registry_empty(void);

#endif
